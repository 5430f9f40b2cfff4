// Package policy holds the [Config], its Users and Accounts and what their ARNs look
// like, and says who may have which Account, when, for how long and with whose
// approval. It is pure: a Config, who is in which Slack user group, an [Ask] and a
// moment give a [Decision]. It knows no error of ours and no sentence; who tells a
// person of a deny makes one of its [Why].
package policy

import (
	"slices"
	"strings"
	"time"

	"github.com/assumebot/assumebot/broker/text"
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
	Rule    string        // "allow S01ONCALL", "deny U01ALICE", "hours": what of the config decided, as the record says it
	By      Match         // the entry of a list that decided, if one did
	OnCall  bool          // that list is of who is on call
	Why     Why           // of a deny
	Unknown bool          // it may give more once it is known who is in which user group
	Max     time.Duration // of an allow: longest that the rules which match give
	Err     error         // why membership is unknown; Decide leaves it to its caller
}

// Why is why policy denies.
type Why string

// What can be wrong.
const (
	UnknownAccount Why = "there is no such account"
	NotAllowed     Why = "nothing allows it"
	UnknownGroups  Why = "it depends on user groups that are not known"
	TooShort       Why = "shorter than AWS issues" // of CheckDuration; no Decision has it
	TooLong        Why = "longer than is allowed"
	WrongChannel   Why = "not from this channel"
	OutsideHours   Why = "not at this hour"
	NeedsReason    Why = "not without such a reason"
)

// An Ask is what policy looks at of a Request.
type Ask struct {
	User       string        // Slack user ID
	Channel    string        // where it is asked
	Account    string        // alias, in lower case
	Duration   time.Duration // 0: whatever there is
	Reason     string
	BreakGlass bool
}

// What names a Decision that no entry of a list made.
const (
	RuleDefault = "default deny"
	RuleUnknown = "membership unknown"
	RuleAccount = "no such account"
)

// Decide says what policy says of ask at a moment. It is a pure function:
// it asks nobody, and the same arguments give the same Decision. It looks at
// deny first, then allow, then the conditions of the Account, then approval; what no
// rule allows is denied, and so is what depends on a membership that is nil.
// Taking rules that allow out of the config never turns a deny into an allow:
// among rules that match, the one that gives most counts.
func Decide(c *Config, m *Membership, ask Ask, at time.Time) Decision {
	a, ok := c.Account(ask.Account)
	if !ok {
		return Decision{Effect: Deny, Rule: RuleAccount, Why: UnknownAccount}
	}
	d := c.DecideWho(a, m, ask)
	if d.Effect == Deny {
		return d
	}
	if unmet := a.Unmet(ask, at); len(unmet) > 0 {
		return unmet[0]
	}
	return d
}

// Unmet are the conditions of where, when and why that ask does not meet, as denies.
func (a Account) Unmet(ask Ask, at time.Time) []Decision {
	var unmet []Decision
	deny := func(rule string, why Why) {
		unmet = append(unmet, Decision{Effect: Deny, Rule: rule, Why: why})
	}
	if len(a.Channels) > 0 && !slices.Contains(a.Channels, ask.Channel) {
		deny("channels", WrongChannel)
	}
	given := text.SaysSomething(ask.Reason)
	if ask.BreakGlass { // an emergency keeps no hours, and may have no ticket yet
		if !given {
			deny("break_glass", NeedsReason)
		}
		return unmet
	}
	if !a.Hours.Open(at) {
		deny("hours", OutsideHours)
	}
	if a.Reason.Required && !given || a.Reason.Pattern != nil && !a.Reason.Pattern.MatchString(strings.TrimSpace(ask.Reason)) {
		deny("reason", NeedsReason)
	}
	return unmet
}

// DecideWho is Decide without the conditions that a person can do something
// about: where they ask, when, and with which reason.
func (c *Config) DecideWho(a Account, m *Membership, ask Ask) Decision {
	user := ask.User
	unknown := Decision{Effect: Deny, Rule: RuleUnknown, Why: UnknownGroups, Unknown: true}
	switch denied := c.OnList(a.Deny, user, m); {
	case denied.Yes:
		return Decision{Effect: Deny, Rule: "deny " + denied.String(), By: denied, Why: NotAllowed}
	case denied.Unknown:
		return unknown
	}
	if ask.BreakGlass {
		switch broken := c.OnList(a.BreakGlass, user, m); {
		case broken.Yes:
			return a.within(Decision{Effect: Allow, Rule: "break_glass " + broken.String(), By: broken, Max: a.MaxDuration}, ask.Duration)
		case broken.Unknown:
			return unknown
		}
		return Decision{Effect: Deny, Rule: RuleDefault, Why: NotAllowed}
	}
	best, open := Decision{Effect: Deny, Rule: RuleDefault, Why: NotAllowed}, false
	longest := time.Duration(0) // that a rule may allow, which membership decides
	for _, rule := range a.Allow {
		found := c.OnList(rule.Who, user, m)
		given := a.by(rule, found)
		switch {
		case found.Yes:
			best = better(best, a.within(given, ask.Duration))
		case found.Unknown:
			open = true
			if given.Effect == Allow {
				longest = max(longest, given.Max)
			}
		}
	}
	switch {
	case !open:
	case best.Effect == Allow: // perhaps it is theirs for longer
		best.Unknown = ask.Duration == 0 && longest > best.Max
	case best.Effect == NeedApproval: // perhaps they are on call
		best.Unknown = true
	default:
		return unknown
	}
	return best
}

// by is what one rule gives by itself.
func (a Account) by(rule Rule, found Match) Decision {
	d := Decision{Effect: Allow, Rule: "allow " + found.String(), By: found, Max: a.MaxDuration}
	if rule.Max > 0 {
		d.Max = min(rule.Max, a.MaxDuration)
	}
	switch {
	case rule.OnCall:
		d.Rule, d.OnCall = "oncall "+found.String(), true
	case a.Approval != nil:
		d.Effect = NeedApproval
	}
	return d
}

// within denies what is longer than d gives. What names no duration gets what
// there is.
func (a Account) within(d Decision, asked time.Duration) Decision {
	if asked > d.Max {
		return Decision{Effect: Deny, Rule: d.Rule + ", for up to " + text.FormatDuration(d.Max), Why: TooLong, Max: d.Max}
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
		case d.Why == TooLong:
			return 1
		}
		return 0
	}
	if rank(b) > rank(a) || rank(b) == rank(a) && b.Max > a.Max {
		return b
	}
	return a
}

// Narrowed is the Account for as long as the Decision gives it.
func (a Account) Narrowed(d Decision) Account {
	a.MaxDuration = min(a.MaxDuration, d.Max)
	a.DefaultDuration = min(a.DefaultDuration, a.MaxDuration)
	if d.Effect == Allow { // by being on call, or by break-glass
		a.Approval = nil
	}
	return a
}
