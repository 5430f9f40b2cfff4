package terraform

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/assumebot/assumebot/broker/awstest"
)

// asks is a question of alice's, with her key alone; change alters it.
func asks(person, action, resource string, facts map[string]string) awstest.Question {
	all := map[string]string{"aws:username": person, "aws:CurrentTime": "2026-11-27T09:00:00Z", "aws:SourceIp": "198.51.100.7"}
	maps.Copy(all, facts)
	arn := "arn:aws:iam::" + hub + ":user/" + person
	return awstest.Question{Action: action, Resource: resource, Facts: all, Principals: []string{arn, hub, "arn:aws:iam::" + hub + ":root"}}
}

var withMFA = map[string]string{"aws:MultiFactorAuthPresent": "true"}

func later(facts map[string]string) map[string]string {
	out := map[string]string{"aws:CurrentTime": "2026-12-01T17:00:01Z"}
	maps.Copy(out, facts)
	return out
}

func user(name string) string { return "arn:aws:iam::" + hub + ":user/" + name }
func mfa(name string) string  { return "arn:aws:iam::" + hub + ":mfa/" + name }

// TestAPersonManagesTheirOwnDevicesAlone: bob may add a device until soon, with MFA; carol her first one, without.
func TestAPersonManagesTheirOwnDevicesAlone(t *testing.T) {
	h := with(t, "hub", hub, hubVariables)
	for _, c := range []struct {
		why, person, action, resource string
		facts                         map[string]string
		want                          bool
	}{
		{"list own devices, as check --live does", "alice", "iam:ListMFADevices", user("alice"), nil, true},
		{"list another's", "alice", "iam:ListMFADevices", user("bob"), nil, false},
		{"resynchronise, with MFA", "alice", "iam:ResyncMFADevice", user("alice"), withMFA, true},
		{"resynchronise with a stolen key", "alice", "iam:ResyncMFADevice", user("alice"), nil, false},
		{"take the old device away, with MFA", "alice", "iam:DeactivateMFADevice", user("alice"), withMFA, true},
		{"and remove it", "alice", "iam:DeleteVirtualMFADevice", mfa("alice/phone"), withMFA, true},
		{"take it away with a stolen key", "alice", "iam:DeactivateMFADevice", user("alice"), nil, false},
		{"remove it with a stolen key", "alice", "iam:DeleteVirtualMFADevice", mfa("alice"), nil, false},
		{"take another's away", "alice", "iam:DeactivateMFADevice", user("bob"), withMFA, false},
		{"remove another's", "alice", "iam:DeleteVirtualMFADevice", mfa("bob"), withMFA, false},
		{"one whose name begins alike", "alice", "iam:DeleteVirtualMFADevice", mfa("alice-b"), withMFA, false},
		{"add a device with one stolen code", "alice", "iam:EnableMFADevice", user("alice"), withMFA, false},
		{"make one", "alice", "iam:CreateVirtualMFADevice", mfa("alice"), withMFA, false},
		{"add a device with a stolen key", "alice", "iam:EnableMFADevice", user("alice"), nil, false},

		{"make a device while enrolling", "bob", "iam:CreateVirtualMFADevice", mfa("bob/new"), withMFA, true},
		{"add it", "bob", "iam:EnableMFADevice", user("bob"), withMFA, true},
		{"add it with a stolen key", "bob", "iam:EnableMFADevice", user("bob"), nil, false},
		{"add it too late", "bob", "iam:EnableMFADevice", user("bob"), later(withMFA), false},
		{"make it too late", "bob", "iam:CreateVirtualMFADevice", mfa("bob"), later(withMFA), false},
		{"add it to another", "bob", "iam:EnableMFADevice", user("carol"), withMFA, false},
		{"make another's", "bob", "iam:CreateVirtualMFADevice", mfa("carol"), withMFA, false},

		{"make the first device", "carol", "iam:CreateVirtualMFADevice", mfa("carol"), nil, true},
		{"add the first device", "carol", "iam:EnableMFADevice", user("carol"), nil, true},
		{"add the first too late", "carol", "iam:EnableMFADevice", user("carol"), later(nil), false},
		{"the first of another", "carol", "iam:EnableMFADevice", user("alice"), nil, false},

		{"list devices where that is not theirs", "dave", "iam:ListMFADevices", user("dave"), withMFA, false},
		{"take one away there", "dave", "iam:DeactivateMFADevice", user("dave"), withMFA, false},

		{"make an access key", "alice", "iam:CreateAccessKey", user("alice"), withMFA, false},
		{"a password for the console", "alice", "iam:CreateLoginProfile", user("alice"), withMFA, false},
		{"a policy of one's own", "alice", "iam:PutUserPolicy", user("alice"), withMFA, false},
		{"detach the policy", "alice", "iam:DetachUserPolicy", user("alice"), withMFA, false},
		{"write the policy anew", "alice", "iam:CreatePolicyVersion", "arn:aws:iam::" + hub + ":policy/assumebot-alice", withMFA, false},
		{"change the bot's role", "alice", "iam:UpdateAssumeRolePolicy", botRole, withMFA, false},
		{"read a key", "alice", "secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:" + hub + ":secret:assumebot/bob-AbCdEf", withMFA, false},
		{"a role of the list", "alice", "sts:AssumeRole", "arn:aws:iam::222222222222:role/OnCall", withMFA, true},
		{"another role", "bob", "sts:AssumeRole", "arn:aws:iam::222222222222:role/OnCall", withMFA, false},
		{"the revoker", "alice", "sts:AssumeRole", revokerRole, withMFA, false},
		{"the bot", "alice", "sts:AssumeRole", botRole, withMFA, false},
		{"delete the record", "alice", "s3:DeleteObjectVersion", "arn:aws:s3:::record/assumebot/tile/0/000", withMFA, false},
	} {
		policy := h.attribute(t, "aws_iam_policy.person", c.person, "policy")
		if got := allowed(t, asks(c.person, c.action, c.resource, c.facts), policy); got != c.want {
			t.Errorf("%s: %s: got %v, want %v", c.person, c.why, got, c.want)
		}
	}
}

// TestTheRoleTrustsThePersonWithMFAUnderTheirOwnName asks the trust policy of the module, with and without the
// bot's address.
func TestTheRoleTrustsThePersonWithMFAUnderTheirOwnName(t *testing.T) {
	role := "arn:aws:iam::" + prod + ":role/OnCall"
	good := map[string]string{
		"aws:MultiFactorAuthPresent": "true", "sts:RoleSessionName": "alice", "sts:SourceIdentity": "alice", "sts:ExternalId": externalID,
		"aws:SourceIp": "192.0.2.10",
	}
	for _, ips := range [][]string{nil, {"192.0.2.10/32"}} {
		s := with(t, "spoke", prod, changed(t, spokeVariables, map[string]any{"source_ips": ips}))
		if ips == nil {
			s = with(t, "spoke", prod, spokeVariables)
		}
		trust := s.attribute(t, "aws_iam_role.person", "OnCall", "assume_role_policy")
		for name, c := range map[string]struct {
			person string
			change map[string]string // an empty value is one that is not sent
			want   bool
		}{
			"as the bot asks":                {"alice", nil, true},
			"without MFA":                    {"alice", map[string]string{"aws:MultiFactorAuthPresent": ""}, false},
			"with MFA that was not shown":    {"alice", map[string]string{"aws:MultiFactorAuthPresent": "false"}, false},
			"another's session name":         {"alice", map[string]string{"sts:RoleSessionName": "bob"}, false},
			"in capitals":                    {"alice", map[string]string{"sts:RoleSessionName": "Alice"}, false},
			"another's source identity":      {"alice", map[string]string{"sts:SourceIdentity": "bob"}, false},
			"no source identity":             {"alice", map[string]string{"sts:SourceIdentity": ""}, false},
			"another external ID":            {"alice", map[string]string{"sts:ExternalId": "x"}, false},
			"a role, which has no user name": {"alice", map[string]string{"aws:username": ""}, false},
			"from another address":           {"alice", map[string]string{"aws:SourceIp": "198.51.100.7"}, ips == nil},
			"from no address":                {"alice", map[string]string{"aws:SourceIp": ""}, ips == nil},
			"whom it does not name":          {"mallory", map[string]string{"sts:RoleSessionName": "mallory", "sts:SourceIdentity": "mallory"}, false},
		} {
			q := asks(c.person, "sts:AssumeRole", role, good)
			for key, value := range c.change {
				if q.Facts[key] = value; value == "" {
					delete(q.Facts, key)
				}
			}
			if got := allowed(t, q, trust); got != c.want {
				t.Errorf("%s, addresses %v: got %v, want %v", name, ips, got, c.want)
			}
		}
		other := asks("alice", "sts:SetSourceIdentity", role, map[string]string{"sts:SourceIdentity": "bob"})
		if allowed(t, other, trust) {
			t.Error("alice may set bob's source identity")
		}
	}
}

// TestARoleIsForThoseWhomItNames: OnCall of the example is alice's alone.
func TestARoleIsForThoseWhomItNames(t *testing.T) {
	s := with(t, "spoke", prod, changed(t, spokeVariables, map[string]any{"roles": map[string]any{
		"OnCall": map[string]any{"policies": []string{}, "at_most": []string{"s3:*"}, "people": []string{"alice"}},
	}}))
	trust := s.attribute(t, "aws_iam_role.person", "OnCall", "assume_role_policy")
	for person, want := range map[string]bool{"alice": true, "bob": false} {
		q := asks(person, "sts:AssumeRole", "", map[string]string{"aws:MultiFactorAuthPresent": "true", "sts:RoleSessionName": person,
			"sts:SourceIdentity": person, "sts:ExternalId": externalID})
		if got := allowed(t, q, trust); got != want {
			t.Errorf("%s: got %v, want %v", person, got, want)
		}
	}
}

// TestNothingLeadsOutOfTheBoundary is what a thief of the revoker gets: they put a policy on the role that allows
// everything, and then have what policy and boundary both allow.
func TestNothingLeadsOutOfTheBoundary(t *testing.T) {
	s := with(t, "spoke", prod, spokeVariables)
	const everything = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
	boundary := s.attribute(t, "aws_iam_policy.boundary", "OnCall", "policy")
	if got, want := s.attribute(t, "aws_iam_role.person", "OnCall", "permissions_boundary"), "arn:aws:iam::"+prod+":policy/OnCallBoundary"; got != want {
		t.Errorf("the role's boundary: got %s, want %s", got, want)
	}
	for action, want := range map[string]bool{
		"s3:ListAllMyBuckets": true, "ec2:DescribeInstances": true,
		"iam:CreateUser": false, "iam:PutRolePolicy": false, "iam:AttachRolePolicy": false, "iam:DeleteRolePermissionsBoundary": false,
		"iam:PutRolePermissionsBoundary": false, "iam:CreatePolicyVersion": false, "iam:PassRole": false, "iam:UpdateAssumeRolePolicy": false,
		"sts:AssumeRole": false, "organizations:LeaveOrganization": false, "lambda:CreateFunction": false, "kms:Decrypt": false,
	} {
		q := awstest.Question{Action: action, Resource: "arn:aws:iam::" + prod + ":role/OnCall"}
		if got := allowed(t, q, everything, boundary); got != want {
			t.Errorf("%s: got %v, want %v", action, got, want)
		}
	}
}

// TestTheRevokerTakesAwayFromItsOwnRolesAlone with two roles, each with a boundary of its own.
func TestTheRevokerTakesAwayFromItsOwnRolesAlone(t *testing.T) {
	own := "arn:aws:iam::" + prod + ":policy/Ours"
	s := with(t, "spoke", prod, changed(t, spokeVariables, map[string]any{"roles": map[string]any{
		"Developer": map[string]any{"policies": []string{}, "boundary_arn": own},
		"OnCall":    map[string]any{"policies": []string{}, "at_most": []string{"s3:*"}},
	}}))
	policy := s.attribute(t, "aws_iam_role_policy.revoker", "", "policy")
	role := func(name string) string { return "arn:aws:iam::" + prod + ":role/" + name }
	onCall := "arn:aws:iam::" + prod + ":policy/OnCallBoundary"
	for _, c := range []struct {
		action, resource, boundary string
		want                       bool
	}{
		{"iam:GetRolePolicy", role("OnCall"), "", true},
		{"iam:PutRolePolicy", role("OnCall"), onCall, true},
		{"iam:PutRolePolicy", role("Developer"), own, true},
		{"iam:PutRolePolicy", role("OnCall"), own, false},
		{"iam:PutRolePolicy", role("OnCall"), "", false},
		{"iam:PutRolePolicy", role("Admin"), onCall, false},
		{"iam:PutRolePolicy", revokerRole, "", false},
		{"iam:GetRolePolicy", role("Admin"), "", false},
		{"iam:DeleteRolePolicy", role("OnCall"), onCall, false},
		{"iam:AttachRolePolicy", role("OnCall"), onCall, false},
		{"iam:DeleteRolePermissionsBoundary", role("OnCall"), onCall, false},
		{"iam:UpdateAssumeRolePolicy", role("OnCall"), onCall, false},
	} {
		q := awstest.Question{Action: c.action, Resource: c.resource, Facts: map[string]string{}}
		if c.boundary != "" {
			q.Facts["iam:PermissionsBoundary"] = c.boundary
		}
		if got := allowed(t, q, policy); got != c.want {
			t.Errorf("%+v: got %v", c, got)
		}
	}
	trust := s.attribute(t, "aws_iam_role.revoker", "", "assume_role_policy")
	for name, c := range map[string]struct {
		who, session string
		want         bool
	}{
		"the bot": {botRole, "assumebot-revoker", true}, "the bot by another name": {botRole, "alice", false}, "alice": {user("alice"), "assumebot-revoker", false},
	} {
		q := awstest.Question{Action: "sts:AssumeRole", Principals: []string{c.who}, Facts: map[string]string{"sts:RoleSessionName": c.session}}
		if got := allowed(t, q, trust); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

// TestTheSecretsAreForTheBotAndTheHost: an administrator's own policy allows everything.
func TestTheSecretsAreForTheBotAndTheHost(t *testing.T) {
	execution, backup := "arn:aws:iam::"+hub+":role/ecsExecution", "arn:aws:iam::"+hub+":role/backup"
	h := with(t, "hub", hub, changed(t, hubVariables, map[string]any{"host_secret_readers": []string{execution}, "key_readers": []string{backup}}))
	key := h.attribute(t, "aws_secretsmanager_secret_policy.key", "alice", "policy")
	host := h.attribute(t, "aws_secretsmanager_secret_policy.host", "seal_keys", "policy")
	own := h.attribute(t, "aws_iam_role_policy.bot", "", "policy")
	name := func(secret string) string {
		return "arn:aws:secretsmanager:eu-west-1:" + hub + ":secret:" + secret + "-AbCdEf"
	}
	read := func(who, secret string) awstest.Question {
		return awstest.Question{
			Action: "secretsmanager:GetSecretValue", Resource: name(secret), Principals: []string{who}, Facts: map[string]string{"aws:PrincipalArn": who},
		}
	}
	for _, c := range []struct {
		why, policy string
		ask         awstest.Question
		want        awstest.Judgement
	}{
		{"the bot reads a key", own, read(botRole, "assumebot/alice"), awstest.Allows},
		{"and is not denied it", key, read(botRole, "assumebot/alice"), awstest.SaysNothing},
		{"nor who is named beside it", key, read(backup, "assumebot/alice"), awstest.SaysNothing},
		{"an administrator", key, read("arn:aws:iam::"+hub+":role/admin", "assumebot/alice"), awstest.Denies},
		{"alice herself", key, read(user("alice"), "assumebot/alice"), awstest.Denies},
		{"the bot reads no secret of its host", own, read(botRole, "assumebot-host/seal_keys"), awstest.SaysNothing},
		{"nor another's", own, read(botRole, "payroll/database"), awstest.SaysNothing},
		{"the host reads its own", host, read(execution, "assumebot-host/seal_keys"), awstest.SaysNothing},
		{"nobody else", host, read(botRole, "assumebot-host/seal_keys"), awstest.Denies},
	} {
		if got := says(t, c.policy, c.ask); got != c.want {
			t.Errorf("%s: got %s, want %s", c.why, got, c.want)
		}
	}
	if got := h.attribute(t, "aws_secretsmanager_secret.key", "alice", "name"); got != "assumebot/alice" {
		t.Errorf("got the secret %s, want the one that the config names", got)
	}
	for _, address := range []string{"aws_secretsmanager_secret.key", "aws_secretsmanager_secret.host"} {
		if v, err := h.resource(address); err != nil || v.LengthInt() == 0 {
			t.Errorf("%s: got %v, %v", address, v, err)
		}
	}
	for address := range h.resources {
		for _, kind := range []string{"aws_secretsmanager_secret_version", "aws_iam_access_key", "aws_iam_virtual_mfa_device"} {
			if strings.HasPrefix(address, kind+".") {
				t.Errorf("%s would stand in the state in clear", address)
			}
		}
	}
}

// TestTheBotIsItsHostAlone: nobody else becomes the bot.
func TestTheBotIsItsHostAlone(t *testing.T) {
	const provider = "arn:aws:iam::" + hub + ":oidc-provider/oidc.example.com/id/1"
	h := with(t, "hub", hub, changed(t, hubVariables, map[string]any{"bot_services": []string{"pods.eks.amazonaws.com"}, "bot_oidc": map[string]string{
		"provider_arn": provider, "issuer": "oidc.example.com/id/1", "subject": "system:serviceaccount:assumebot:assumebot",
	}}))
	trust := h.attribute(t, "aws_iam_role.bot", "", "assume_role_policy")
	token := func(subject string) map[string]string {
		return map[string]string{"oidc.example.com/id/1:sub": subject, "oidc.example.com/id/1:aud": "sts.amazonaws.com"}
	}
	for _, c := range []struct {
		who, action string
		facts       map[string]string
		want        bool
	}{
		{"pods.eks.amazonaws.com", "sts:AssumeRole", nil, true},
		{"pods.eks.amazonaws.com", "sts:TagSession", nil, true},
		{"ec2.amazonaws.com", "sts:AssumeRole", nil, false},
		{provider, "sts:AssumeRoleWithWebIdentity", token("system:serviceaccount:assumebot:assumebot"), true},
		{provider, "sts:AssumeRoleWithWebIdentity", token("system:serviceaccount:default:default"), false},
		{provider, "sts:AssumeRoleWithWebIdentity", nil, false},
		{user("alice"), "sts:AssumeRole", withMFA, false},
		{"arn:aws:iam::" + hub + ":root", "sts:AssumeRole", nil, false},
	} {
		if got := allowed(t, awstest.Question{Action: c.action, Principals: []string{c.who}, Facts: c.facts}, trust); got != c.want {
			t.Errorf("%s %s %v: got %v, want %v", c.who, c.action, c.facts, got, c.want)
		}
	}
}

// instances is how many there are of a resource with count or for_each.
func (in *instance) instances(t *testing.T, address string) int {
	t.Helper()
	v, err := in.resource(address)
	if err != nil {
		t.Fatal(err)
	}
	if v.Type().IsTupleType() || v.Type().IsObjectType() && v.Type().Equals(cty.EmptyObject) {
		return v.LengthInt()
	}
	return len(v.AsValueMap())
}

func TestWhatIsLeftOutIsNotMade(t *testing.T) {
	h := with(t, "hub", hub, `{"people": {"alice": {"roles": ["arn:aws:iam::222222222222:role/OnCall"], "create_user": false}},
		"bot_services": ["ecs-tasks.amazonaws.com"]}`)
	s := with(t, "spoke", prod, changed(t, spokeVariables, map[string]any{"bot_role_arn": nil}))
	a := with(t, "audit", audit, `{"bucket": "my-record", "bot_role_arn": "`+botRole+`"}`)
	for in, addresses := range map[*instance][]string{
		h: {"aws_iam_user.person", "aws_iam_instance_profile.bot", "aws_secretsmanager_secret_policy.host"},
		s: {"aws_iam_role.revoker", "aws_iam_role_policy.revoker"}, a: {"aws_glue_catalog_table.cloudtrail"},
	} {
		if err := in.everything(); err != nil {
			t.Error(err)
		}
		for _, address := range addresses {
			if n := in.instances(t, address); n != 0 {
				t.Errorf("%s: got %d, want none", address, n)
			}
		}
	}
	if out, err := s.output("revoker_arn"); err != nil || !out.IsNull() {
		t.Errorf("revoker_arn: got %v, %v, want null", out, err)
	}
	if got := fmt.Sprint(h.attribute(t, "aws_iam_role_policy.bot", "", "policy")); strings.Contains(got, "sts:AssumeRole") || strings.Contains(got, "s3:") {
		t.Errorf("the bot has more than it needs: %s", got)
	}
}
