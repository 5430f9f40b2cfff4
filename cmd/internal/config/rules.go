package config

import (
	"slices"
	"strings"
	"time"

	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/text"
)

// Rules are the keys of an Account that say who may have it, and when.
type Rules struct {
	Allow      At[[]At[Allow]]  `key:"allow" change:"-" example:"[S01ONCALL, {who: [U01ALICE], max: 30m}]" doc:"Who may have it. Nobody, if it is left out."`
	Deny       At[[]At[string]] `key:"deny" example:"[S09LEAVING]" doc:"Who may not, whatever else is said."`
	BreakGlass At[[]At[string]] `key:"break_glass" example:"[U01ALICE]" doc:"Who may have it without approval in an emergency, told to everybody. Needs approval."`
	Approval   At[Approval]     `key:"approval" change:"-" example:"{approvers: [S02LEADS]}" doc:"Others who must agree to each request."`
	Channels   At[[]At[string]] `key:"channels" example:"[C0123OPS]" doc:"The Slack channels from which it may be asked."`
	Hours      At[Hours]        `key:"hours" change:"-" example:"{days: [mon-fri], time: '08:00-18:00', zone: Europe/Berlin}" doc:"When it may be had."`
	Reason     At[Reason]       `key:"reason" change:"-" example:"{pattern: '^INC-[0-9]+'}" doc:"required, or what a reason must match."`

	rules policy.Rules
	named []At[string] // whom Allow and BreakGlass name
}

func (Rules) hints() map[string]hint {
	return map[string]hint{
		"allow": {of: ofPeople, entry: "an entry of allow", shape: people(true),
			more: "A user who is named must be one of users. Of several entries that match, the one that gives most counts."},
		"deny":        {of: ofPeople, shape: people(true)},
		"break_glass": {of: ofPeople, shape: people(true), more: "Not for whoever is denied, and from the same channels."},
		"channels": {of: "Slack channel IDs", empty: "nobody could ask for it from anywhere; add a channel's ID, or remove channels", shape: ids(channelID),
			more: "A form counts as where it was opened; Home, the shortcut and direct messages are nowhere."},
		"hours":  {more: "Showing credentials again is refused outside of them; what was issued before works on."},
		"reason": {shape: words("required"), meant: switched("write reason: required", "remove reason")},
	}
}

// Allow is an entry of allow: S01ONCALL, {who: [S02DEVS], max: 30m} or
// {oncall: {group: S03PAGER}}.
type Allow struct {
	Word   At[string]        `word:"true"`
	Who    At[[]At[string]]  `key:"who" example:"[S02DEVS]" doc:"Whom it allows."`
	Max    At[time.Duration] `key:"max" example:"30m" doc:"The longest that it allows them."`
	OnCall At[OnCall]        `key:"oncall" example:"{group: S03PAGER}" doc:"Who needs no approval while on call. Either this or who."`

	Position
}

func (Allow) hints() map[string]hint {
	return map[string]hint{
		"who":    {of: ofPeople, empty: "it allows nobody; name people (U…), user groups (S…) or groups of this file", shape: people(true)},
		"oncall": {what: "oncall, such as {oncall: {group: S03PAGER}},"},
		"max":    {shape: shape{says: text.FormatDuration(policy.MinDuration) + " to the account's `duration.max`"}},
	}
}

// shape is either of two.
func (Allow) shape() object {
	return object{"oneOf": []any{object{"required": []string{"who"}}, object{"required": []string{"oncall"}}}}
}

// OnCall says who is on call.
type OnCall struct {
	Group At[string] `key:"group" example:"S03PAGER" doc:"The Slack user group that your pager keeps in step."`
}

func (OnCall) hints() map[string]hint {
	return map[string]hint{"group": {missing: "the Slack user group (S…) that your pager keeps in step", shape: ids(groupID)}}
}

// Approval is the key of that name.
type Approval struct {
	Approvers At[[]At[string]]  `key:"approvers" example:"[S02LEADS]" doc:"Who decides; nobody decides on their own request. They need not be users."`
	Count     At[int]           `key:"count" default:"1" example:"2" doc:"How many must agree."`
	Expires   At[time.Duration] `key:"expires" default:"30m" example:"30m" doc:"How long a request waits for them."`
}

func (Approval) hints() map[string]hint {
	return map[string]hint{
		"approvers": {
			missing: "who decides: Slack user groups (S…), people (U…) or groups of this file",
			empty:   "nobody could approve; name user groups (S…), people (U…) or groups of this file",
			of:      ofPeople,
			shape:   people(false),
		},
		"count":   {shape: between(1, mostApprovers)},
		"expires": {shape: lasting(policy.MinApprovalWait, policy.MaxApprovalWait)},
	}
}

const mostApprovers = 10 // that one request may need

func (a *Account) checkRules(c *collector, f *File) {
	f.checkWho(c, "deny", a.Deny.Value, true)
	f.checkWho(c, "break_glass", a.BreakGlass.Value, true)
	a.checkAllow(c, f)
	a.named = append(a.named, a.BreakGlass.Value...)
	a.rules.Deny, a.rules.BreakGlass, a.rules.Channels = values(a.Deny.Value), values(a.BreakGlass.Value), values(a.Channels.Value)
	if a.Approval.OK && a.Approval.Value.Approvers.Set {
		a.rules.Approval = a.Approval.Value.check(c, f)
	}
	for _, ch := range a.Channels.Value {
		if wrong := checkID(ch.Value, channelID); wrong != "" {
			c.problem(ch.Position, "channels: %s", wrong)
		}
	}
	if a.Hours.OK && a.Hours.Value.Zone.Set {
		a.rules.Hours = a.Hours.Value.check(c, a.Hours.Position)
	}
	if a.Reason.Set {
		a.rules.Reason = a.Reason.Value.check(c)
	}
	switch {
	case a.Approval.Set:
	case len(a.BreakGlass.Value) > 0:
		c.problem(a.BreakGlass.Position,
			"break_glass needs approval: it goes without one, and the approvers are asked to take note; add approval: {approvers: […]} or remove break_glass")
	case slices.ContainsFunc(a.rules.Allow, func(r policy.Rule) bool { return r.OnCall }):
		c.problem(a.Allow.Position, "oncall needs approval: everybody else who is allowed needs one; "+
			"add approval: {approvers: […]}, or name the group without oncall")
	}
}

// checkAllow makes rules of allow: first those that are more than a word.
func (a *Account) checkAllow(c *collector, f *File) {
	var words []At[string]
	for e := range each(a.Allow.Value) {
		if e.Word.Set {
			words = append(words, e.Word)
		} else if rule, ok := e.check(c, f, a.Duration.Value.Max.Value); ok {
			a.rules.Allow = append(a.rules.Allow, rule)
			a.named = append(a.named, e.Who.Value...)
		}
	}
	f.checkWho(c, "allow", words, true)
	for _, w := range words {
		a.rules.Allow = append(a.rules.Allow, policy.Rule{Who: []string{w.Value}})
	}
	a.named = append(a.named, words...)
}

// check makes a rule of an entry, where the account gives no more than longest.
func (e *Allow) check(c *collector, f *File, longest time.Duration) (policy.Rule, bool) {
	rule := policy.Rule{Who: values(e.Who.Value), Max: e.Max.Value, OnCall: e.OnCall.Set}
	group := e.OnCall.Value.Group
	switch {
	case e.Who.Set == e.OnCall.Set:
		c.problem(e.Position, "an entry of allow has either who or oncall: write {who: [S02DEVS], max: 30m} or {oncall: {group: S03PAGER}}")
		return policy.Rule{}, false
	case e.Who.Set:
		f.checkWho(c, "who", e.Who.Value, true)
	case !group.Set:
		return policy.Rule{}, false
	case group.OK:
		if wrong := checkID(group.Value, groupID); wrong != "" {
			c.problem(group.Position, "oncall takes a Slack user group alone: %s", wrong)
		}
		rule.Who = []string{group.Value}
	}
	if m := e.Max; m.OK && (m.Value < policy.MinDuration || m.Value > longest) {
		c.problem(m.Position, "max is %s: write between %s and the account's duration.max, %s",
			text.FormatDuration(m.Value), text.FormatDuration(policy.MinDuration), text.FormatDuration(longest))
	}
	return rule, true
}

func (p *Approval) check(c *collector, f *File) *policy.ApprovalPolicy {
	f.checkWho(c, "approvers", p.Approvers.Value, false)
	approvers, n := values(p.Approvers.Value), p.Count.Value
	if n < 1 || n > mostApprovers {
		c.problem(p.Count.Position, "count is %d: write 1 to %d", n, mostApprovers)
	}
	if people, exact := f.people(approvers); exact && len(people) > 0 && len(people) < n {
		c.problem(p.Count.Position, "count is %d, and approvers are %d: nobody could ever be served; name more or lower count", n, len(people))
	}
	if e := p.Expires; e.Value < policy.MinApprovalWait || e.Value > policy.MaxApprovalWait {
		c.problem(e.Position, "expires is %s: write between %s and %s",
			text.FormatDuration(e.Value), text.FormatDuration(policy.MinApprovalWait), text.FormatDuration(policy.MaxApprovalWait))
	}
	return &policy.ApprovalPolicy{Approvers: approvers, Count: n, Expires: p.Expires.Value}
}

// checkNamed reports who is named but could never get anything.
func (f *File) checkNamed(c *collector) {
	for a := range each(f.Accounts.Value) {
		for _, who := range a.named {
			if userID.match(who.Value) && !f.users[who.Value] {
				c.problem(who.Position, "this names %s, who is not one of users and so could never have %s: add the user or remove the entry", who.Value, a.label())
			}
		}
	}
}

// warnRules notes rules that are right and may not be what was meant.
func (f *File) warnRules(c *collector) {
	used := map[string]bool{}
	use := func(lists ...[]string) {
		for _, who := range slices.Concat(lists...) {
			used[who] = true
		}
	}
	use(values(f.Admins.Value))
	for a := range each(f.Accounts.Value) {
		allowed, loudly := a.rules.Allowed(), a.rules.BreakGlass
		use(a.rules.Deny, loudly, allowed)
		switch {
		case len(a.rules.Allow) == 0 && len(loudly) == 0:
			c.warning(a.Position, "account %s: nobody may have it: allow names no one", a.Name.Value)
		case slices.Contains(allowed, everybody) && len(a.rules.Allow) > 1 && a.plain():
			c.warning(a.named[0].Position, "account %s: \"*\" is every user already; the other entries of allow change nothing", a.Name.Value)
		}
		f.warnDeny(c, a)
		if slices.Contains(loudly, everybody) {
			c.warning(a.Position, "account %s: break_glass is for every user: nobody has to wait for approval who gives a reason", a.Name.Value)
		}
		if p := a.rules.Approval; p != nil {
			use(p.Approvers)
			f.warnApproval(c, a)
		}
	}
	for _, g := range f.Groups.Value {
		if name := g.Key.Value; !used[name] {
			c.warning(f.Groups.Position, "group %s is named nowhere", name)
		}
	}
}

// plain reports whether no rule of the Account gives less, or more, than another.
func (a *Account) plain() bool {
	return !slices.ContainsFunc(a.rules.Allow, func(r policy.Rule) bool { return r.Max > 0 || r.OnCall })
}

// warnDeny tells a misspelt ID from one that keeps somebody out: whoever is no
// user can have nothing anyway.
func (f *File) warnDeny(c *collector, a *Account) {
	for _, who := range a.rules.Deny {
		switch {
		case who == everybody:
			c.warning(a.Position, "account %s: deny is for every user: nobody may have it", a.Name.Value)
		case userID.match(who) && !f.users[who]:
			c.warning(a.Position, "account %s: deny names %s, who is not one of users: is it misspelt?", a.Name.Value, who)
		}
	}
}

// warnApproval names whom nobody could ever approve: of a list without user
// groups it is known how many are left when one asks.
func (f *File) warnApproval(c *collector, a *Account) {
	p := a.rules.Approval
	approvers, exact := f.people(p.Approvers)
	if !exact || len(approvers) != p.Count {
		return // more are left, or too few to begin with, which was reported
	}
	allowed, _ := f.people(a.rules.Allowed())
	loudly, _ := f.people(a.rules.BreakGlass)
	var never []string
	for u := range each(f.Users.Value) {
		id, name := u.Slack.Value, u.Name.Value
		if !slices.Contains(approvers, id) || !slices.Contains(allowed, id) && !slices.Contains(allowed, everybody) {
			continue
		}
		if slices.Contains(loudly, id) || slices.Contains(loudly, everybody) {
			name += " (except by break-glass)"
		}
		never = append(never, name)
	}
	if len(never) > 0 {
		c.warning(a.Position, "account %s: it can never be had by %s: nobody approves their own request, "+
			"and without them there are too few approvers; name one more, or lower count",
			a.Name.Value, strings.Join(never, ", "))
	}
}
