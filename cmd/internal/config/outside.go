package config

import (
	"slices"
	"strings"
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
	for a := range each(f.Accounts.Value) {
		if a.hasRole() {
			continue
		}
		lines := f.outside(a)
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

// outside says who may have a beside which Accounts with a role, or while they are
// denied which: a line for all with the same ones.
func (f *File) outside(a *Account) []string {
	who := map[string][]string{}
	var order []string
	for u := range each(f.Users.Value) {
		if !f.mayHave(a, u) {
			continue
		}
		same := f.sharingKey(u)
		if which := f.past(same); which != "" {
			if who[which] == nil {
				order = append(order, which)
			}
			who[which] = append(who[which], withSharers(same))
		}
	}
	lines := make([]string, len(order))
	for i, which := range order {
		lines[i] = strings.Join(who[which], ", ") + " " + which
	}
	return lines
}

// past says which Accounts with a role any of the users may have, or may be denied.
func (f *File) past(users []*User) string {
	var may, denied []string
	for r := range each(f.Accounts.Value) {
		switch {
		case !r.hasRole():
		case slices.ContainsFunc(users, func(u *User) bool { return f.mayHave(r, u) }):
			may = append(may, r.label())
		case slices.ContainsFunc(users, func(u *User) bool { return f.listed(r.rules.Deny, u.Slack.Value) != notListed }):
			denied = append(denied, r.label())
		}
	}
	var parts []string
	if len(may) > 0 {
		parts = append(parts, "may also have "+strings.Join(may, ", "))
	}
	if len(denied) > 0 {
		parts = append(parts, "may be denied "+strings.Join(denied, ", "))
	}
	return strings.Join(parts, " and ")
}

// sharingKey is u and whoever else is, to AWS, the same IAM user.
func (f *File) sharingKey(u *User) []*User {
	same := []*User{u}
	for other := range each(f.Users.Value) {
		if other != u && other.key == u.key {
			same = append(same, other)
		}
	}
	return same
}

// withSharers names the first of users, and the others with whom they share a key.
func withSharers(users []*User) string {
	var others []string
	for _, other := range users[1:] {
		others = append(others, other.label())
	}
	if len(others) == 0 {
		return users[0].label()
	}
	return users[0].label() + " (one AWS key with " + strings.Join(others, " and ") + ")"
}
