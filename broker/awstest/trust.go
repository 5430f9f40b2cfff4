package awstest

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Trust is a role's trust policy. Its zero value trusts nobody.
type Trust struct {
	// Principals are ARNs: of users, of roles, of an account (arn:aws:iam::111111111111:root), or "*".
	Principals []string
	// ExternalID must be sent as ExternalId when set.
	ExternalID string
	// RequireMFA tests aws:MultiFactorAuthPresent; MaxMFAAge, when set, aws:MultiFactorAuthAge, and
	// so requires MFA too.
	RequireMFA bool
	MaxMFAAge  time.Duration
	// SessionName and SourceIdentity, when set, are what RoleSessionName and SourceIdentity must be:
	// UserName is the name of the IAM user who calls.
	SessionName, SourceIdentity string
	// SourceIPs, when set, are the addresses and networks from which alone the role can be assumed.
	SourceIPs []string
	// TagSession and SetSourceIdentity allow sts:TagSession and sts:SetSourceIdentity.
	TagSession, SetSourceIdentity bool
	// Policy is the trust policy as IAM takes it, in place of all the other fields.
	Policy string
}

// UserName is the policy variable that stands for the name of the IAM user who calls. A role has none.
const UserName = "${aws:username}"

// document is the trust policy. It panics on one that IAM would refuse.
func (t Trust) document() *policyDocument {
	if t.Policy != "" {
		doc, err := parseTrust(t.Policy)
		if err != nil {
			panic("awstest: trust policy: " + err.Error())
		}
		return doc
	}
	conditions := map[string]map[string]oneOrMore[string]{}
	add := func(wanted bool, operator, key string, values ...string) {
		if !wanted {
			return
		}
		if conditions[operator] == nil {
			conditions[operator] = map[string]oneOrMore[string]{}
		}
		conditions[operator][key] = values
	}
	add(t.ExternalID != "", "StringEquals", "sts:ExternalId", t.ExternalID)
	add(t.SessionName != "", "StringEquals", "sts:RoleSessionName", t.SessionName)
	add(t.SourceIdentity != "", "StringEquals", "sts:SourceIdentity", t.SourceIdentity)
	add(t.RequireMFA, "Bool", "aws:MultiFactorAuthPresent", "true")
	add(t.MaxMFAAge > 0, "NumericLessThan", "aws:MultiFactorAuthAge", strconv.FormatFloat(t.MaxMFAAge.Seconds(), 'f', -1, 64))
	add(len(t.SourceIPs) > 0, "IpAddress", "aws:SourceIp", t.SourceIPs...)
	doc := &policyDocument{Version: variablesSince}
	allow := func(wanted bool, action string, conditions map[string]map[string]oneOrMore[string]) {
		if wanted {
			doc.Statement = append(doc.Statement, statement{
				Effect:    "Allow",
				Principal: principals{"AWS": slices.Clone(t.Principals)},
				Action:    oneOrMore[string]{action},
				Condition: conditions,
			})
		}
	}
	allow(true, "sts:AssumeRole", conditions)
	allow(t.TagSession, "sts:TagSession", nil)
	allow(t.SetSourceIdentity, "sts:SetSourceIdentity", nil)
	return doc
}

// authorizeAssume checks the identity's and the role's side. An unknown role and a refused one look the
// same, at AWS too. The caller holds mu.
func (s *identities) authorizeAssume(who *caller, in assumeRoleInput, mfaAt time.Time) *refusal {
	r := s.roles[in.roleARN]
	facts := who.assumeFacts(mfaAt, s.now())
	sees := func(action string, keys map[string]string) *refusal {
		a := asked{action: action, resource: in.roleARN, facts: maps.Clone(facts)}
		maps.Copy(a.facts, keys)
		if action != "sts:SetSourceIdentity" {
			a = a.withTags(in.tags)
		}
		reason, ok := s.authorizeRole(who, r, a)
		if ok {
			return nil
		}
		return &refusal{http.StatusForbidden, "AccessDenied", notAuthorized(who, action, in.roleARN, reason)}
	}
	if ref := sees("sts:AssumeRole", in.conditionKeys()); ref != nil {
		return ref
	}
	if len(in.tags) > 0 {
		if ref := sees("sts:TagSession", nil); ref != nil {
			return ref
		}
	}
	if source := in.effectiveSource(who); source != "" {
		if ref := sees("sts:SetSourceIdentity", map[string]string{"sts:sourceidentity": source}); ref != nil {
			return ref
		}
		if inherited := in.inherited(who); inherited != "" && inherited != source {
			return &refusal{http.StatusForbidden, "AccessDenied", notAuthorized(who, "sts:SetSourceIdentity", in.roleARN, "")}
		}
	}
	return nil
}

// authorizeRole asks the identity's policies and the role's trust policy. Both must allow, but within one
// account a trust policy that names the user is enough.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-same-account.html
func (s *identities) authorizeRole(who *caller, r *role, a asked) (reason string, ok bool) {
	identity, reason := s.effectOf(who, a)
	if identity == effectDeny || r == nil && identity == effectNone {
		return reason, false
	}
	if r == nil {
		return "", false
	}
	switch r.trust.effect(a, who.principals()...) {
	case effectDeny:
		return " with an explicit deny in a resource-based policy", false
	case effectNone:
		return "", false
	case effectAllow:
	}
	named := who.userARN != "" && who.account == r.Account && r.trust.effect(a, who.userARN) == effectAllow
	if identity == effectNone && !named {
		return reason, false
	}
	return "", true
}

// principals are the names by which a trust policy may name the caller.
func (c *caller) principals() []string {
	names := []string{"arn:aws:iam::" + c.account + ":root", c.account, c.arn}
	if c.userARN != "" {
		return append(names, c.userARN)
	}
	return append(names, c.roleARN)
}

// assumeFacts are the global condition keys of AssumeRole. A zero mfaAt means that the request carries no
// MFA.
func (c *caller) assumeFacts(mfaAt, now time.Time) map[string]string {
	facts := c.conditionKeys(now)
	if !mfaAt.IsZero() {
		facts["aws:multifactorauthpresent"] = "true"
		facts["aws:multifactorauthage"] = strconv.FormatFloat(now.Sub(mfaAt).Seconds(), 'f', -1, 64)
	}
	return facts
}

// conditionKeys are those of AssumeRole itself. What was not sent is not there.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-sts
func (in assumeRoleInput) conditionKeys() map[string]string {
	keys := map[string]string{}
	for key, value := range map[string]string{
		"sts:rolesessionname": in.sessionName, "sts:externalid": in.externalID, "sts:sourceidentity": in.sourceIdentity,
	} {
		if value != "" {
			keys[key] = value
		}
	}
	return keys
}
