package policy

import (
	"iter"
	"slices"
	"strings"
)

// A Membership is who is in which Slack user group, by its ID. It is asked about one
// person at a time, and its size makes no difference to that. nil is unknown.
type Membership struct {
	first  map[string]int32 // person → the first of their places
	places []place
	groups map[string]int32
	names  []string            // of the groups
	people map[string][]string // as it was made of
	// People of each kind of ID are in some group.
	local, global bool
	called        map[string][]string // all IDs of those whom Calling named
}

// A place is one that a person has in a group.
type place struct{ group, next int32 } // next: another place of the same person; -1: none

// Members makes a Membership of the people in each group, which it keeps; nil of nil. It
// takes as long as there are people.
func Members(groups map[string][]string) *Membership {
	if groups == nil {
		return nil
	}
	m := &Membership{first: map[string]int32{}, groups: map[string]int32{}, people: groups}
	for name, members := range groups {
		group := int32(len(m.groups)) //nolint:gosec // Slack's answer is far smaller
		m.groups[name], m.names = group, append(m.names, name)
		for _, person := range members {
			next, ok := m.first[person]
			if !ok {
				next = -1
			}
			m.first[person] = int32(len(m.places)) //nolint:gosec // likewise
			m.places = append(m.places, place{group, next})
			m.local, m.global = m.local || !IsGlobal(person), m.global || IsGlobal(person)
		}
	}
	return m
}

// Has reports whether person is in group.
func (m *Membership) Has(group, person string) bool {
	in, ok := m.groups[group]
	if !ok {
		return false
	}
	for _, id := range m.called[person] {
		if m.has(in, id) {
			return true
		}
	}
	return m.has(in, person)
}

func (m *Membership) has(group int32, id string) bool {
	at, ok := m.first[id]
	for ; ok && at >= 0; at = m.places[at].next {
		if m.places[at].group == group {
			return true
		}
	}
	return false
}

// groupsOf are the groups that person is in; one may come more than once. nil has none.
func (m *Membership) groupsOf(person string) iter.Seq[string] {
	return func(yield func(string) bool) {
		if m == nil {
			return
		}
		for _, id := range append(slices.Clone(m.called[person]), person) {
			at, ok := m.first[id]
			for ; ok && at >= 0; at = m.places[at].next {
				if !yield(m.names[m.places[at].group]) {
					return
				}
			}
		}
	}
}

// In are the people in group; one whom Calling named may come more than once.
func (m *Membership) In(group string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, id := range m.people[group] {
			for person, ids := range m.called {
				if slices.Contains(ids, id) {
					id = person
					break
				}
			}
			if !yield(id) {
				return
			}
		}
	}
}

// Mixed reports whether groups have IDs of the other kind than a person's.
func (m *Membership) Mixed(person string) bool {
	if IsGlobal(person) {
		return m.local
	}
	return m.global
}

// Calling is the Membership where person is in the groups of each of their IDs.
func (m *Membership) Calling(person string, ids []string) *Membership {
	if len(ids) == 0 {
		return m
	}
	out := *m
	out.called = map[string][]string{person: ids}
	for other, theirs := range m.called {
		if other != person {
			out.called[other] = theirs
		}
	}
	return &out
}

// IsGlobal reports whether id is that of a person on an Enterprise Grid.
func IsGlobal(id string) bool { return strings.HasPrefix(id, "W") }

// IsUser reports whether id is a User of the Config.
func (c *Config) IsUser(id string) bool {
	_, ok := c.User(id)
	return ok
}
