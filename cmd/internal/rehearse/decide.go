package rehearse

import (
	"fmt"
	"strings"

	"github.com/assumebot/assumebot/broker/policy"
)

// What denies before policy is asked: the bot serves full members of the workspace
// whom the config knows, and nobody else.
const (
	ruleNotUser   = "not a user"
	ruleNotMember = "not a member"
	ruleTooShort  = "shorter than AWS issues"
)

// decide is what the bot would decide.
func (w world) decide(r request) policy.Decision {
	c := &w.config.Broker
	deny := func(rule string) policy.Decision {
		return policy.Decision{Effect: policy.Deny, Rule: rule, Why: policy.NotAllowed}
	}
	switch {
	case !c.IsUser(r.ask.User):
		return deny(ruleNotUser)
	case w.outsiders[r.ask.User]:
		return deny(ruleNotMember)
	}
	d := policy.Decide(c, w.members, r.ask, r.at)
	if d.Effect != policy.Deny && r.ask.Duration != 0 && r.ask.Duration < policy.MinDuration {
		return policy.Decision{Effect: policy.Deny, Rule: ruleTooShort, Why: policy.TooShort}
	}
	return d
}

// Outcome is a Decision on a Request for a in one line: allow, deny or approval, and the
// rule that says so, as the record has it.
func Outcome(a policy.Account, d policy.Decision) string {
	switch {
	case d.Effect == policy.NeedApproval:
		return "approval by " + approvers(a.Approval) + "; " + d.Rule
	case strings.HasPrefix(d.Rule, string(d.Effect)+" ") && d.Why != policy.TooLong:
		return d.Rule // allow S01ONCALL is all there is to say
	}
	return string(d.Effect) + " " + d.Rule
}

func approvers(p *policy.ApprovalPolicy) string {
	who := strings.Join(p.Approvers, ", ")
	if p.Count > 1 {
		return fmt.Sprintf("%d of %s", p.Count, who)
	}
	return who
}
