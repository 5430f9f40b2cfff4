package terraform

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/assumebot/assumebot/broker/awstest"
)

// The accounts of the examples: IAM users and the bot, roles, and the record.
const (
	hub   = "111111111111"
	prod  = "222222222222"
	audit = "555555555555"

	botRole     = "arn:aws:iam::" + hub + ":role/assumebot"
	revokerRole = "arn:aws:iam::" + prod + ":role/AssumebotRevoker"
	externalID  = "replace-with-a-random-one"
	soon        = "2026-12-01T17:00:00Z"
)

func given(t *testing.T, text string) map[string]cty.Value {
	t.Helper()
	kind, err := ctyjson.ImpliedType([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	v, err := ctyjson.Unmarshal([]byte(text), kind)
	if err != nil {
		t.Fatal(err)
	}
	return v.AsValueMap()
}

// with opens a module of deploy/terraform with its variables, which are JSON.
func with(t *testing.T, name, account, variables string) *instance {
	t.Helper()
	in, err := open(root+"/"+name, account, given(t, variables))
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// everything evaluates all that the module makes, and all its outputs.
func (in *instance) everything() error {
	for name := range in.variables {
		if _, err := in.variable(name); err != nil {
			return err
		}
	}
	for address := range in.resources {
		if _, err := in.resource(address); err != nil {
			return err
		}
	}
	for name := range in.outputs {
		if _, err := in.output(name); err != nil {
			return err
		}
	}
	for name := range in.calls {
		child, err := in.child(name)
		if err != nil {
			return err
		}
		if err := child.everything(); err != nil {
			return fmt.Errorf("module %s: %w", name, err)
		}
	}
	return nil
}

// attribute is a text of what a resource says: of the instance that key names, where there are many.
func (in *instance) attribute(t *testing.T, address, key, name string) string {
	t.Helper()
	v, err := in.resource(address)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case v.Type().IsTupleType():
		v = v.Index(cty.Zero)
	case key != "":
		v = v.GetAttr(key)
	}
	return v.GetAttr(name).AsString()
}

// The hub and the spoke, with what deploy/iam has as examples.
const (
	hubVariables = `{
		"people": {
			"alice": {"roles": ["arn:aws:iam::222222222222:role/OnCall", "arn:aws:iam::333333333333:role/Developer", "arn:aws:iam::444444444444:role/Vault"]},
			"bob": {"roles": ["arn:aws:iam::333333333333:role/Developer"], "enrol_until": "2026-12-01T17:00:00Z"},
			"carol": {"roles": ["arn:aws:iam::333333333333:role/Developer"], "enrol_until": "2026-12-01T17:00:00Z", "first_device": true},
			"dave": {"roles": ["arn:aws:iam::222222222222:role/OnCall", "arn:aws:iam::333333333333:role/Developer", "arn:aws:iam::444444444444:role/Vault"],
				"manage_devices": false}
		},
		"revokers": ["arn:aws:iam::222222222222:role/AssumebotRevoker", "arn:aws:iam::333333333333:role/AssumebotRevoker",
			"arn:aws:iam::444444444444:role/AssumebotRevoker"]
	}`
	spokeVariables = `{
		"people": {"alice": "arn:aws:iam::111111111111:user/alice", "bob": "arn:aws:iam::111111111111:user/bob",
			"dave": "arn:aws:iam::111111111111:user/dave", "erin": "arn:aws:iam::111111111111:user/erin"},
		"roles": {"OnCall": {"policies": ["arn:aws:iam::aws:policy/PowerUserAccess"], "at_most": ["s3:*", "ec2:*"]}},
		"external_id": "replace-with-a-random-one",
		"bot_role_arn": "arn:aws:iam::111111111111:role/assumebot"
	}`
)

// rotating has the bot replace the keys of its users.
var rotating = map[string]any{"rotate_keys": true, "path": "/assumebot/"}

// changed is the JSON with some keys set anew.
func changed(t *testing.T, variables string, change map[string]any) string {
	t.Helper()
	all := map[string]any{}
	if err := json.Unmarshal([]byte(variables), &all); err != nil {
		t.Fatal(err)
	}
	for key, v := range change {
		all[key] = v
	}
	out, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// says asks one policy.
func says(t *testing.T, policy string, q awstest.Question) awstest.Judgement {
	t.Helper()
	got, err := awstest.Judge(policy, q)
	if err != nil {
		t.Fatalf("%v: %s", err, policy)
	}
	return got
}

// allowed asks all policies, each of which must allow, as an identity's policy and its boundary must.
func allowed(t *testing.T, q awstest.Question, policies ...string) bool {
	t.Helper()
	for _, p := range policies {
		if says(t, p, q) != awstest.Allows {
			return false
		}
	}
	return len(policies) > 0
}
