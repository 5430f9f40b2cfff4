package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write the generated files anew")

const deploy = "../../../deploy"

// kept holds a generated file against what is there, or writes it.
func kept(t *testing.T, path string, want []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the code says: refresh it with go test ./cmd/internal/config -update", path)
	}
}

func TestTheShippedSchemaIsThatOfTheStructs(t *testing.T) {
	schema, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	kept(t, filepath.Join(deploy, SchemaName), schema)
}

var compiled = sync.OnceValues(func() (*jsonschema.Schema, error) {
	text, err := Schema()
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(SchemaName, doc); err != nil {
		return nil, err
	}
	return c.Compile(SchemaName)
})

// bySchema is what the schema says of a file, as an editor reads it.
func bySchema(text string) error {
	schema, err := compiled()
	if err != nil {
		panic(err)
	}
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(text), &root); err != nil {
		return err
	}
	return schema.Validate(instance(&root))
}

func instance(n *yaml.Node) any {
	switch n.Kind {
	case yaml.DocumentNode:
		return instance(n.Content[0])
	case yaml.AliasNode:
		return instance(n.Alias)
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range n.Content {
			list = append(list, instance(item))
		}
		return list
	case yaml.MappingNode:
		of := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			of[n.Content[i].Value] = instance(n.Content[i+1])
		}
		return of
	}
	var v any
	switch n.Tag {
	case "!!null", "!!bool":
		_ = n.Decode(&v)
		return v
	case "!!int", "!!float":
		return json.Number(n.Value)
	}
	return n.Value
}

// TestSchemaTakesEveryKeyThereIs is beside [parse], which holds every file that any
// test of this package gets accepted to the schema too.
func TestSchemaTakesEveryKeyThereIs(t *testing.T) {
	example, err := os.ReadFile(filepath.Join(deploy, "assumebot.example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fullConfig, string(example)} {
		mustParse(t, text, policyFile)
	}
}

func TestTheSampleBeginsWithItsSchema(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(deploy, "assumebot.example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if first, _, _ := strings.Cut(string(text), "\n"); first != SchemaLine {
		t.Errorf("first line: got %q, want %q", first, SchemaLine)
	}
}

func TestSchemaTakesDurationsAsTheReaderDoes(t *testing.T) {
	for _, d := range []string{"60m", "0h30m", "+5m", "0.75h", ".5h", "1.h", "300000ms", "300000000us", "300000000µs", "300000000μs", "5m0s"} {
		mustParse(t, goodSlack+goodUsers+goodAccount+"reveal_window: "+d+"\n", nil)
	}
	for _, none := range []string{"0", `"0"`, "0s", "0m", "0h"} {
		mustParse(t, goodSlack+goodUsers+goodAccount+"mfa_session: "+none+"\n", nil)
	}
}

func TestCheckAndSchemaCountTheSameSockets(t *testing.T) {
	for replicas := range 8 {
		for connections := range 12 { // 0: not written
			text := fmt.Sprintf("slack: {workspaces: [T0123], audit_channel: C0AUDIT, replicas: %d, connections: %d}\n", replicas, connections)
			each := connections
			if connections == 0 {
				text, each = fmt.Sprintf("slack: {workspaces: [T0123], audit_channel: C0AUDIT, replicas: %d}\n", replicas), 2
			}
			text += goodUsers + goodAccount
			want := replicas > 0 && replicas*(each+1) <= 10
			if _, err := parse(text, nil); (err == nil) != want {
				t.Errorf("%d with %d: check: got %v, want right: %v", replicas, connections, err, want)
			}
			if err := bySchema(text); (err == nil) != want {
				t.Errorf("%d with %d: schema: got %v, want right: %v", replicas, connections, err, want)
			}
		}
	}
}

// What is wrong in shape is refused by check and by the schema.
func TestCheckAndSchemaRefuseWrongShapes(t *testing.T) {
	rest := goodSlack + goodUsers + goodAccount
	const person = "slack: U01ALICE\nname: alice\nmfa_serial: GAHT12345678\n"
	slack := func(keys string) string { return "slack: {" + keys + "}\n" + goodUsers + goodAccount }
	record := func(keys string) string { return rest + "record: {" + keys + "}\n" }
	for name, text := range map[string]string{
		"empty":                     "",
		"a list":                    "- a\n",
		"nothing that is needed":    "contact: x\n",
		"unknown key":               rest + "timeout: 1h\n",
		"unknown key within":        slack("workspaces: [T0123], audit_channel: C0AUDIT, connection: 2"),
		"unknown key of a user":     user(person + "credentials: {profile: a}\nmfa: x"),
		"unknown key of an account": account(roleAccount + "roles: x"),
		"unknown key of record":     record("key: x"),
		"token":                     rest + "slack_app_token: xapp-1\n",
		"no value":                  rest + "contact:\n",
		"number for text":           rest + "contact: 5\n",
		"list for text":             rest + "contact: [a]\n",
		"text for a list":           rest + "admins: U01ALICE\n",
		"map for a list":            goodSlack + goodAccount + "users: {alice: x}\n",
		"list for a map":            goodSlack + goodUsers + "accounts: [[]]\n",
		"text for a map":            rest + "limits: 30\n",
		"empty text":                rest + "contact: ''\n",
		"space around":              rest + "contact: ' a'\n",
		"two lines":                 rest + "contact: \"a\\nb\"\n",
		"long contact":              rest + "contact: " + strings.Repeat("x", maxContact+1) + "\n",
		"number for a duration":     rest + "reveal_window: 600\n",
		"no unit":                   rest + "reveal_window: '600'\n",
		"days":                      rest + "reveal_window: 1d\n",
		"negative duration":         rest + "reveal_window: -5m\n",
		"zero duration":             account(roleAccount + "duration: {max: 0s}"),
		"zero in parts":             rest + "mfa_session: 0h0.0m\n",
		"text for a switch":         account(roleAccount + "source_identity: yes"),
		"text for a number":         slack("workspaces: [T0123], audit_channel: C0AUDIT, connections: two"),
		"half a number":             slack("workspaces: [T0123], audit_channel: C0AUDIT, connections: 1.5"),
		"too many sockets":          slack("workspaces: [T0123], audit_channel: C0AUDIT, connections: 10"),
		"no replicas":               slack("workspaces: [T0123], audit_channel: C0AUDIT, replicas: 0"),
		"a crowd of replicas":       slack("workspaces: [T0123], audit_channel: C0AUDIT, replicas: 6, connections: 1"),
		"no sockets":                slack("workspaces: [T0123], audit_channel: C0AUDIT, connections: 0"),
		"no workspaces":             slack("workspaces: [], audit_channel: C0AUDIT"),
		"workspace's name":          slack("workspaces: [acme], audit_channel: C0AUDIT"),
		"workspace twice":           slack("workspaces: [T0123, T0123], audit_channel: C0AUDIT"),
		"no audit channel":          slack("workspaces: [T0123]"),
		"channel's name":            slack("workspaces: [T0123], audit_channel: '#audit'"),
		"user for a channel":        slack("workspaces: [T0123], audit_channel: U01ALICE"),
		"prefix with a slash":       slack("workspaces: [T0123], audit_channel: C0AUDIT, command_prefix: /aws"),
		"no limit":                  rest + "limits: {requests: 0}\n",
		"delivery by mail":          rest + "delivery: mail\n",
		"everybody as admin":        rest + "admins: ['*']\n",
		"no admin":                  rest + "admins: []\n",
		"group in capitals":         rest + "groups: {Leads: [U01ALICE]}\n",
		"group of nobody":           rest + "groups: {leads: []}\n",
		"group in a group":          rest + "groups: {leads: [devs]}\n",
		"sign-in at no URL":         rest + "signin_endpoint: signin.aws.amazon.com\n",
		"user without a name":       user("slack: U01ALICE\nmfa_serial: GAHT12345678\ncredentials: {profile: a}"),
		"display name":              user("slack: '@alice'\nname: alice\nmfa_serial: GAHT12345678\ncredentials: {profile: a}"),
		"lower case ID":             user("slack: u01alice\nname: alice\nmfa_serial: GAHT12345678\ncredentials: {profile: a}"),
		"short serial":              user("slack: U01ALICE\nname: alice\nmfa_serial: GAHT\ncredentials: {profile: a}"),
		"malformed device":          user("slack: U01ALICE\nname: alice\nmfa_serial: arn:aws:iam::1:mfa/a\ncredentials: {profile: a}"),
		"security key":              user("slack: U01ALICE\nname: alice\nmfa_serial: arn:aws:iam::111111111111:u2f/user/a/b\ncredentials: {profile: a}"),
		"session name of one":       user(person + "session_name: a\ncredentials: {profile: a}"),
		"two sources":               user(person + "credentials: {profile: a, env: A}"),
		"no source":                 user(person + "credentials: {}"),
		"default off":               user(person + "credentials: {default: false}"),
		"env in small letters":      user(person + "credentials: {env: alice}"),
		"secret with a space":       user(person + "credentials: {secret: a b}"),
		"profile in brackets":       user(person + "credentials: {profile: '[a]'}"),
		"sealed maybe":              user(person + "credentials: {profile: a}\nsealed: maybe"),
		"account without a name":    account("role_arn: arn:aws:iam::222222222222:role/OnCall"),
		"account in capitals":       account("name: Prod\nrole_arn: arn:aws:iam::222222222222:role/OnCall"),
		"malformed role":            account("name: prod\nrole_arn: arn:aws:iam:222222222222:role/OnCall"),
		"external ID with a space":  account(roleAccount + "external_id: a b"),
		"short external ID":         account(roleAccount + "external_id: a"),
		"external ID of no role":    account("name: hub\nexternal_id: abc"),
		"tags of no role":           account("name: hub\ntags: {a: b}"),
		"availability zone":         account(roleAccount + "region: eu-west-1a"),
		"duration as a word":        account(roleAccount + "duration: 1h"),
		"mfa always":                account(roleAccount + "mfa: always"),
		"mfa off":                   account(roleAccount + "mfa: false"),
		"allow a name":              account(roleAccount + "allow: ['@alice']"),
		"allow of both":             account(roleAccount + "allow: [{who: [U01ALICE], oncall: {group: S03}}]"),
		"allow of neither":          account(roleAccount + "allow: [{max: 1h}]"),
		"allow nobody":              account(roleAccount + "allow: [{who: []}]"),
		"on call of a person":       account(roleAccount + "allow: [{oncall: {group: U01ALICE}}]\napproval: {approvers: [S02]}"),
		"approval without a word":   account(roleAccount + "approval: {count: 1}"),
		"everybody approves":        account(roleAccount + "approval: {approvers: ['*']}"),
		"too many approvers":        account(roleAccount + "approval: {approvers: [S02], count: 11}"),
		"channel's name in rules":   account(roleAccount + "channels: ['#ops']"),
		"no channel":                account(roleAccount + "channels: []"),
		"hours without a zone":      account(roleAccount + "hours: {days: [mon]}"),
		"hours that say nothing":    account(roleAccount + "hours: {zone: UTC}"),
		"no day":                    account(roleAccount + "hours: {days: [monday], zone: UTC}"),
		"no time":                   account(roleAccount + "hours: {time: 8-18, zone: UTC}"),
		"reason maybe":              account(roleAccount + "reason: maybe"),
		"reason of nothing":         account(roleAccount + "reason: {}"),
		"tags as a list":            account(roleAccount + "tags: [a]"),
		"tag of a number":           account(roleAccount + "tags: {a: 1}"),
		"tag with a bang":           account(roleAccount + "tags: {a: b!}"),
		"policy's name":             account(roleAccount + "policy_arns: [ReadOnlyAccess]"),
		"revoker's name":            account(roleAccount + "revoker: Revoker"),
		"outside rules":             account("name: hub\noutside_rules: yes"),
		"an access key":             user("slack: U01ALICE\nname: alice\nmfa_serial: GAHT12345678\ncredentials: {profile: AKIAIOSFODNN7EXAMPLE}"),
		"break-glass unapproved":    account(roleAccount + "break_glass: [U01ALICE]"),
		"outside rules of a role":   account(roleAccount + "outside_rules: accepted"),
		"lower case ID in allow":    account(roleAccount + "allow: [u01alice]"),
		"lower case ID for admins":  rest + "admins: [w01alice]\n",
		"group like an ID":          rest + "groups: {s01leads: [U01ALICE]}\n",
		"an access key for env":     user("slack: U01ALICE\nname: alice\nmfa_serial: GAHT12345678\ncredentials: {env: AKIAIOSFODNN7EXAMPLE}"),
		"too many replicas":         record("replicas: 6"),
		"archive elsewhere":         record("archive: 'https://example.com'"),
		"archive without a bucket":  record("archive: 's3:///prefix'"),
		"bucket in capitals":        record("archive: 's3://Bucket/prefix'"),
		"long origin":               record("origin: " + strings.Repeat("x", 201)),
		"origin with a plus":        record("origin: a+b"),
		"lock of another mode":      record("archive: 's3://bucket', object_lock: {mode: LEGAL, days: 1}"),
		"lock without days":         record("archive: 's3://bucket', object_lock: {mode: COMPLIANCE}"),
		"witness without a key":     record("witnesses: [{url: 'https://witness.example'}]"),
		"witness at no URL":         record("witnesses: [{url: witness.example, key: a+b+c}]"),
		"sink of nowhere":           record("sinks: [{name: a}]"),
		"sink of two ways":          record("sinks: [{name: a, file: x, stdout: true}]"),
		"sink without a name":       record("sinks: [{stdout: true}]"),
		"sink in capitals":          record("sinks: [{name: A, stdout: true}]"),
		"unsigned webhook":          record("sinks: [{name: a, webhook: 'https://siem.example'}]"),
		"webhook signed with a key": record("sinks: [{name: a, webhook: 'https://siem.example', secret_env: 'a+b='}]"),
		"sink of another format":    record("sinks: [{name: a, webhook: 'https://siem.example', secret_env: A, format: cef}]"),
		"sink of no size":           record("sinks: [{name: a, file: x, rotate_mb: 0}]"),
		"nothing required":          record("require: []"),
		"something else required":   record("require: [redis]"),
	} {
		if _, err := parse(text, policyFile); err == nil {
			t.Errorf("%s: check takes it:\n%s", name, text)
		}
		if bySchema(text) == nil {
			t.Errorf("%s: the schema takes it:\n%s", name, text)
		}
	}
}

// These take more than a look at the shape, and check alone refuses them.
func TestCheckAloneRefusesWhatOnlyItCanSee(t *testing.T) {
	rest := goodSlack + goodUsers + goodAccount
	const key = "\ncredentials: {profile: a}"
	for name, text := range map[string]string{
		"duration out of bounds":           rest + "reveal_window: 2h\n",
		"default above the maximum":        account(roleAccount + "duration: {default: 4h, max: 2h}"),
		"a user who is none":               account(roleAccount + "allow: [U99]"),
		"a group that is not there":        account(roleAccount + "allow: [leads]"),
		"one person twice":                 goodSlack + goodAccount + "users: [" + strings.Repeat(goodUsers[8:len(goodUsers)-2]+",", 2) + "]\n",
		"one account twice":                goodSlack + goodUsers + "accounts: [{name: hub}, {name: hub}]\n",
		"a word of the commands":           account("name: help\nrole_arn: arn:aws:iam::222222222222:role/OnCall"),
		"a name like a code":               account("name: '123456'\nrole_arn: arn:aws:iam::222222222222:role/OnCall"),
		"no device where a code is needed": user("slack: U01ALICE\nname: alice" + key),
		"a name without letters":           user("slack: U01ALICE\nname: '!!'\nmfa_serial: GAHT12345678" + key),
		"an age key that is none":          user("slack: U01ALICE\nname: alice\nmfa_serial: GAHT12345678\nage_key: age1x" + key),
		"a policy that is not there":       account(roleAccount + "session_policy: absent.json"),
		"a pattern that is none":           account(roleAccount + "reason: {pattern: '('}"),
		"a zone that is none":              account(roleAccount + "hours: {days: [mon], zone: Europe/Atlantis}"),
		"a revoker elsewhere":              account(roleAccount + "revoker: arn:aws:iam::333333333333:role/Revoker"),
		"another partition":                account("name: prod\nrole_arn: arn:aws-cn:iam::222222222222:role/OnCall"),
		"a lock without S3":                rest + "record: {object_lock: {mode: COMPLIANCE, days: 1}}\n",
		"what is not there required":       rest + "record: {require: [archive]}\n",
		"a date for text":                  rest + "contact: 2020-01-01\n",
		"an anchor":                        rest + "contact: &a x\n",
		"a key twice":                      rest + "contact: x\ncontact: x\n",
		"two documents":                    rest + "---\na: 1\n",
	} {
		if _, err := parse(text, policyFile); err == nil {
			t.Errorf("%s: check takes it:\n%s", name, text)
		}
		if err := bySchema(text); err != nil {
			t.Errorf("%s: the schema can see it: %v", name, err)
		}
	}
}
