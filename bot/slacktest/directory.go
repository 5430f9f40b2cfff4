package slacktest

import (
	"fmt"
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

// people are who and what has a name: users, channels, groups.
type people struct {
	*workspace
	users      map[string]User
	listed     []string // sorted user ids, made when first needed
	names      *names   // made from users, channels and groups when first needed
	channels   map[string]*Channel
	groups     map[string]UserGroup
	groupTimes map[string]int64
}

// AddUser adds or replaces a person. Team defaults to the workspace's, the
// time zone to UTC.
func (s *people) AddUser(u User) {
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
	s.names, s.listed = nil, nil
	s.wake()
}

// AddChannel adds or replaces a channel.
func (s *people) AddChannel(c Channel) {
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
func (s *people) DM(user string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dm(user)
}

// dm opens the direct-message conversation. The caller holds mu.
func (s *people) dm(user string) string {
	id := "D" + strings.TrimLeft(user, "UW")
	if s.channels[id] == nil {
		s.channels[id] = &Channel{ID: id, Name: "directmessage", Members: []string{user, s.botUser}, BotMember: true}
		s.names = nil
	}
	return id
}

func (c *Channel) has(user string) bool { return slices.Contains(c.Members, user) }

func (c *Channel) isDM() bool { return strings.HasPrefix(c.ID, "D") }

// subteamJSON renders a group as usergroups.list and the events carry it. The
// caller holds mu. https://docs.slack.dev/reference/objects/usergroup-object
func (s *people) subteamJSON(g UserGroup, users bool) object {
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
func (s *people) userJSON(u User, now time.Time) object {
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

// person finds who acts. The caller holds mu.
func (s *people) person(id string) (User, error) {
	u, ok := s.users[id]
	if !ok {
		return u, fmt.Errorf("slacktest: no such user %q", id)
	}
	return u, nil
}

// place finds where somebody types. The caller holds mu.
func (s *people) place(user, id string) (*Channel, error) {
	if id == "D"+strings.TrimLeft(user, "UW") {
		s.dm(user)
	}
	ch := s.channels[id]
	if ch == nil {
		return nil, fmt.Errorf("slacktest: no such channel %q", id)
	}
	if !ch.has(user) {
		return nil, fmt.Errorf("slacktest: %s is not in %s", user, id)
	}
	return ch, nil
}
