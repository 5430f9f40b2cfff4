package policy

import (
	"encoding/json"
	"iter"
	"slices"
)

// An Index finds what a person may have without going through all Accounts of a Config.
// Accounts with the same rules are of one kind, and a kind is decided about once. Kinds
// are found by the entries of their Allow: a person, "*", a group of the config, a user
// group of Slack. What no entry leads to is denied.
type Index struct {
	config   *Config
	accounts []*Account // in the order of the config
	kinds    []kind     // in the order of their first Accounts
	entries  map[string][]int32
	own      map[string][]string // people → the groups of the config they are in
	slack    map[string][]int32  // user groups of Slack → kinds, also by a group of the config
	bySlack  []int32             // kinds that some user group leads to
}

// A kind are Accounts with the same rules about who may have them.
type kind struct {
	first  *Account
	places []int32
	asks   bool // a user group of Slack may decide
}

// Index makes the Index of c, which does not change from then on.
func (c *Config) Index() *Index {
	x := &Index{config: c, entries: map[string][]int32{}, own: map[string][]string{}, slack: map[string][]int32{}}
	same := map[string]int32{}
	for a := range c.Accounts.All() {
		rules := a.who()
		k, known := same[rules]
		if !known {
			k = int32(len(x.kinds)) //nolint:gosec // a config has at most some thousands
			same[rules] = k
			x.kinds = append(x.kinds, kind{first: a})
			x.enter(k, a)
		}
		x.kinds[k].places = append(x.kinds[k].places, int32(len(x.accounts))) //nolint:gosec // likewise
		x.accounts = append(x.accounts, a)
	}
	return x
}

// who writes out what DecideWho looks at.
func (a *Account) who() string {
	text, _ := json.Marshal([]any{a.Deny, a.Allow, a.BreakGlass, a.Approval != nil, a.MaxDuration}) // it cannot fail
	return string(text)
}

// enter notes what leads to kind k, whose rules are those of a.
func (x *Index) enter(k int32, a *Account) {
	add := func(to map[string][]int32, entry string) {
		if ks := to[entry]; len(ks) == 0 || ks[len(ks)-1] != k {
			to[entry] = append(ks, k)
		}
	}
	for _, entry := range a.Allowed() {
		group, named := x.config.Groups[entry]
		if named && x.entries[entry] == nil {
			for person := range group.people {
				x.own[person] = append(x.own[person], entry)
			}
		}
		add(x.entries, entry)
		for _, id := range x.config.slackGroups(entry) {
			add(x.slack, id)
			if n := len(x.bySlack); n == 0 || x.bySlack[n-1] != k {
				x.bySlack = append(x.bySlack, k)
			}
		}
	}
	x.kinds[k].asks = slices.ContainsFunc(slices.Concat(a.Deny, a.Allowed()), func(entry string) bool {
		return len(x.config.slackGroups(entry)) > 0
	})
}

// slackGroups are the user groups of Slack that an entry of a list stands for.
func (c *Config) slackGroups(entry string) []string {
	if own, named := c.Groups[entry]; named {
		return own.groups
	}
	if IsUserGroup(entry) {
		return []string{entry}
	}
	return nil
}

// Mine is what a person may have, with or without approval. What it says is found as it
// is asked for.
type Mine struct {
	// Complete is false when membership was needed and is unknown: Accounts that only a
	// user group allows are missing, and what it allows for longer is theirs for less.
	Complete bool
	index    *Index
	kinds    []int32 // that may be theirs
	members  *Membership
	user     string
}

// Mine finds what user may have. It asks groups at most once, and only if that matters.
func (x *Index) Mine(user string, groups func() (*Membership, error)) Mine {
	m := Mine{Complete: true, index: x, user: user, kinds: slices.Clone(x.entries[user])}
	if x.config.IsUser(user) {
		m.kinds = append(m.kinds, x.entries["*"]...)
	}
	for _, group := range x.own[user] {
		m.kinds = append(m.kinds, x.entries[group]...)
	}
	open := func(k int32) bool { return x.kinds[k].asks && m.decide(k).Unknown }
	if slices.ContainsFunc(m.kinds, open) || slices.ContainsFunc(x.bySlack, open) {
		members, err := groups()
		m.Complete, m.members = err == nil, members
		for group := range members.groupsOf(user) {
			m.kinds = append(m.kinds, x.slack[group]...)
		}
	}
	slices.Sort(m.kinds)
	m.kinds = slices.Compact(m.kinds)
	return m
}

func (m Mine) decide(k int32) Decision {
	return m.index.config.DecideWho(*m.index.kinds[k].first, m.members, Ask{User: m.user})
}

// each goes through the kinds that are theirs.
func (m Mine) each(yield func(kind, Decision) bool) {
	for _, k := range m.kinds {
		if d := m.decide(k); d.Effect != Deny && !yield(m.index.kinds[k], d) {
			return
		}
	}
}

// Kinds are the first Account of each kind, as the person may have it, in the order of
// the config. It has any that All has, as far as approval, break-glass and the longest
// duration tell Accounts apart.
func (m Mine) Kinds() iter.Seq[Account] {
	return func(yield func(Account) bool) {
		m.each(func(k kind, d Decision) bool { return yield(k.first.Narrowed(d)) })
	}
}

// All are the Accounts, as the person may have them, in the order of the config.
func (m Mine) All() iter.Seq[Account] {
	type entitled struct {
		place int32
		by    *Decision
	}
	return func(yield func(Account) bool) {
		var all []entitled
		m.each(func(k kind, d Decision) bool {
			for _, place := range k.places {
				all = append(all, entitled{place, &d})
			}
			return true
		})
		slices.SortFunc(all, func(a, b entitled) int { return int(a.place - b.place) })
		for _, e := range all {
			if !yield(m.index.accounts[e.place].Narrowed(*e.by)) {
				return
			}
		}
	}
}

// Len is how many there are.
func (m Mine) Len() (n int) {
	m.each(func(k kind, _ Decision) bool { n += len(k.places); return true })
	return n
}
