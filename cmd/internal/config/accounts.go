package config

import (
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/assumebot/assumebot/broker"
	"go.yaml.in/yaml/v3"
)

type accountDraft struct {
	broker.Account
	pos
	nameAt, roleAt, regionAt, mfaAt pos
	roleless                        bool            // without role_arn, even a wrong one
	allow                           []value[string] // whoever is named and could have it
	policies                        []value[string]
}

// label is how messages call the Account.
func (a accountDraft) label() string {
	if a.Name != "" {
		return a.Name
	}
	return "this account"
}

// regionName takes every region of every partition, eusc-de-east-1 too.
var regionName = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-\d+$`)

// IsRegion reports whether s has the shape of a region's code.
func IsRegion(s string) bool { return regionName.MatchString(s) }

// needRole are the keys that AssumeRole alone can use.
var needRole = []string{"external_id", "session_policy", "policy_arns", "tags", "source_identity", "revoker"}

func (d *draft) readAccounts(root section) {
	d.checkSize(root, "accounts", "nobody could have anything; add an account")
	for _, n := range root.list("accounts", "accounts") {
		s, ok := newSection(d.collector, n, "this account", "name", "role_arn", "external_id", "region", "duration", "mfa",
			"allow", "deny", "break_glass", "approval", "channels", "hours", "reason", "source_identity", "tags", "session_policy", "policy_arns", "sealed", "delivery", "dm_ttl", "revoker", "outside_rules")
		if !ok {
			continue
		}
		a := d.readAccount(s)
		d.accounts = append(d.accounts, a)
		d.config.Broker.Accounts = append(d.config.Broker.Accounts, a.Account)
	}
}

func (d *draft) readAccount(s section) accountDraft {
	a := accountDraft{
		pos: s.pos, nameAt: s.at("name"), roleAt: s.at("role_arn"), regionAt: s.at("region"), mfaAt: s.at("mfa"),
	}
	if s.require("name", "the alias that people type") {
		a.Name = d.readAccountName(s)
	}
	d.readRole(s, &a)
	d.readOutsideRules(s, &a)
	if v := s.text("region"); v.ok {
		if IsRegion(v.v) {
			a.Region = v.v
		} else {
			d.problem(v.pos, "region %s is not a region's code: write one such as eu-west-1", Quote(v.v))
		}
	}
	d.readDurations(s, &a)
	d.readMFA(s, &a)
	a.SealRequired = d.readSealed(s)
	d.setDelivery(s, &a)
	d.readRules(s, &a)
	if s.has("role_arn") {
		d.readSession(s, &a)
	}
	return a
}

func (d *draft) readAccountName(s section) string {
	v := s.text("name")
	if !v.ok {
		return ""
	}
	err := broker.CheckAccountName(v.v)
	if err == nil && broker.MayHoldCode(v.v) {
		err = errors.New("six digits in a row read like an MFA code that lacks its space; choose another name")
	}
	if err == nil {
		return v.v
	}
	if lower := strings.ToLower(v.v); lower != v.v && broker.CheckAccountName(lower) == nil {
		d.problem(v.pos, "name %s: account names are in lower case, and people may type them in any: write %s", Quote(v.v), lower)
		return ""
	}
	d.problem(v.pos, "name %s: %v", Quote(v.v), err)
	return ""
}

func (d *draft) readRole(s section, a *accountDraft) {
	if !s.has("role_arn") {
		for _, key := range needRole {
			if s.has(key) {
				d.problem(s.at(key), "%s needs role_arn: without a role the credentials come from GetSessionToken, which takes none; add role_arn or remove %s", key, key)
			}
		}
		return
	}
	if v := s.text("role_arn"); v.ok {
		role, err := broker.ParseRoleARN(v.v)
		if err != nil {
			d.problem(v.pos, "role_arn %s: %v", Quote(v.v), err)
		}
		a.RoleARN = role
	}
	if v := s.text("external_id"); v.ok {
		if err := broker.CheckExternalID(v.v); err != nil {
			d.problem(v.pos, "external_id: %v", err)
		}
		a.ExternalID = v.v
	}
	d.readRevoker(s, a)
	a.SourceIdentity = s.boolean("source_identity").v
}

// readDurations fills in what is not written: the default is 1h or the
// maximum if that is smaller, the maximum 1h or the default if that is larger.
func (d *draft) readDurations(s section, a *accountDraft) {
	a.DefaultDuration, a.MaxDuration = broker.DefaultDuration, broker.DefaultDuration
	n := s.node("duration")
	if n == nil {
		return
	}
	if n.Kind == yaml.ScalarNode {
		d.problem(position(n), "duration must be a map: write duration: {default: 1h, max: 4h}")
		return
	}
	ds, ok := newSection(d.collector, n, "duration", "default", "max")
	if !ok {
		return
	}
	longest, call := broker.MaxSessionTokenDuration, "GetSessionToken"
	if s.has("role_arn") {
		longest, call = broker.MaxRoleDuration, "AssumeRole"
	}
	inBounds := func(key string, v value[time.Duration]) bool {
		if v.ok && (v.v < broker.MinDuration || v.v > longest) {
			d.problem(v.pos, "duration.%s is %s: %s takes %s to %s", key, broker.FormatDuration(v.v), call, broker.FormatDuration(broker.MinDuration), broker.FormatDuration(longest))
			return false
		}
		return v.ok
	}
	first, most := ds.duration("default"), ds.duration("max")
	haveFirst, haveMost := inBounds("default", first), inBounds("max", most)
	switch {
	case haveFirst && haveMost:
		a.DefaultDuration, a.MaxDuration = first.v, most.v
		if first.v > most.v {
			d.problem(first.pos, "duration.default is %s, more than duration.max, %s: lower the one or raise the other", broker.FormatDuration(first.v), broker.FormatDuration(most.v))
		}
	case haveFirst:
		a.DefaultDuration, a.MaxDuration = first.v, max(first.v, broker.DefaultDuration)
	case haveMost:
		a.DefaultDuration, a.MaxDuration = min(most.v, broker.DefaultDuration), most.v
	}
}

func (d *draft) readMFA(s section, a *accountDraft) {
	a.MFA = broker.MFASession
	v := s.text("mfa")
	if !v.ok {
		return
	}
	switch mode := broker.MFAMode(v.v); mode {
	case broker.MFASession, broker.MFAFresh, broker.MFANone:
		a.MFA = mode
	default:
		d.problem(v.pos, "mfa is %s: write session (the default), fresh (a new code for each request) or none (no MFA at all)", Quote(v.v))
	}
}
