package slacktest

import (
	"slices"
	"strings"
)

// InConversation reports whether user is in the channel or direct message of
// that id.
func (s *people) InConversation(user, id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	ch := s.channels[id]
	return ch != nil && ch.has(user)
}

// Notifies reports whether m calls user: by name, by a group that they are in, or
// by calling everybody in the channel. Nobody calls themselves.
// https://slack.com/help/articles/205240127-Use-mentions-in-Slack
func (s *posts) Notifies(m Message, user string) bool {
	pings := m.Pings()
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.Author == user || m.Ephemeral && m.To != user {
		return false
	}
	if ch := s.channels[m.Channel]; ch == nil || !ch.has(user) {
		return false
	}
	return slices.ContainsFunc(pings, func(ping string) bool {
		switch name := strings.Trim(ping, "<>"); name {
		case "@" + user, "!here", "!channel", "!everyone":
			return true
		default:
			group := s.groups[strings.TrimPrefix(name, "!subteam^")]
			return !group.Disabled && slices.Contains(group.Members, user)
		}
	})
}

// GroupsOf are the ids of the user groups that user is in.
func (s *people) GroupsOf(user string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, id := range sortedKeys(s.groups) {
		if g := s.groups[id]; !g.Disabled && slices.Contains(g.Members, user) {
			out = append(out, id)
		}
	}
	return out
}
