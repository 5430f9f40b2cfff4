package config

import (
	"slices"
	"strings"

	"github.com/assumebot/assumebot/broker"
)

// checkTogether reports what is wrong between entries that are right each by
// itself.
func (d *draft) checkTogether() {
	d.checkUnique()
	d.checkSerials()
	d.checkAllow()
	d.checkPartitions()
	d.checkOutside()
}

func (d *draft) checkUnique() {
	for _, g := range sharing(d.users, func(u userDraft) string { return u.Slack }) {
		for _, u := range g[1:] {
			d.problem(u.slackAt, "slack %s is already the user on line %d: one person is one user; remove one of the two", u.Slack, g[0].line)
		}
	}
	// IAM tells names apart without regard to case, and so do people who read
	// the record.
	for _, g := range sharing(d.users, func(u userDraft) string { return strings.ToLower(u.MFASerial) }) {
		for _, u := range g[1:] {
			d.problem(u.serialAt, "mfa_serial is already that of %s on line %d: each user needs a device of their own (one IAM user may have eight)", Quote(g[0].label()), g[0].line)
		}
	}
	for _, g := range sharing(d.users, func(u userDraft) string { return strings.ToLower(u.SessionName) }) {
		for _, u := range g[1:] {
			what, mend := "session_name", "choose another"
			if u.sessionAt == u.nameAt {
				what, mend = "name "+Quote(u.Name)+" becomes the session name", "choose another name, or give a session_name"
			}
			d.problem(u.sessionAt, "%s %s, the same as that of %s on line %d, and CloudTrail could not tell the two apart: %s",
				what, u.SessionName, Quote(g[0].label()), g[0].line, mend)
		}
	}
	first := map[string]int{}
	for _, a := range d.accounts {
		if a.Name == "" {
			continue
		}
		if line, twice := first[a.Name]; twice {
			d.problem(a.nameAt, "account %s is already on line %d: rename or remove one of the two", a.Name, line)
			continue
		}
		first[a.Name] = a.nameAt.line
	}
}

// checkSerials wants a device from every User, unless no Account would use it.
func (d *draft) checkSerials() {
	if !slices.ContainsFunc(d.accounts, func(a accountDraft) bool { return a.MFA != broker.MFANone || len(a.BreakGlass) > 0 }) {
		return
	}
	for _, u := range d.users {
		if u.MFASerial == "" && u.serialAt == u.pos { // absent, not malformed
			d.problem(u.pos, "mfa_serial is missing from this user: add the ARN of the IAM user's virtual MFA device (only where every account is mfa: none can it be left out)")
		}
	}
}

// checkAllow reports who is named but could never get anything.
func (d *draft) checkAllow() {
	for _, a := range d.accounts {
		for _, who := range a.allow {
			if !userID.match(who.v) || slices.ContainsFunc(d.users, func(u userDraft) bool { return u.Slack == who.v }) {
				continue
			}
			d.problem(who.pos, "this names %s, who is not one of users and so could never have %s: add the user or remove the entry", who.v, a.label())
		}
	}
}

// A partitioned is anything of the file that belongs to one AWS partition.
type partitioned struct {
	pos
	what, partition string
}

// checkPartitions reports what is outside the partition that most of the file
// is in. STS is called in one region, and credentials of one partition are
// nothing in another.
func (d *draft) checkPartitions() {
	var all []partitioned
	add := func(at pos, what, partition string) {
		if partition != "" {
			all = append(all, partitioned{at, what, partition})
		}
	}
	for _, u := range d.users {
		add(u.serialAt, "mfa_serial", broker.MFAPartition(u.MFASerial))
	}
	for _, a := range d.accounts {
		add(a.roleAt, "role_arn", a.RoleARN.Partition())
		if a.Region != "" {
			add(a.regionAt, "region "+a.Region, broker.PartitionOfRegion(a.Region))
		}
		for _, p := range a.policies {
			if broker.CheckPolicyARN(p.v) == nil {
				add(p.pos, "policy "+Quote(p.v), strings.Split(p.v, ":")[1])
			}
		}
	}
	count := map[string]int{}
	for _, p := range all {
		count[p.partition]++
	}
	most := ""
	for _, p := range all { // in the order of the file, so that a draw goes to the first
		if count[p.partition] > count[most] {
			most = p.partition
		}
	}
	for _, p := range all {
		if p.partition != most {
			d.problem(p.pos, "%s is in the partition %s, and most of this file in %s: credentials of one do not work in another; correct it, or run a second assumebot for %s",
				p.what, p.partition, most, p.partition)
		}
	}
}

// warn notes what is right but should be said aloud.
func (d *draft) warn() {
	d.warnMFASession()
	for _, a := range d.accounts {
		if a.MFA == broker.MFANone {
			d.warning(a.mfaAt, "account %s: no MFA: whoever may have it gets credentials without a code", a.Name)
		}
		everybody := slices.Contains(a.Allowed(), "*")
		switch {
		case len(a.Allow) == 0 && len(a.BreakGlass) == 0:
			d.warning(a.pos, "account %s: nobody may have it: allow names no one", a.Name)
		case everybody && len(a.Allow) > 1 && a.plain():
			d.warning(a.allow[0].pos, "account %s: \"*\" is every user already; the other entries of allow change nothing", a.Name)
		}
	}
	d.warnRules()
	d.warnSealed()
	d.warnDelivery()
	// Two users may sign with one IAM user's key, but then a leak or a block of
	// it concerns both, and CloudTrail shows GetSessionToken as the same user.
	shared := sharing(d.users, func(u userDraft) string { return u.Key.String() })
	for _, g := range shared {
		var names []string
		for _, u := range g {
			names = append(names, u.Name)
		}
		d.warning(g[1].keyAt, "%s share one AWS key (%s): AWS cannot tell them apart until a role is assumed", strings.Join(names, " and "), g[0].Key)
	}
}

// sharing groups users by what key gives, in the order of the file, and keeps
// the groups of two and more.
func sharing(users []userDraft, key func(userDraft) string) [][]userDraft {
	byKey := map[string]int{}
	var groups [][]userDraft
	for _, u := range users {
		k := key(u)
		if k == "" {
			continue
		}
		i, found := byKey[k]
		if !found {
			i = len(groups)
			byKey[k] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], u)
	}
	return slices.DeleteFunc(groups, func(g []userDraft) bool { return len(g) < 2 })
}
