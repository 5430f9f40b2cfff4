package broker

import (
	"slices"
	"strings"
	"time"
)

// An Effect is what policy says of a Request.
type Effect string

// The effects, the least first.
const (
	Deny         Effect = "deny"
	NeedApproval Effect = "needs approval"
	Allow        Effect = "allow"
)

// A Decision is what policy says of a Request, and which rule says it.
type Decision struct {
	Effect  Effect
	Rule    string        // "allow S01ONCALL", "deny U01ALICE", "hours": what of the config decided
	Code    Code          // of a deny
	Unknown bool          // it may give more once it is known who is in which user group
	Max     time.Duration // of an allow: longest that the rules which match give
	Err     error         // why membership is unknown; Decide leaves it to its caller
}

// What names a Decision that no entry of a list made.
const (
	RuleDefault = "default deny"
	RuleUnknown = "membership unknown"
	RuleAccount = "no such account"
)

// Decide says what policy says of a Request at a moment. It is a pure function:
// it asks nobody, and the same arguments give the same Decision. The order is
// deny, then allow, then the conditions of the Account, then approval; what no
// rule allows is denied, and so is what depends on a membership that is nil.
// Taking rules that allow out of the config never turns a deny into an allow:
// among rules that match, the one that gives most counts.
func Decide(c *Config, m Membership, r Request, at time.Time) Decision {
	a, ok := c.Account(r.Account)
	if !ok {
		return Decision{Effect: Deny, Rule: RuleAccount, Code: CodeUnknownAccount}
	}
	d := c.decideWho(a, m, r)
	if d.Effect == Deny {
		return d
	}
	if unmet := a.conditions(r, at); len(unmet) > 0 {
		return unmet[0]
	}
	return d
}

// conditions are those of where, when and why that r does not meet, as denies.
func (a Account) conditions(r Request, at time.Time) []Decision {
	var unmet []Decision
	deny := func(rule string, code Code) {
		unmet = append(unmet, Decision{Effect: Deny, Rule: rule, Code: code})
	}
	if len(a.Channels) > 0 && !slices.Contains(a.Channels, r.Caller.Channel) {
		deny("channels", CodeChannel)
	}
	given := SaysSomething(r.Reason)
	if r.BreakGlass { // an emergency keeps no hours, and may have no ticket yet
		if !given {
			deny("break_glass", CodeReason)
		}
		return unmet
	}
	if !a.Hours.Open(at) {
		deny("hours", CodeHours)
	}
	if a.Reason.Required && !given || a.Reason.Pattern != nil && !a.Reason.Pattern.MatchString(strings.TrimSpace(r.Reason)) {
		deny("reason", CodeReason)
	}
	return unmet
}

// decideWho is Decide without the conditions that a person can do something
// about: where they ask, when, and with which reason.
func (c *Config) decideWho(a Account, m Membership, r Request) Decision {
	user := r.Caller.User
	unknown := Decision{Effect: Deny, Rule: RuleUnknown, Code: CodeDirectory, Unknown: true}
	switch denied := c.onList(a.Deny, user, m); {
	case denied.yes:
		return Decision{Effect: Deny, Rule: "deny " + denied.entry, Code: CodeNotAllowed}
	case denied.unknown:
		return unknown
	}
	if r.BreakGlass {
		switch broken := c.onList(a.BreakGlass, user, m); {
		case broken.yes:
			return a.within(Decision{Effect: Allow, Rule: "break_glass " + broken.entry, Max: a.MaxDuration}, r.Duration)
		case broken.unknown:
			return unknown
		}
		return Decision{Effect: Deny, Rule: RuleDefault, Code: CodeNotAllowed}
	}
	best, open := Decision{Effect: Deny, Rule: RuleDefault, Code: CodeNotAllowed}, false
	for _, rule := range a.Allow {
		found := c.onList(rule.Who, user, m)
		open = open || found.unknown
		if found.yes {
			best = better(best, a.within(a.by(rule, found.entry), r.Duration))
		}
	}
	switch {
	case !open || best.Effect == Allow:
	case best.Effect == NeedApproval: // perhaps they are on call
		best.Unknown = true
	default:
		return unknown
	}
	return best
}

// by is what one rule gives by itself.
func (a Account) by(rule Rule, entry string) Decision {
	d := Decision{Effect: Allow, Rule: "allow " + entry, Max: a.MaxDuration}
	if rule.Max > 0 {
		d.Max = min(rule.Max, a.MaxDuration)
	}
	switch {
	case rule.OnCall:
		d.Rule = "oncall " + entry
	case a.Approval != nil:
		d.Effect = NeedApproval
	}
	return d
}

// within denies what is longer than d gives. What names no duration gets what
// there is.
func (a Account) within(d Decision, asked time.Duration) Decision {
	if asked > d.Max {
		return Decision{Effect: Deny, Rule: d.Rule + ", for up to " + FormatDuration(d.Max), Code: CodeTooLong, Max: d.Max}
	}
	return d
}

// better is the Decision that gives more; of equal ones the first.
func better(a, b Decision) Decision {
	rank := func(d Decision) int {
		switch {
		case d.Effect == Allow:
			return 3
		case d.Effect == NeedApproval:
			return 2
		case d.Code == CodeTooLong:
			return 1
		}
		return 0
	}
	if rank(b) > rank(a) || rank(b) == rank(a) && b.Max > a.Max {
		return b
	}
	return a
}
