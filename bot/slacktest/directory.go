package slacktest

import (
	"slices"
	"strings"
	"time"
)

// User is a person, or a bot, as users.info tells of them.
type User struct {
	ID, Team, Name, RealName, TZ string
	// Deleted is a deactivated account, Restricted a guest, UltraRestricted a
	// single-channel guest. Stranger is somebody of another organisation who
	// is here by Slack Connect: give them a Team of their own.
	Deleted, Bot, Restricted, UltraRestricted, Stranger bool
	// Grid is set for who is in an Enterprise Grid.
	Grid *Grid
}

// Channel is a conversation.
type Channel struct {
	ID, Name string
	// Members are user ids. The bot is a member if and only if BotMember.
	Members   []string
	BotMember bool
	Archived  bool
	// Private channels look like no channel at all to who is not in them.
	Private bool
}

// UserGroup is what people ping as @handle.
type UserGroup struct {
	ID, Handle, Name string
	Members          []string
	Disabled         bool
}

// AddUser adds or replaces a person. Team defaults to the workspace's, the
// time zone to UTC.
func (s *Server) AddUser(u User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u.Team == "" {
		u.Team = s.team
	}
	if u.Name == "" {
		u.Name = strings.ToLower(u.ID)
	}
	if u.RealName == "" {
		u.RealName = u.Name
	}
	if u.TZ == "" {
		u.TZ = "Etc/UTC"
	}
	if u.Grid != nil {
		delete(s.users, u.Grid.ID) // it is the same person
	}
	s.users[u.ID] = u
	s.names = nil
	s.wake()
}

// AddChannel adds or replaces a channel.
func (s *Server) AddChannel(c Channel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Members = slices.DeleteFunc(slices.Clone(c.Members), func(id string) bool { return id == s.botUser })
	if c.BotMember {
		c.Members = append(c.Members, s.botUser)
	}
	s.channels[c.ID] = &c
	s.names = nil
	s.wake()
}

// DM is the id of the direct-message conversation between user and the bot.
func (s *Server) DM(user string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dm(user)
}

// dm opens the direct-message conversation. The caller holds mu.
func (s *Server) dm(user string) string {
	id := "D" + strings.TrimLeft(user, "UW")
	if s.channels[id] == nil {
		s.channels[id] = &Channel{ID: id, Name: "directmessage", Members: []string{user, s.botUser}, BotMember: true}
		s.names = nil
	}
	return id
}

func (c *Channel) has(user string) bool { return slices.Contains(c.Members, user) }

func (c *Channel) isDM() bool { return strings.HasPrefix(c.ID, "D") }

// SetUserGroup adds or replaces a user group, and tells the app by
// subteam_created, or by subteam_updated and subteam_members_changed.
// https://docs.slack.dev/reference/events/subteam_updated
// https://docs.slack.dev/reference/events/subteam_members_changed
func (s *Server) SetUserGroup(g UserGroup) {
	g.Members = slices.Clone(g.Members)
	s.mu.Lock()
	old, existed := s.groups[g.ID]
	before := s.groupTimes[g.ID]
	now := s.clock().Unix()
	s.groups[g.ID] = g
	s.names = nil
	s.groupTimes[g.ID] = now
	subteam := s.subteamJSON(g, true)
	s.wake()
	s.mu.Unlock()

	kind := "subteam_updated"
	if !existed {
		kind = "subteam_created"
	}
	s.sendEvent(object{"type": kind, "subteam": subteam, "event_ts": eventTS(now)})
	added, removed := difference(g.Members, old.Members), difference(old.Members, g.Members)
	if !existed || len(added)+len(removed) == 0 {
		return
	}
	s.sendEvent(object{
		"type": "subteam_members_changed", "subteam_id": g.ID, "team_id": s.team,
		"date_previous_update": before, "date_update": now,
		"added_users": added, "added_users_count": len(added),
		"removed_users": removed, "removed_users_count": len(removed),
		"event_ts": eventTS(now),
	})
}

func difference(a, b []string) []string {
	out := []string{}
	for _, x := range a {
		if !slices.Contains(b, x) {
			out = append(out, x)
		}
	}
	return out
}

// subteamJSON renders a group as usergroups.list and the events carry it. The
// caller holds mu. https://docs.slack.dev/reference/objects/usergroup-object
func (s *Server) subteamJSON(g UserGroup, users bool) object {
	at := s.groupTimes[g.ID]
	out := object{
		"id": g.ID, "team_id": s.team, "is_usergroup": true, "is_subteam": true, "is_external": false,
		"name": g.Name, "handle": g.Handle, "description": "",
		"date_create": at, "date_update": at, "date_delete": 0,
		"auto_type": nil, "auto_provision": false, "enterprise_subteam_id": "",
		"created_by": "U0ADMIN", "updated_by": "U0ADMIN", "deleted_by": nil,
		"prefs":      object{"channels": []string{}, "groups": []string{}},
		"user_count": len(g.Members), "channel_count": 0,
	}
	if g.Disabled {
		out["date_delete"] = at
		out["deleted_by"] = "U0ADMIN"
	}
	if users {
		out["users"] = append([]string{}, g.Members...)
	}
	return out
}

// userJSON renders a person as users.info does.
// https://docs.slack.dev/reference/objects/user-object
func (s *Server) userJSON(u User, now time.Time) object {
	offset, label := zoneOf(u.TZ, now)
	out := object{
		"id": u.ID, "team_id": u.Team, "name": u.Name, "deleted": u.Deleted, "real_name": u.RealName,
		"tz": u.TZ, "tz_label": label, "tz_offset": offset,
		"profile": object{
			"real_name": u.RealName, "display_name": u.Name, "team": u.Team,
			"real_name_normalized": u.RealName, "display_name_normalized": u.Name,
		},
		"is_admin": false, "is_owner": false, "is_primary_owner": false,
		"is_restricted": u.Restricted || u.UltraRestricted, "is_ultra_restricted": u.UltraRestricted,
		"is_bot": u.Bot, "is_app_user": false, "is_stranger": u.Stranger, "updated": 1700000000,
	}
	gridJSON(u, s.enterprise, out)
	return out
}

// ChangeUser replaces a person, such as by one who is Deleted or Restricted, and
// tells the app by user_change. https://docs.slack.dev/reference/events/user_change
func (s *Server) ChangeUser(u User) {
	s.AddUser(u)
	s.mu.Lock()
	now := s.clock()
	person := s.userJSON(s.users[u.ID], now)
	s.mu.Unlock()
	s.sendEvent(object{"type": "user_change", "user": person, "cache_ts": now.Unix(), "event_ts": eventTS(now.Unix())})
}
