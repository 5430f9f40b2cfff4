package doctor

import (
	"context"
	"slices"
	"strings"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/text"
)

// compare is what to do about a trust policy.
const compare = "compare it with iam/role-trust-policy.json, which `assumebot init` wrote with your numbers, or with the example of that name in deploy/iam"

// mostReaders bounds how many keys are tried to read one role.
const mostReaders = 3

// roles looks at each Account's role as far as a key may read it. IAM shows a role to its
// own account alone, and no role is assumed to look at another.
func (s *awsSurvey) roles(ctx context.Context) []Finding {
	var looks []look
	for a := range s.Config.Broker.Accounts.All() {
		if a.HasRole() {
			looks = append(looks, look{"aws-role", a.Name, keyLimit, func(ctx context.Context) []Finding { return s.role(ctx, *a) }})
		}
	}
	return together(ctx, atOnce, looks...)
}

func (s *awsSurvey) role(ctx context.Context, a policy.Account) []Finding {
	account := a.RoleARN.AccountID()
	read := "read it there: aws iam get-role --role-name " + a.RoleARN.RoleName() + "; and " + compare
	var readers []signer
	for _, one := range s.everybody() {
		if one.works() && one.who.Account == account && len(readers) < mostReaders {
			readers = append(readers, one)
		}
	}
	if len(readers) == 0 {
		return notTold(read, "the bot has no key of account %s, which alone IAM shows the role to", account)
	}
	var err error
	for _, one := range readers {
		var r awsapi.Role
		if r, err = s.aws.Role(ctx, one.key, a.RoleARN.RoleName()); err == nil {
			return s.judge(a, r)
		}
		if awsapi.RefusedAs(err, "NoSuchEntity") {
			return wrong("make it, or correct role_arn", "account %s has no role %s", account, a.RoleARN.RoleName())
		}
	}
	return iamSilent(read, err)
}

// judge compares a role with what the Account asks of it.
func (s *awsSurvey) judge(a policy.Account, r awsapi.Role) []Finding {
	if r.ARN != string(a.RoleARN) {
		return wrong("write that under role_arn", "IAM has the role as %s", clean(r.ARN))
	}
	j := judgeTrust(r.Trust, a, s.callers(a))
	if r.Longest < a.MaxDuration {
		j.wrong = append(j.wrong, "its longest session is "+text.FormatDuration(r.Longest)+", and duration.max is "+text.FormatDuration(a.MaxDuration))
	}
	switch {
	case a.Revoker == "":
	case r.Boundary == "":
		j.wrong = append(j.wrong, "it has no permissions boundary, so that its revoker could give it rights")
	case strings.HasSuffix(r.Boundary, ":iam::aws:policy/AdministratorAccess"):
		j.odd = append(j.odd, "its permissions boundary is AdministratorAccess, which bounds nothing")
	}
	all := strings.Join(slices.Concat(j.wrong, j.odd), "; ")
	switch {
	case len(j.wrong) > 0:
		return wrong(compare, "%s", all)
	case len(j.unread) > 0:
		return notTold("read it", "its trust policy has what is not judged here: %s", strings.Join(slices.Concat(j.unread, j.odd), "; "))
	case len(j.odd) > 0:
		return warn(compare, "%s", all)
	}
	if a.MFA == policy.MFANone {
		return fine("it trusts the users by name and binds the session name; no MFA, as the config says")
	}
	return fine("it trusts the users by name, demands MFA and binds the session name")
}

// callers are the users whose keys work. Who is in a user group of Slack is not asked here.
func (s *awsSurvey) callers(a policy.Account) []caller {
	var all []caller
	for _, one := range s.users {
		if one.works() {
			all = append(all, caller{one.user.Name, one.user.SessionName, one.who.ARN, s.need(a, one.user.Slack)})
		}
	}
	return all
}

func (s *awsSurvey) need(a policy.Account, user string) need {
	rules := s.Config.Broker
	allowed, denied := rules.OnList(a.Allowed(), user, nil), rules.OnList(a.Deny, user, nil)
	switch {
	case denied.Yes, !allowed.Yes && !allowed.Unknown:
		return needless
	case denied.Unknown, !allowed.Yes:
		return unknown
	}
	return required
}
