package doctor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/assumebot/assumebot/broker/policy"
)

// ownName is the policy variable that stands for the name of the IAM user who calls.
const ownName = "${aws:username}"

// conditions looks at when a statement lets somebody assume the role: whether it demands
// MFA, whether it binds the session name, and whether what the bot sends meets it.
func (j *judgement) conditions(st trustStatement, a policy.Account, callers []caller) {
	mfa, bound, external := false, false, false
	for operator, keys := range st.Condition {
		for key, values := range keys {
			switch c := (condition{operator, strings.ToLower(key), values}); c.key {
			case "aws:multifactorauthpresent":
				mfa = j.present(c) || mfa
			case "aws:multifactorauthage":
				mfa = j.known(c, "NumericLessThan", "NumericLessThanEquals") || mfa
			case "sts:rolesessionname":
				bound = true
				j.sessionName(c, callers)
			case "sts:sourceidentity":
				if j.known(c, "StringEquals", "StringLike") && !a.SourceIdentity {
					j.wrong = append(j.wrong, "it demands a source identity: set source_identity: true")
				}
			case "sts:externalid":
				external = true
				j.externalID(c, a)
			case "aws:sourceip", "aws:sourcevpce", "aws:sourcevpc":
				// Only AWS sees from where the bot comes.
				j.known(c, "IpAddress", "NotIpAddress", "StringEquals", "StringLike", "StringNotEquals", "StringNotLike")
			default:
				j.unread = append(j.unread, "the condition "+c.String())
			}
		}
	}
	if !mfa && a.MFA != policy.MFANone {
		j.wrong = append(j.wrong, "it does not demand aws:MultiFactorAuthPresent, so that whoever has a key needs no code")
	}
	if !external && a.ExternalID != "" {
		j.odd = append(j.odd, "it does not demand the account's external ID")
	}
	if !bound {
		j.odd = append(j.odd, "it does not bind sts:RoleSessionName to "+ownName+", so that a person could take another's name")
	}
}

// A condition is one key of a statement's, with its operator.
type condition struct {
	operator, key string
	values        words
}

func (c condition) String() string {
	return clean(fmt.Sprintf("%s %s", c.operator, c.key))
}

// known reports whether the operator is one of those that are understood with the key.
func (j *judgement) known(c condition, operators ...string) bool {
	if slices.Contains(operators, c.operator) && len(c.values) > 0 {
		return true
	}
	j.unread = append(j.unread, "the condition "+c.String())
	return false
}

// present is of the condition that there was MFA. Its …IfExists holds for a long-term key
// without any, since that has no such key at all.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-multifactorauthpresent
func (j *judgement) present(c condition) bool {
	switch {
	case c.operator == "BoolIfExists":
		j.wrong = append(j.wrong, "BoolIfExists lets through whoever has a key and no MFA: write Bool")
		return true
	case !j.known(c, "Bool"):
		return false
	case slices.ContainsFunc(c.values, func(v string) bool { return !strings.EqualFold(v, "true") }):
		j.wrong = append(j.wrong, "it does not demand that aws:MultiFactorAuthPresent is true")
		return true
	}
	return true
}

// sessionName is of what a session must be called: as the IAM user is.
func (j *judgement) sessionName(c condition, callers []caller) {
	if !j.known(c, "StringEquals", "StringLike") {
		return
	}
	if !slices.Equal(c.values, words{ownName}) {
		j.unread = append(j.unread, "sts:RoleSessionName is to be "+clean(strings.Join(c.values, " or ")))
		return
	}
	for _, who := range callers {
		if who.session != who.iamName() {
			j.wrong = append(j.wrong, fmt.Sprintf("it binds the session name to the IAM user's, %s, and %s is called %s: set session_name",
				who.iamName(), who.name, who.session))
		}
	}
}

func (j *judgement) externalID(c condition, a policy.Account) {
	switch {
	case !j.known(c, "StringEquals"):
	case a.ExternalID == "":
		j.wrong = append(j.wrong, "it demands an external ID, and the account has none: set external_id")
	case !slices.Contains(c.values, a.ExternalID):
		j.wrong = append(j.wrong, "it demands another external ID than the account's")
	}
}
