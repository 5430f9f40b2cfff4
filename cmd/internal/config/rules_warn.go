package config

import (
	"maps"
	"slices"
	"strings"
)

// warnRules notes rules that are right and may not be what was meant.
func (d *draft) warnRules() {
	used := slices.Clone(d.config.Broker.Admins)
	for _, a := range d.accounts {
		used = append(append(append(used, a.Deny...), a.BreakGlass...), a.Allowed()...)
		d.warnDeny(a)
		if slices.Contains(a.BreakGlass, everybody) {
			d.warning(a.pos, "account %s: break_glass is for every user: nobody has to wait for approval who gives a reason", a.Name)
		}
		if a.Approval != nil {
			used = append(used, a.Approval.Approvers...)
			d.warnApproval(a)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.config.Broker.Groups)) {
		if !slices.Contains(used, name) {
			d.warning(d.groupsAt, "group %s is named nowhere", name)
		}
	}
}

// warnDeny tells a misspelt ID from one that keeps somebody out: whoever is no
// user can have nothing anyway.
func (d *draft) warnDeny(a accountDraft) {
	for _, who := range a.Deny {
		known := slices.ContainsFunc(d.users, func(u userDraft) bool { return u.Slack == who })
		switch {
		case who == everybody:
			d.warning(a.pos, "account %s: deny is for every user: nobody may have it", a.Name)
		case userID.match(who) && !known:
			d.warning(a.pos, "account %s: deny names %s, who is not one of users: is it misspelt?", a.Name, who)
		}
	}
}

// warnApproval names whom nobody could ever approve: of a list without user
// groups it is known how many are left when one asks.
func (d *draft) warnApproval(a accountDraft) {
	approvers, exact := d.people(a.Approval.Approvers)
	if !exact || len(approvers) < a.Approval.Count {
		return
	}
	allowed, _ := d.people(a.Allowed())
	loudly, _ := d.people(a.BreakGlass)
	var never []string
	for _, u := range d.users {
		asks := slices.Contains(allowed, u.Slack) || slices.Contains(allowed, everybody)
		if asks && slices.Contains(approvers, u.Slack) && len(approvers)-1 < a.Approval.Count {
			name := u.Name
			if slices.Contains(loudly, u.Slack) || slices.Contains(loudly, everybody) {
				name += " (except by break-glass)"
			}
			never = append(never, name)
		}
	}
	if len(never) > 0 {
		d.warning(a.pos, "account %s: it can never be had by %s: nobody approves their own request, and without them there are too few approvers; name one more, or lower count",
			a.Name, strings.Join(never, ", "))
	}
}
