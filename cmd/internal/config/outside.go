package config

import (
	"slices"
	"strings"

	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/text"
)

// An Account without a role hands out the IAM user itself. Its credentials
// assume every role that trusts this IAM user, without the bot: no rule of
// another Account, no block and no revocation is in their way. So nobody may have
// one beside an Account with a role, or while they are shut out of one, unless the
// file says that this is accepted. What the file cannot say is which roles trust
// whom.

func (a *Account) checkOutsideRules(c *collector) {
	switch o := a.OutsideRules; {
	case !o.OK:
	case a.hasRole():
		c.problem(o.Position, "outside_rules is for an account without role_arn, whose credentials no rule reaches: remove it")
	case o.Value != "accepted":
		c.problem(o.Position, "outside_rules is %s: write accepted, or remove it", Quote(o.Value))
	}
}

// checkOutside refuses, or warns of, whom an Account without a role takes past
// which others.
func (f *File) checkOutside(c *collector) {
	var beside *besides
	for a := range each(f.Accounts.Value) {
		if a.hasRole() {
			continue
		}
		if beside == nil {
			beside = f.besides()
		}
		lines := beside.outside(a)
		if len(lines) == 0 {
			continue
		}
		report, what, mend := c.problem, "has no role", ". Give it to people who have nothing else, or write outside_rules: accepted"
		if a.OutsideRules.Value == "accepted" {
			report, what, mend = c.warning, "has no role, which is accepted", ""
		}
		report(a.Name.Position, "account %s %s: its credentials can assume, without the bot, every role that trusts the person's IAM user, "+
			"and check cannot see which roles trust whom%s", a.Name.Value, what, mend)
		for _, line := range lines {
			report(a.Name.Position, "account %s: %s", a.Name.Value, line)
		}
	}
}

// mostListed is how many names a line has; what is longer, nobody reads.
const mostListed = 20

// besides are the Accounts with a role, and who may have or be denied them. Whom their
// lists do not name may have, and is denied, the same as all others like that: it is
// found once, and for each person only what names them.
type besides struct {
	file     *File
	accounts []*Account
	naming   map[string][]int    // people and groups of the file → places of Accounts that name them
	groups   map[string][]string // people → groups of the file that are named
	others   standing            // of whom nothing names
	sharing  map[policy.KeySource][]*User
	past     map[policy.KeySource]string // what was found
}

// A standing is what somebody may have, and what else they may be denied, as places of
// Accounts in their order.
type standing struct{ may, denied []int }

func (f *File) besides() *besides {
	b := &besides{
		file: f, naming: map[string][]int{}, groups: map[string][]string{},
		sharing: map[policy.KeySource][]*User{}, past: map[policy.KeySource]string{},
	}
	for u := range each(f.Users.Value) {
		b.sharing[u.key] = append(b.sharing[u.key], u)
	}
	for a := range each(f.Accounts.Value) {
		if !a.hasRole() {
			continue
		}
		place := len(b.accounts)
		b.accounts = append(b.accounts, a)
		for _, entry := range slices.Concat(a.rules.Deny, a.rules.Allowed(), a.rules.BreakGlass) {
			b.naming[entry] = append(b.naming[entry], place)
		}
		b.others.add(f, a, place, []*User{{}})
	}
	for name, members := range f.groups {
		if b.naming[name] == nil {
			continue
		}
		for _, m := range members {
			b.groups[m] = append(b.groups[m], name)
		}
	}
	return b
}

// add judges one Account, for whoever is one IAM user.
func (s *standing) add(f *File, a *Account, place int, users []*User) {
	switch {
	case slices.ContainsFunc(users, func(u *User) bool { return f.mayHave(a, u) }):
		s.may = append(s.may, place)
	case slices.ContainsFunc(users, func(u *User) bool { return f.listed(a.rules.Deny, u.Slack.Value) != notListed }):
		s.denied = append(s.denied, place)
	}
}

// outside says who may have a beside which Accounts with a role, or while they are
// denied which: a line for all with the same ones.
func (b *besides) outside(a *Account) []string {
	who := map[string][]string{}
	var order []string
	for u := range each(b.file.Users.Value) {
		if !b.file.mayHave(a, u) {
			continue
		}
		if which := b.whatElse(u.key); which != "" {
			if who[which] == nil {
				order = append(order, which)
			}
			who[which] = append(who[which], withSharers(u, b.sharing[u.key]))
		}
	}
	lines := make([]string, len(order))
	for i, which := range order {
		lines[i] = text.Listed(who[which], mostListed) + " " + which
	}
	return lines
}

// whatElse says which Accounts with a role may be had, or denied, by those who are, to
// AWS, the IAM user of that key.
func (b *besides) whatElse(key policy.KeySource) string {
	past, known := b.past[key]
	if !known {
		past = b.said(b.standing(b.sharing[key]))
		b.past[key] = past
	}
	return past
}

func (b *besides) standing(users []*User) standing {
	var own []int
	for _, u := range users {
		id := u.Slack.Value
		own = append(own, b.naming[id]...)
		for _, group := range b.groups[id] {
			own = append(own, b.naming[group]...)
		}
	}
	slices.Sort(own)
	own = slices.Compact(own)
	var s standing
	for _, place := range own {
		s.add(b.file, b.accounts[place], place, users)
	}
	return standing{with(s.may, b.others.may, own), with(s.denied, b.others.denied, own)}
}

// with is what is found and, but for the places that were looked at, the others.
func with(found, others, looked []int) []int {
	if len(looked) == 0 {
		return others
	}
	for _, place := range others {
		if _, is := slices.BinarySearch(looked, place); !is {
			found = append(found, place)
		}
	}
	slices.Sort(found)
	return found
}

func (b *besides) said(s standing) string {
	var parts []string
	for _, p := range []struct {
		what   string
		places []int
	}{{"may also have ", s.may}, {"may be denied ", s.denied}} {
		if len(p.places) == 0 {
			continue
		}
		var labels []string
		for _, place := range p.places[:min(len(p.places), mostListed+1)] {
			labels = append(labels, b.accounts[place].label())
		}
		parts = append(parts, p.what+text.Listed(labels, mostListed))
	}
	return strings.Join(parts, " and ")
}

// withSharers names u, and the others with whom they share a key.
func withSharers(u *User, sharing []*User) string {
	var others []string
	for _, other := range sharing {
		if len(others) > mostListed {
			break
		}
		if other != u {
			others = append(others, other.label())
		}
	}
	if len(others) == 0 {
		return u.label()
	}
	return u.label() + " (one AWS key with " + text.Listed(others, mostListed) + ")"
}
