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

func (d *draft) readOutsideRules(s section, a *accountDraft) {
	a.roleless = !s.has("role_arn")
	v := s.text("outside_rules")
	switch {
	case !v.ok:
	case !a.roleless:
		d.problem(v.pos, "outside_rules is for an account without role_arn, whose credentials no rule reaches: remove it")
	case v.v != "accepted":
		d.problem(v.pos, "outside_rules is %s: write accepted, or remove it", Quote(v.v))
	default:
		a.OutsideRules = true
	}
}

// checkOutside refuses, or warns of, whom an Account without a role takes past
// which others.
func (d *draft) checkOutside() {
	for _, a := range d.accounts {
		lines := d.outside(a)
		if !a.roleless || len(lines) == 0 {
			continue
		}
		report, what, mend := d.problem, "has no role", ". Give it to people who have nothing else, or write outside_rules: accepted"
		if a.OutsideRules {
			report, what, mend = d.warning, "has no role, which is accepted", ""
		}
		report(a.nameAt, "account %s %s: its credentials can assume, without the bot, every role that trusts the person's IAM user, "+
			"and check cannot see which roles trust whom%s", a.Name, what, mend)
		for _, line := range lines {
			report(a.nameAt, "account %s: %s", a.Name, line)
		}
	}
}

// outside says who may have a beside which Accounts with a role, or while they are
// denied which: a line for all with the same ones.
func (d *draft) outside(a accountDraft) []string {
	who := map[string][]string{}
	var order []string
	for _, u := range d.users {
		if !d.mayHave(a, u) {
			continue
		}
		if which := d.past(d.sharingKey(u)); which != "" {
			if who[which] == nil {
				order = append(order, which)
			}
			who[which] = append(who[which], d.withSharers(u))
		}
	}
	lines := make([]string, len(order))
	for i, which := range order {
		lines[i] = strings.Join(who[which], ", ") + " " + which
	}
	return lines
}

// past says which Accounts with a role any of the users may have, or may be denied.
func (d *draft) past(users []userDraft) string {
	var may, denied []string
	for _, r := range d.accounts {
		switch {
		case r.roleless:
		case slices.ContainsFunc(users, func(u userDraft) bool { return d.mayHave(r, u) }):
			may = append(may, r.label())
		case slices.ContainsFunc(users, func(u userDraft) bool { return d.listed(r.Deny, u) != notListed }):
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
func (d *draft) sharingKey(u userDraft) []userDraft {
	same := []userDraft{u}
	for _, other := range d.users {
		if other.pos != u.pos && other.Key == u.Key {
			same = append(same, other)
		}
	}
	return same
}

func (d *draft) withSharers(u userDraft) string {
	var others []string
	for _, other := range d.sharingKey(u)[1:] {
		others = append(others, other.label())
	}
	if len(others) == 0 {
		return u.label()
	}
	return u.label() + " (one AWS key with " + strings.Join(others, " and ") + ")"
}

// mayHave reports whether some rule of a could give it to u, for which every Slack
// user group counts as anybody.
func (d *draft) mayHave(a accountDraft, u userDraft) bool {
	return d.listed(a.Deny, u) != surelyListed && d.listed(slices.Concat(a.Allowed(), a.BreakGlass), u) != notListed
}

// A listing is whether a list names somebody.
type listing int

const (
	notListed listing = iota
	maybeListed
	surelyListed
)

func (d *draft) listed(list []string, u userDraft) listing {
	people, exact := d.people(list)
	switch {
	case slices.Contains(people, u.Slack) || slices.Contains(people, everybody):
		return surelyListed
	case !exact:
		return maybeListed
	}
	return notListed
}
