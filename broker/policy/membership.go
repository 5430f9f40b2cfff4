package policy

import (
	"slices"
	"strings"
)

// A Membership is who is in which Slack user group, by its ID. nil is unknown.
type Membership map[string][]string

// Mixed reports whether groups have IDs of the other kind than a person's.
func (m Membership) Mixed(person string) bool {
	for _, members := range m {
		if slices.ContainsFunc(members, func(id string) bool { return IsGlobal(id) != IsGlobal(person) }) {
			return true
		}
	}
	return false
}

// Of is the Membership of one person alone, which is found at once.
func (m Membership) Of(person string) Membership {
	if m == nil {
		return nil
	}
	out := Membership{}
	for group, members := range m {
		if slices.Contains(members, person) {
			out[group] = []string{person}
		}
	}
	return out
}

// Calling is the Membership with person in place of each of their IDs.
func (m Membership) Calling(person string, ids []string) Membership {
	if len(ids) == 0 {
		return m
	}
	out := make(Membership, len(m))
	for group, members := range m {
		if slices.ContainsFunc(members, func(id string) bool { return slices.Contains(ids, id) }) {
			members = slices.Clone(members)
			for i, id := range members {
				if slices.Contains(ids, id) {
					members[i] = person
				}
			}
		}
		out[group] = members
	}
	return out
}

// IsGlobal reports whether id is that of a person on an Enterprise Grid.
func IsGlobal(id string) bool { return strings.HasPrefix(id, "W") }

// IsUser reports whether id is a User of the Config.
func (c *Config) IsUser(id string) bool {
	_, ok := c.User(id)
	return ok
}
