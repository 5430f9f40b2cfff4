package compare

import (
	"slices"
	"strings"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

// A verdict is what a change of one key is.
type verdict int

const (
	unjudged verdict = iota // nobody can tell from the files
	looser
	tighter
	neutral // it takes and gives nothing, or is told by what it gives to whom
)

// A judge knows what the change of one key means, of what has that key in both configs.
type judge func(c event.Change, before, after subject) verdict

// A subject is what a change is of: an account, or the config as a whole.
type subject struct {
	config  config.Config
	account policy.Account
}

// userJudges, groupJudges, accountJudges and wholeJudges are by key, as [config.Changes]
// calls it.
var (
	userJudges = map[string]judge{
		"name":         always(neutral),
		"session name": always(unjudged), // what a trust policy may compare with
		"mfa_serial":   always(unjudged), // another device may be in other hands
		"credentials":  always(unjudged), // another key may do more
		"age_key":      trust,
		"sealed":       restriction,
	}
	groupJudges   = map[string]judge{"members": always(neutral)}
	accountJudges = map[string]judge{
		"role_arn":         always(unjudged),
		"external_id":      always(unjudged),
		"region":           always(neutral),
		"duration.default": rising(func(s subject) int64 { return int64(s.account.DefaultDuration) }),
		"duration.max":     rising(func(s subject) int64 { return int64(s.account.MaxDuration) }),
		"mfa":              rising(func(s subject) int64 { return mfaWeakness[s.account.MFA] }),
		"allow":            always(neutral),
		"deny":             safeguards,
		"break_glass":      always(neutral),
		"approvers":        always(neutral),
		"approval":         approvalTerms,
		"channels":         atLeastOne(func(s subject) []string { return s.account.Channels }),
		"hours":            hours,
		"reason":           reasons,
		"reason.pattern":   reasons,
		"source_identity":  trust,
		"tags":             always(unjudged),
		"session_policy":   sessionPolicies,
		"policy_arns":      sessionPolicies,
		"sealed":           restriction,
		"delivery":         rising(func(s subject) int64 { return int64(s.account.DMLife) }), // a message that stays is read by more
		"revoker":          trust,
		"outside_rules":    permission,
	}
	wholeJudges = map[string]judge{
		"contact":                 always(neutral),
		"reminder":                always(neutral),
		"summary.day":             always(neutral),
		"summary.time":            always(neutral),
		"summary.zone":            always(neutral),
		"reveal_window":           rising(func(s subject) int64 { return int64(s.config.Broker.RevealWindow) }),
		"mfa_session":             rising(func(s subject) int64 { return int64(s.config.Broker.MFASession) }),
		"rotate_keys":             always(neutral), // who may have what stays the same
		"wrapped_keys":            restriction,
		"signin_endpoint":         always(unjudged),
		"admins":                  always(neutral),
		"limits.requests":         rising(func(s subject) int64 { return int64(s.config.Broker.Limits.Requests) }),
		"limits.sts_calls":        rising(func(s subject) int64 { return int64(s.config.Broker.Limits.STSCalls) }),
		"slack.workspaces":        list,
		"slack.command_prefix":    always(neutral),
		"slack.connections":       always(neutral),
		"slack.replicas":          always(neutral),
		"slack.audit_channel":     always(unjudged), // others may read it, or nobody
		"slack.approvals_channel": always(unjudged),
		"record.origin":           always(unjudged),
		"record.archive":          trust,
		"record.replicas":         rising(func(s subject) int64 { return -int64(s.config.Record.Replicas) }),
		"record.require":          safeguards,
		"record.sinks":            safeguards,
		"record.witnesses":        safeguards,
		"record.object_lock.days": rising(func(s subject) int64 { return -int64(s.config.Record.ObjectLock.For) }),
		"record.object_lock.mode": always(unjudged),
	}
	// whys tell a reviewer why the change of a key cannot be judged.
	whys = map[string]string{
		"age_key":         "whoever has that key reads the credentials",
		"source_identity": "a policy in AWS may open on it",
		"tags":            "a policy in AWS may open on them",
		"revoker":         "the bot comes to reach a role that writes IAM policies",
		"record.archive":  "whoever owns it reads the record",
	}
	mfaWeakness = map[policy.MFAMode]int64{policy.MFAFresh: 0, policy.MFASession: 1, policy.MFANone: 2}
)

// terms tells what differs of one entry of the summaries that is in both.
func (p *pair) terms(key, who, account string, judges map[string]judge) {
	was, is := subject{config: p.before.Config}, subject{config: p.after.Config}
	was.account, _ = p.before.Broker.Account(account)
	is.account, _ = p.after.Broker.Account(account)
	for _, c := range config.Changes(only(p.before.Summary, key), only(p.after.Summary, key), false) {
		change := Change{Who: who, Account: account, What: c.Field, Was: c.Was, Is: c.Is, Added: c.Gained, Removed: c.Lost}
		if c.What != event.Changed { // a group of the config that came or went
			change.What = strings.TrimSpace(c.Field + " " + c.What)
		}
		v := unjudged
		if decide, known := judges[c.Field]; known {
			v = decide(c, was, is)
		} else if c.What == event.Removed {
			v = neutral // no account and no user, which are compared where both have them
		}
		change.Kind, change.Unjudged = Changes, v == unjudged
		switch v {
		case unjudged:
			change.Kind, change.Why = Gains, whys[c.Field]
		case looser:
			change.Kind = Gains
		case tighter:
			change.Kind = Loses
		}
		p.add(change)
	}
}

func only(s config.Summary, key string) config.Summary {
	if e, there := s[key]; there {
		return config.Summary{key: e}
	}
	return nil
}

func always(v verdict) judge { return func(event.Change, subject, subject) verdict { return v } }

// restriction is of what restricts while it is there.
func restriction(c event.Change, _, _ subject) verdict {
	switch {
	case c.Is == "":
		return looser
	case c.Was == "":
		return tighter
	}
	return unjudged
}

// trust is of what restricts while it is there, but lets somebody in on something too.
func trust(c event.Change, _, _ subject) verdict {
	if c.Is == "" {
		return looser
	}
	return unjudged
}

// permission is of what permits while it is there.
func permission(c event.Change, _, _ subject) verdict {
	switch {
	case c.Is == "":
		return tighter
	case c.Was == "":
		return looser
	}
	return unjudged
}

// list is of what permits by each of its entries.
func list(c event.Change, _, _ subject) verdict {
	if len(c.Gained) > 0 {
		return looser
	}
	return tighter
}

// safeguards is of what restricts by each of its entries.
func safeguards(c event.Change, _, _ subject) verdict {
	if len(c.Lost) > 0 {
		return looser
	}
	return tighter
}

// rising is of a number that permits more the higher it is.
func rising(number func(subject) int64) judge {
	return func(_ event.Change, before, after subject) verdict {
		switch was, is := number(before), number(after); {
		case is > was:
			return looser
		case is < was:
			return tighter
		}
		return unjudged
	}
}

// atLeastOne is of a list that permits by each of its entries, and everything without any.
func atLeastOne(entries func(subject) []string) judge {
	return func(_ event.Change, before, after subject) verdict { return narrowing(entries(before), entries(after)) }
}

func narrowing(was, is []string) verdict {
	switch {
	case len(is) == 0:
		return looser
	case len(was) == 0:
		return tighter
	case slices.ContainsFunc(is, func(s string) bool { return !slices.Contains(was, s) }):
		return looser
	}
	return tighter
}

// sessionPolicies together say what a session may do: what any of them allows.
func sessionPolicies(c event.Change, before, after subject) verdict {
	all := func(a policy.Account) []string {
		if a.SessionPolicy == "" {
			return a.PolicyARNs
		}
		return append(slices.Clone(a.PolicyARNs), a.SessionPolicy)
	}
	if c.Was != "" && c.Is != "" {
		return unjudged // what the text of one allows
	}
	return narrowing(all(before.account), all(after.account))
}

// approvalTerms: fewer approvals, or a longer time to get them, are a gain.
func approvalTerms(_ event.Change, before, after subject) verdict {
	was, is := before.account.Approval, after.account.Approval
	switch {
	case is == nil:
		return looser
	case was == nil:
		return tighter
	case is.Count < was.Count || is.Expires > was.Expires:
		return looser
	}
	return tighter
}

// reasons: nobody can tell which of two patterns takes more.
func reasons(_ event.Change, before, after subject) verdict {
	was, is := before.account.Reason, after.account.Reason
	switch {
	case is.Pattern == nil && (!is.Required || was.Pattern != nil):
		return looser
	case was.Pattern == nil && (!was.Required || !is.Pattern.MatchString("")):
		return tighter
	}
	return unjudged
}

// hours are compared minute by minute of a week, where both are of one time zone.
func hours(_ event.Change, before, after subject) verdict {
	was, is := before.account.Hours, after.account.Hours
	switch {
	case is == nil:
		return looser
	case was == nil:
		return tighter
	case was.Zone.String() != is.Zone.String():
		return unjudged
	}
	wall := func(h policy.Hours) *policy.Hours {
		h.Zone = time.UTC
		return &h
	}
	old, now := wall(*was), wall(*is)
	for at, end := (time.Time{}), (time.Time{}).AddDate(0, 0, 7); at.Before(end); at = at.Add(time.Minute) {
		if now.Open(at) && !old.Open(at) {
			return looser
		}
	}
	return tighter
}
