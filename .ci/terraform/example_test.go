package terraform

import (
	"strings"
	"testing"

	"github.com/assumebot/assumebot/broker/awstest"
)

const exampleVariables = `{"accounts": {"hub": "111111111111", "prod": "222222222222", "audit": "555555555555"},
	"external_id": "replace-with-a-random-one", "bot_ip": "192.0.2.10/32", "bucket": "my-record"}`

// TestTheExampleFitsTogether asks across its modules: what one gives another is what that one expects.
func TestTheExampleFitsTogether(t *testing.T) {
	in := with(t, "examples/whole", hub, exampleVariables)
	if err := in.everything(); err != nil {
		t.Fatal(err)
	}
	module := func(name string) *instance {
		child, err := in.child(name)
		if err != nil {
			t.Fatal(err)
		}
		return child
	}
	people, roles := module("hub"), module("prod")
	for role, who := range map[string]map[string]bool{"OnCall": {"alice": true, "bob": false}, "Developer": {"alice": true, "bob": true}} {
		for person, want := range who {
			q := asks(person, "sts:AssumeRole", "arn:aws:iam::"+prod+":role/"+role, map[string]string{"aws:MultiFactorAuthPresent": "true",
				"sts:RoleSessionName": person, "sts:SourceIdentity": person, "sts:ExternalId": externalID, "aws:SourceIp": "192.0.2.10"})
			own, trust := people.attribute(t, "aws_iam_policy.person", person, "policy"), roles.attribute(t, "aws_iam_role.person", role, "assume_role_policy")
			if got := allowed(t, q, own, trust); got != want {
				t.Errorf("%s as %s: got %v, want %v", person, role, got, want)
			}
		}
	}
	revoke := awstest.Question{Action: "sts:AssumeRole", Resource: revokerRole, Principals: []string{botRole},
		Facts: map[string]string{"sts:RoleSessionName": "assumebot-revoker"}}
	if !allowed(t, revoke, people.attribute(t, "aws_iam_role_policy.bot", "", "policy"), roles.attribute(t, "aws_iam_role.revoker", "", "assume_role_policy")) {
		t.Error("the bot does not get its revoker")
	}
	keep := awstest.Question{Action: "s3:PutObject", Resource: "arn:aws:s3:::my-record/assumebot/checkpoint", Principals: []string{botRole},
		Facts: map[string]string{"aws:PrincipalArn": botRole, "aws:SecureTransport": "true"}}
	if !allowed(t, keep, people.attribute(t, "aws_iam_role_policy.bot", "", "policy"), module("audit").attribute(t, "aws_s3_bucket_policy.record", "", "policy")) {
		t.Error("the bot does not keep the record")
	}
	config, err := in.output("config")
	if err != nil || config.GetAttr("archive").AsString() != "s3://my-record/assumebot" || config.GetAttr("revoker").AsString() != revokerRole {
		t.Errorf("got %#v, %v", config, err)
	}
}

// TestTheModulesRefuseWhatWouldOpenThem with a message that says what to write.
func TestTheModulesRefuseWhatWouldOpenThem(t *testing.T) {
	role := func(change map[string]any) map[string]any {
		r := map[string]any{"policies": []string{}, "at_most": []string{"s3:*"}}
		for key, v := range change {
			r[key] = v
		}
		return map[string]any{"roles": map[string]any{"OnCall": r}}
	}
	person := func(p map[string]any) map[string]any { return map[string]any{"people": map[string]any{"alice": p}} }
	onCall := []string{"arn:aws:iam::222222222222:role/OnCall"}
	many := []string{}
	for range 130 {
		many = append(many, "arn:aws:iam::222222222222:role/ARoleWithQuiteALongName")
	}
	for _, c := range []struct {
		name, module string
		change       map[string]any
		want         string
	}{
		{"every role", "hub", person(map[string]any{"roles": []string{"arn:aws:iam::222222222222:role/*"}}), "no wildcard"},
		{"no role", "hub", person(map[string]any{"roles": []string{}}), "at least one role"},
		{"a first device at any time", "hub", person(map[string]any{"roles": onCall, "first_device": true}), "first_device needs it"},
		{"a time that is none", "hub", person(map[string]any{"roles": onCall, "enrol_until": "tomorrow"}), "a time in UTC"},
		{"too many roles", "hub", person(map[string]any{"roles": many}), "6,144 characters"},
		{"an odd name", "hub", map[string]any{"people": map[string]any{"a/b": map[string]any{"roles": onCall}}}, "as IAM names a user"},
		{"a host that is none", "hub", map[string]any{"bot_services": []string{"lambda.amazonaws.com"}}, "ec2.amazonaws.com"},
		{"no host", "hub", map[string]any{"bot_services": []string{}}, "give bot_services or bot_oidc"},
		{"every service account", "hub", map[string]any{
			"bot_oidc": map[string]string{"provider_arn": "a", "issuer": "b", "subject": "system:serviceaccount:*:*"},
		}, "one service account"},
		{"every revoker", "hub", map[string]any{"revokers": []string{"*"}}, "no wildcard"},
		{"all secrets", "hub", map[string]any{"secret_path": "*"}, "no wildcard"},
		{"the keys of all users", "hub", map[string]any{"rotate_keys": true}, "needs a path of the bot's users"},
		{"the keys of all users, written out", "hub", map[string]any{"rotate_keys": true, "path": "/"}, "needs a path of the bot's users"},
		{"every path", "hub", map[string]any{"path": "/*/"}, "no wildcard"},
		{"a path that others begin with", "hub", map[string]any{"path": "/assumebot"}, "begins and ends with a slash"},
		{"an empty path", "hub", map[string]any{"path": ""}, "begins and ends with a slash"},
		{"a path without a name", "hub", map[string]any{"path": "//"}, "begins and ends with a slash"},
		{"a path of policy variables", "hub", map[string]any{"path": "/${aws:username}/"}, "no wildcard"},
		{"too long a path", "hub", map[string]any{"path": "/" + strings.Repeat("a", 511) + "/"}, "begins and ends with a slash"},
		{"a whole account", "spoke", map[string]any{"people": map[string]string{"all": "arn:aws:iam::111111111111:root"}}, "no account, no wildcard"},
		{"nobody", "spoke", map[string]any{"people": map[string]string{}}, "each by its ARN"},
		{"no boundary", "spoke", role(map[string]any{"at_most": []string{}}), "needs a permissions boundary"},
		{"a boundary of everything", "spoke", role(map[string]any{"at_most": []string{"*"}}), "no boundary"},
		{"every service", "spoke", role(map[string]any{"at_most": []string{"*:*"}}), "no boundary"},
		{"IAM in the boundary", "spoke", role(map[string]any{"at_most": []string{"iam:PassRole"}}), "gets out of its boundary"},
		{"STS in the boundary", "spoke", role(map[string]any{"at_most": []string{"s3:*", "sts:AssumeRole"}}), "gets out of its boundary"},
		{"in capitals", "spoke", role(map[string]any{"at_most": []string{"IAM:*"}}), "in small letters"},
		{"two boundaries", "spoke", role(map[string]any{"boundary_arn": "arn:aws:iam::222222222222:policy/B"}), "either at_most or boundary_arn"},
		{"too long a session", "spoke", role(map[string]any{"max_session": 86400}), "3600 to 43200"},
		{"all of the Internet", "spoke", map[string]any{"source_ips": []string{"0.0.0.0/0"}}, "not all of the Internet"},
		{"an address that is none", "spoke", map[string]any{"source_ips": []string{"192.0.2.10"}}, "networks such as"},
		{"everybody's revoker", "spoke", map[string]any{"bot_role_arn": "*"}, "no wildcard"},
		{"a short external ID", "spoke", map[string]any{"external_id": "x"}, "8 to 1,224"},
		{"everybody writes", "audit", map[string]any{"bot_role_arn": "*"}, "no wildcard"},
		{"everybody reads", "audit", map[string]any{"readers": []string{"*"}}, "no wildcard"},
		{"a prefix with a wildcard", "audit", map[string]any{"prefix": "*"}, "with no slash at either end"},
		{"a bucket that is none", "audit", map[string]any{"bucket": "My_Bucket"}, "small letters"},
		{"one account for all", "examples/whole", map[string]any{"accounts": map[string]string{"hub": hub, "prod": hub, "audit": hub}}, "three accounts"},
	} {
		variables := map[string]string{"hub": hubVariables, "spoke": spokeVariables, "audit": `{"bucket": "my-record", "bot_role_arn": "` + botRole + `"}`,
			"examples/whole": exampleVariables}[c.module]
		if err := with(t, c.module, prod, variables).everything(); err != nil {
			t.Fatalf("%s as it should be: %v", c.module, err)
		}
		if err := with(t, c.module, prod, changed(t, variables, c.change)).everything(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %s: got %v, want a refusal that says %q", c.module, c.name, err, c.want)
		}
	}
}
