package config

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/text"
)

// An Account is an entry of accounts.
type Account struct {
	Name       At[string]    `key:"name" change:"-" example:"prod" doc:"The alias that people type."`
	RoleARN    At[string]    `key:"role_arn" example:"arn:aws:iam::222222222222:role/OnCall" doc:"The role to assume."`
	ExternalID At[string]    `key:"external_id" needs:"role_arn" change:"concealed" doc:"What the role's trust policy asks for."`
	Region     At[string]    `key:"region" example:"eu-west-1" doc:"For the snippet, S3 and console; STS is called in AWS_REGION."`
	Duration   At[Durations] `key:"duration" example:"{default: 1h, max: 4h}" doc:"How long credentials last: without a word about it, and at most."`
	MFA        At[string]    `key:"mfa" default:"session" example:"fresh" doc:"What MFA it asks for."`
	Rules
	Session
	Sealed At[string] `key:"sealed" example:"required" doc:"required: only credentials encrypted to an age_key of this file are shown."`
	Delivery
	Revoker      At[string] `key:"revoker" needs:"role_arn" example:"arn:aws:iam::222222222222:role/Revoker" doc:"A role that has AWS refuse what was issued."`
	OutsideRules At[string] `key:"outside_rules" example:"accepted" doc:"accepted: its credentials may undo the rules of other accounts."`

	Position
}

func (Account) hints() map[string]hint {
	return map[string]hint{
		"name": {missing: "the alias that people type", shape: matching(policy.AccountNamePattern, "1 to 63 of `a-z 0-9 . - _`"),
			more: "It has a letter and no six digits in a row, and is no word of the commands (help, for, because, …)."},
		"role_arn": {shape: matching(policy.RoleARNPattern, "ARN of a role"),
			more: "Without it the account is the person's own IAM user, by GetSessionToken."},
		"external_id": {shape: shape{object{"pattern": policy.ExternalIDPattern, "minLength": policy.MinExternalID, "maxLength": policy.MaxExternalID},
			fmt.Sprintf("%d to %d letters, digits and `_ + = , . @ : / -`", policy.MinExternalID, policy.MaxExternalID)}},
		"region": {shape: matching(regionName.String(), "region"), more: "One that is not known is a warning."},
		"duration": {mend: func(v string) string {
			if d := meantDuration(v); d != "" {
				return "{default: " + d + ", max: " + d + "}"
			}
			return ""
		}},
		"mfa": {shape: words(string(policy.MFASession), string(policy.MFAFresh), string(policy.MFANone)), meant: meantMFA(),
			more: "session: an MFA session will do. fresh: a new code for each request. none: no MFA, which each reply, the record and check say."},
		"sealed": {shape: words("required"), meant: switched("write sealed: required", "remove sealed"), more: "A list of buckets is shown all the same."},
		"revoker": {shape: matching(policy.RoleARNPattern, "ARN of another role in the same AWS account"),
			more: "role_arn must have a permissions boundary."},
		"outside_rules": {shape: words("accepted"), meant: switched("write outside_rules: accepted", "remove outside_rules"),
			more: "It is for an account without role_arn that somebody may have who may also have, or be denied, one with it; " +
				"every user group counts as anybody. Without it such a file is refused."},
	}
}

// shape is of keys that do not go together.
func (Account) shape() object {
	return object{
		"not":  object{"required": []string{"role_arn", "outside_rules"}},
		"if":   object{"required": []string{"break_glass"}, "properties": object{"break_glass": object{"minItems": 1}}},
		"then": object{"required": []string{"approval"}},
	}
}

// meantMFA never takes no for an answer by itself: no MFA is written out.
func meantMFA() map[string]string {
	meant := switched("write mfa: session (the default) or mfa: fresh (a new code for each request), or remove it", "write mfa: none, which is no MFA at all")
	meant["required"] = meant["true"]
	return meant
}

// Durations are how long credentials last.
type Durations struct {
	Default At[time.Duration] `key:"default" example:"1h" doc:"When a request says nothing of it: 1h, or max if that is shorter."`
	Max     At[time.Duration] `key:"max" example:"4h" doc:"At most: 1h, or default if that is longer. Not above the role's own maximum."`
}

func (Durations) hints() map[string]hint {
	bounds := lasting(policy.MinDuration, policy.MaxRoleDuration)
	bounds.says += "; without a role up to " + text.FormatDuration(policy.MaxSessionTokenDuration)
	return map[string]hint{"default": {shape: bounds}, "max": {shape: bounds}}
}

// label is how messages call the Account.
func (a *Account) label() string {
	if a.Name.Value != "" {
		return a.Name.Value
	}
	return "this account"
}

// hasRole reports whether a role is written, even a wrong one.
func (a *Account) hasRole() bool { return a.RoleARN.Set }

func (a *Account) check(c *collector, f *File) {
	a.checkName(c)
	a.checkRole(c)
	if r := &a.Region; r.OK && !IsRegion(r.Value) {
		refuse(c, r, "region %s is not a region's code: write %s", Quote(r.Value), meantRegion(r.Value))
	}
	a.checkDurations(c)
	switch policy.MFAMode(a.MFA.Value) {
	case policy.MFASession, policy.MFAFresh, policy.MFANone:
	default:
		c.problem(a.MFA.Position, "mfa is %s: write session (the default), fresh (a new code for each request) or none (no MFA at all)", Quote(a.MFA.Value))
		a.MFA.Value = string(policy.MFASession)
	}
	checkSealed(c, a.Sealed)
	a.checkOutsideRules(c)
	a.Delivery.check(c)
	a.Delivery.resolve(c, f.Delivery, a.label())
	a.checkRules(c, f)
	a.checkSession(c)
}

func (a *Account) checkName(c *collector) {
	n := &a.Name
	if !n.OK {
		return
	}
	err := policy.CheckAccountName(n.Value)
	if err == nil && secret.MayHoldCode(n.Value) {
		err = errors.New("six digits in a row read like an MFA code that lacks its space; choose another name")
	}
	lower := strings.ToLower(n.Value)
	switch {
	case err == nil:
	case lower != n.Value && policy.CheckAccountName(lower) == nil:
		refuse(c, n, "name %s: account names are in lower case, and people may type them in any: write %s", Quote(n.Value), lower)
	default:
		refuse(c, n, "name %s: %v", Quote(n.Value), err)
	}
}

func (a *Account) checkRole(c *collector) {
	if r := &a.RoleARN; r.OK {
		if _, err := policy.ParseRoleARN(r.Value); err != nil {
			refuse(c, r, "role_arn %s: %v", Quote(r.Value), err)
		}
	}
	if e := a.ExternalID; e.OK {
		if err := policy.CheckExternalID(e.Value); err != nil {
			c.problem(e.Position, "external_id: %v", err)
		}
	}
	if !a.Revoker.OK {
		return
	}
	// IAM roles belong to one AWS account, and so do the policies that deny sessions.
	own, at := policy.RoleARN(a.RoleARN.Value), a.Revoker.Position
	role, err := policy.ParseRoleARN(a.Revoker.Value)
	switch {
	case err != nil:
		c.problem(at, "revoker %s: %v", Quote(a.Revoker.Value), err)
	case own == role:
		c.problem(at, "revoker is the account's own role: it must be another one, which people cannot assume")
	case own != "" && (own.AccountID() != role.AccountID() || own.Partition() != role.Partition()):
		c.problem(at, "revoker %s is not in the AWS account of role_arn, %s: a role's policies can be changed only there", Quote(a.Revoker.Value), own.AccountID())
	}
}

// checkDurations fills in what is not written: the default is 1h or the
// maximum if that is smaller, the maximum 1h or the default if that is larger.
func (a *Account) checkDurations(c *collector) {
	first, most := &a.Duration.Value.Default, &a.Duration.Value.Max
	longest, call := policy.MaxSessionTokenDuration, "GetSessionToken"
	if a.hasRole() {
		longest, call = policy.MaxRoleDuration, "AssumeRole"
	}
	bound := func(key string, v *At[time.Duration]) {
		if v.OK && (v.Value < policy.MinDuration || v.Value > longest) {
			refuse(c, v, "duration.%s is %s: %s takes %s to %s", key, text.FormatDuration(v.Value), call,
				text.FormatDuration(policy.MinDuration), text.FormatDuration(longest))
		}
	}
	bound("default", first)
	bound("max", most)
	if first.OK && most.OK && first.Value > most.Value {
		c.problem(first.Position, "duration.default is %s, more than duration.max, %s: lower the one or raise the other",
			text.FormatDuration(first.Value), text.FormatDuration(most.Value))
	}
	switch {
	case first.OK:
		most.resolve(max(first.Value, policy.DefaultDuration))
	case most.OK:
		first.resolve(min(most.Value, policy.DefaultDuration))
	default:
		first.resolve(policy.DefaultDuration)
		most.resolve(policy.DefaultDuration)
	}
}

// granted is the Account as policy knows it.
func (a *Account) granted() policy.Account {
	g := policy.Account{
		Name:            a.Name.Value,
		RoleARN:         policy.RoleARN(a.RoleARN.Value),
		ExternalID:      a.ExternalID.Value,
		Region:          a.Region.Value,
		DefaultDuration: a.Duration.Value.Default.Value,
		MaxDuration:     a.Duration.Value.Max.Value,
		MFA:             policy.MFAMode(a.MFA.Value),
		Rules:           a.rules,
		SourceIdentity:  a.SourceIdentity.Value,
		SessionPolicy:   a.policy,
		PolicyARNs:      values(a.PolicyARNs.Value),
		Revoker:         policy.RoleARN(a.Revoker.Value),
		OutsideRules:    a.OutsideRules.Value != "",
		SealRequired:    a.Sealed.Value == "required",
		DMLife:          a.dmLife,
	}
	if a.Tags.Set {
		g.Tags = map[string]string{}
	}
	for _, tag := range a.Tags.Value {
		g.Tags[tag.Key.Value] = tag.Value.Value
	}
	return g
}

// exampleExternalID is how the examples in deploy begin one.
const exampleExternalID = "replace-with"

// warnExternalIDs is of those that were copied from an example.
func (f *File) warnExternalIDs(c *collector) {
	for a := range each(f.Accounts.Value) {
		if e := a.ExternalID; e.OK && strings.HasPrefix(e.Value, exampleExternalID) {
			c.warning(e.Position, "account %s: external_id is the example's, which everybody can read: write a random one, "+
				"such as openssl rand -hex 16 prints, here and in the role's trust policy", a.Name.Value)
		}
	}
}

// checkAccounts reports names that come twice.
func (f *File) checkAccounts(c *collector) {
	first := map[string]int{}
	for a := range each(f.Accounts.Value) {
		name := a.Name.Value
		if line, twice := first[name]; twice {
			c.problem(a.Name.Position, "account %s is already on line %d: rename or remove one of the two", name, line)
		} else if name != "" {
			first[name] = a.Name.Line
		}
	}
}
