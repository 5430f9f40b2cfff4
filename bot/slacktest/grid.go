package slacktest

import "strings"

// Grid is what an Enterprise Grid knows of a person, beyond one workspace.
// https://docs.slack.dev/reference/objects/user-object
type Grid struct {
	// ID is their other ID: W… where User.ID is U…, or the reverse. users.info
	// takes both; payloads carry User.ID, and mentions this one.
	ID string
	// Teams are the workspaces that they belong to.
	Teams []string
	// ActsIn is the workspace that commands, presses and messages name as theirs;
	// "" is User.Team.
	ActsIn string
	// Bare leaves every workspace out: of users.info, commands and presses.
	Bare bool
}

// WithEnterprise puts the workspace into an Enterprise Grid.
func WithEnterprise(id string) Option { return func(s *Server) { s.enterprise = id } }

// user finds a person by either of their IDs. The caller holds mu.
func (s *people) user(id string) (User, bool) {
	if u, ok := s.users[id]; ok {
		return u, true
	}
	for _, u := range s.users {
		if id != "" && u.Grid != nil && u.Grid.ID == id {
			return u, true
		}
	}
	return User{}, false
}

// actsIn is the workspace that payloads name as a person's; home is that of who
// is in no Grid. "" is left out.
func (u User) actsIn(home string) string {
	switch {
	case u.Grid == nil:
		return home
	case u.Grid.Bare:
		return ""
	case u.Grid.ActsIn != "":
		return u.Grid.ActsIn
	}
	return u.Team
}

// gridJSON adds what users.info says of a person in a Grid.
func gridJSON(u User, enterprise string, out object) {
	if u.Grid == nil {
		return
	}
	local, global := u.ID, u.Grid.ID
	if strings.HasPrefix(local, "W") && global != "" {
		local, global = global, local
	}
	if global == "" {
		global = local
	}
	out["id"] = local
	out["enterprise_user"] = object{
		"id": global, "enterprise_id": enterprise, "enterprise_name": "Example Corp",
		"is_admin": false, "is_owner": false, "is_primary_owner": false, "teams": append([]string{}, u.Grid.Teams...),
	}
	if u.Grid.Bare {
		delete(out, "team_id")
	}
}

// enterpriseJSON is the enterprise of a payload; null where there is none.
func (s *workspace) enterpriseJSON() any {
	if s.enterprise == "" {
		return nil
	}
	return object{"id": s.enterprise, "name": "Example Corp"}
}

func (s *workspace) enterpriseID() any {
	if s.enterprise == "" {
		return nil
	}
	return s.enterprise
}
