package slacktest

import (
	"slices"
	"strings"
	"time"
)

// https://docs.slack.dev/reference/methods/auth.test
func (s *webAPI) authTest(*call) (object, error) {
	out := object{
		"url": "https://" + s.domain + ".slack.com/", "team": s.domain, "user": s.botName,
		"team_id": s.team, "user_id": s.botUser, "bot_id": s.botID, "is_enterprise_install": false,
	}
	if s.enterprise != "" {
		out["enterprise_id"] = s.enterprise
	}
	return out, nil
}

// https://docs.slack.dev/reference/methods/conversations.open
func (s *webAPI) conversationsOpen(c *call) (object, error) {
	if id := c.get("channel"); id != "" {
		ch := s.channels[id]
		if ch == nil || !ch.isDM() {
			return nil, failure("channel_not_found")
		}
		return object{"channel": object{"id": id}}, nil
	}
	ids := split(c.get("users"))
	if len(ids) == 0 {
		return nil, failure("users_list_not_supplied")
	}
	for i, id := range ids {
		u, ok := s.user(id)
		switch {
		case !ok:
			return nil, failure("user_not_found")
		case u.Deleted:
			return nil, failure("user_disabled")
		case u.Bot:
			return nil, failure("cannot_dm_bot")
		}
		ids[i] = u.ID
	}
	if len(ids) > 8 {
		return nil, failure("too_many_users")
	}
	if len(ids) == 1 {
		return object{"channel": object{"id": s.dm(ids[0])}, "no_op": false, "already_open": false}, nil
	}
	slices.Sort(ids)
	id := "G" + strings.Join(ids, "")
	s.channels[id] = &Channel{ID: id, Name: "mpdm-" + strings.Join(ids, "--"), Members: append(ids, s.botUser), BotMember: true, Private: true}
	return object{"channel": object{"id": id}}, nil
}

// https://docs.slack.dev/reference/methods/conversations.info
func (s *webAPI) conversationsInfo(c *call) (object, error) {
	ch := s.channels[c.get("channel")]
	if ch == nil || ch.Private && !ch.BotMember {
		return nil, failure("channel_not_found")
	}
	out := object{
		"id": ch.ID, "name": ch.Name, "name_normalized": ch.Name, "is_channel": !ch.isDM() && !ch.Private,
		"is_group": ch.Private, "is_im": ch.isDM(), "is_mpim": false, "is_private": ch.Private || ch.isDM(),
		"is_archived": ch.Archived, "is_member": ch.BotMember, "created": 1700000000, "context_team_id": s.team,
	}
	shared := slices.ContainsFunc(ch.Members, func(id string) bool { return s.users[id].Stranger })
	out["is_shared"], out["is_ext_shared"], out["is_org_shared"] = shared, shared, false
	if ch.isDM() && len(ch.Members) > 0 {
		out["user"] = ch.Members[0]
		delete(out, "name")
		delete(out, "name_normalized")
	}
	if c.flag("include_num_members") {
		out["num_members"] = len(ch.Members)
	}
	return object{"channel": out}, nil
}

// https://docs.slack.dev/reference/methods/users.info
func (s *webAPI) usersInfo(c *call) (object, error) {
	u, ok := s.user(c.get("user"))
	if !ok {
		return nil, failure("user_not_found")
	}
	return object{"user": s.userJSON(u, s.clock())}, nil
}

// https://docs.slack.dev/reference/methods/usergroups.list
func (s *webAPI) usergroupsList(c *call) (object, error) {
	if id := c.get("team_id"); id != "" && id != s.team {
		return nil, failure("team_not_found")
	}
	list := []object{}
	for _, id := range sortedKeys(s.groups) {
		g := s.groups[id]
		if g.Disabled && !c.flag("include_disabled") {
			continue
		}
		o := s.subteamJSON(g, c.flag("include_users"))
		if !c.flag("include_count") {
			delete(o, "user_count")
		}
		list = append(list, o)
	}
	return object{"usergroups": list}, nil
}

// https://docs.slack.dev/reference/methods/usergroups.users.list
func (s *webAPI) usergroupsUsersList(c *call) (object, error) {
	g, ok := s.groups[c.get("usergroup")]
	if !ok || g.Disabled && !c.flag("include_disabled") {
		return nil, failure("no_such_subteam")
	}
	return object{"users": append([]string{}, g.Members...)}, nil
}

func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// zoneOf gives a zone's offset in seconds and its label as users.info does.
func zoneOf(name string, now time.Time) (int, string) {
	loc, err := time.LoadLocation(name)
	if err != nil {
		return 0, name
	}
	label, offset := now.In(loc).Zone()
	return offset, label
}
