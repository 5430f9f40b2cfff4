package slacktest

import "slices"

// ChangeUser replaces a person, such as by one who is Deleted or Restricted, and
// tells the app by user_change. https://docs.slack.dev/reference/events/user_change
func (s *acts) ChangeUser(u User) {
	s.AddUser(u)
	_, _ = s.deliver(func() (*Delivery, error) {
		now := s.clock()
		person := s.userJSON(s.users[u.ID], now)
		return s.event(object{"type": "user_change", "user": person, "cache_ts": now.Unix(), "event_ts": eventTS(now.Unix())}), nil
	})
}

// SetUserGroup adds or replaces a user group, and tells the app by
// subteam_created, or by subteam_updated and subteam_members_changed.
// https://docs.slack.dev/reference/events/subteam_updated
// https://docs.slack.dev/reference/events/subteam_members_changed
func (s *acts) SetUserGroup(g UserGroup) {
	g.Members = slices.Clone(g.Members)
	s.mu.Lock()
	old, existed := s.groups[g.ID]
	before := s.groupTimes[g.ID]
	now := s.clock().Unix()
	s.groups[g.ID] = g
	s.names = nil
	s.groupTimes[g.ID] = now
	s.wake()
	kind := "subteam_updated"
	if !existed {
		kind = "subteam_created"
	}
	events := []*Delivery{s.event(object{"type": kind, "subteam": s.subteamJSON(g, true), "event_ts": eventTS(now)})}
	added, removed := difference(g.Members, old.Members), difference(old.Members, g.Members)
	if existed && len(added)+len(removed) > 0 {
		events = append(events, s.event(object{
			"type": "subteam_members_changed", "subteam_id": g.ID, "team_id": s.team,
			"date_previous_update": before, "date_update": now,
			"added_users": added, "added_users_count": len(added),
			"removed_users": removed, "removed_users_count": len(removed),
			"event_ts": eventTS(now),
		}))
	}
	s.mu.Unlock()
	for _, d := range events {
		s.send(d)
	}
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
