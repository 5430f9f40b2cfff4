package terraform

import (
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// plain is a policy as IAM understands it: a list of one is that one, and lists have no order.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, below := range v {
			v[key] = plain(below)
		}
	case []any:
		texts := true
		for i := range v {
			v[i] = plain(v[i])
			_, is := v[i].(string)
			texts = texts && is
		}
		if texts {
			slices.SortFunc(v, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
		}
		if len(v) == 1 {
			return v[0]
		}
	}
	return v
}

func same(t *testing.T, name, rendered string, edit func(string) string) {
	t.Helper()
	file, err := os.ReadFile("../../deploy/iam/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var want, got any
	if err := errors.Join(json.Unmarshal([]byte(edit(string(file))), &want), json.Unmarshal([]byte(rendered), &got)); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(plain(want), plain(got)) {
		t.Errorf("%s: the module makes another policy:\n%s", name, rendered)
	}
}

// more is the bot's policy in one hub without the statements that it has in another.
func more(t *testing.T, less, in *instance) string {
	t.Helper()
	var all, known struct {
		Version   string
		Statement []any
	}
	for in, into := range map[*instance]any{less: &known, in: &all} {
		if err := json.Unmarshal([]byte(in.attribute(t, "aws_iam_role_policy.bot", "", "policy")), into); err != nil {
			t.Fatal(err)
		}
	}
	n := len(all.Statement)
	all.Statement = slices.DeleteFunc(all.Statement, func(s any) bool {
		return slices.ContainsFunc(known.Statement, func(k any) bool { return reflect.DeepEqual(k, s) })
	})
	if n-len(all.Statement) != len(known.Statement) {
		t.Errorf("got %d statements, of which %d are new: some of the %d before are gone", n, len(all.Statement), len(known.Statement))
	}
	out, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestTheModulesMakeTheShippedPolicies holds the modules to deploy/iam, whose policies broker/awstest and
// cmd/internal/e2e enforce.
func TestTheModulesMakeTheShippedPolicies(t *testing.T) {
	asIs := func(s string) string { return s }
	h, s := with(t, "hub", hub, hubVariables), with(t, "spoke", prod, spokeVariables)
	same(t, "user-policy.json", h.attribute(t, "aws_iam_policy.person", "dave", "policy"), asIs)
	same(t, "bot-policy.json", h.attribute(t, "aws_iam_role_policy.bot", "", "policy"), asIs)
	same(t, "role-trust-policy.json", s.attribute(t, "aws_iam_role.person", "OnCall", "assume_role_policy"), asIs)
	same(t, "revoker-trust-policy.json", s.attribute(t, "aws_iam_role.revoker", "", "assume_role_policy"), asIs)
	same(t, "revoker-policy.json", s.attribute(t, "aws_iam_role_policy.revoker", "", "policy"), asIs)
	bound := with(t, "spoke", prod, changed(t, spokeVariables, map[string]any{"source_ips": []string{"192.0.2.10/32"}}))
	same(t, "role-trust-policy-source-ip.json", bound.attribute(t, "aws_iam_role.person", "OnCall", "assume_role_policy"), asIs)

	// The bot of wrapped keys, and the one that replaces people's, have the statements of a second policy beside their own.
	wrapped := with(t, "hub", hub, changed(t, hubVariables, map[string]any{"keys": map[string]any{
		"kms_key_arn": "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab", "record": "example.com/assumebot",
	}}))
	same(t, "keys-policy.json", more(t, h, wrapped), asIs)
	rotates := with(t, "hub", hub, changed(t, hubVariables, rotating))
	same(t, "rotation-policy.json", more(t, h, rotates), asIs)

	// Whoever manages devices has the same, and the statements on devices beside it.
	var alice, dave struct{ Statement []any }
	for name, into := range map[string]any{"alice": &alice, "dave": &dave} {
		if err := json.Unmarshal([]byte(h.attribute(t, "aws_iam_policy.person", name, "policy")), into); err != nil {
			t.Fatal(err)
		}
	}
	if len(alice.Statement) != 4 || !reflect.DeepEqual(alice.Statement[:1], dave.Statement) {
		t.Errorf("got %v, want the policy of dave and three statements on devices", alice.Statement)
	}
}

// TestTheTablesAreThoseOfAthena holds the tables to deploy/cloudtrail/athena.sql.
func TestTheTablesAreThoseOfAthena(t *testing.T) {
	sql, err := os.ReadFile("../../deploy/cloudtrail/athena.sql")
	if err != nil {
		t.Fatal(err)
	}
	in := with(t, "audit", audit, `{"bucket": "my-athena", "bot_role_arn": "arn:aws:iam::111111111111:role/assumebot",
		"cloudtrail": {"bucket": "my-cloudtrail-bucket", "account": "111111111111", "region": "eu-west-1", "since": "2026/01/01"}}`)
	tables := regexp.MustCompile(`(?s)CREATE EXTERNAL TABLE (\w+) \((.*?)\n\)\n(.*?);\n`).FindAllStringSubmatch(string(sql), -1)
	if len(tables) != 2 {
		t.Fatalf("got %d tables in athena.sql, want 2", len(tables))
	}
	for _, table := range tables {
		address := map[string]string{"cloudtrail_logs": "aws_glue_catalog_table.cloudtrail", "assumebot_record": "aws_glue_catalog_table.record"}[table[1]]
		v, err := in.resource(address)
		if err != nil {
			t.Fatal(err)
		}
		if v.Type().IsTupleType() {
			v = v.AsValueSlice()[0]
		}
		storage := v.GetAttr("storage_descriptor").AsValueSlice()[0]
		var columns []string
		for _, c := range storage.GetAttr("columns").AsValueSlice() {
			columns = append(columns, c.GetAttr("name").AsString()+c.GetAttr("type").AsString())
		}
		want := strings.ToLower(regexp.MustCompile("[\\s`]").ReplaceAllString(table[2], ""))
		if got := strings.Join(columns, ","); got != want {
			t.Errorf("%s: got the columns\n%s\nwant\n%s", table[1], got, want)
		}
		serde := storage.GetAttr("ser_de_info").AsValueSlice()[0].GetAttr("serialization_library").AsString()
		if !strings.Contains(table[3], "'"+serde+"'") || v.GetAttr("name").AsString() != table[1] {
			t.Errorf("%s: got another name or the reader %s", table[1], serde)
		}
		if table[1] == "assumebot_record" {
			continue
		}
		for _, format := range []string{"input_format", "output_format", "location"} {
			if got := storage.GetAttr(format).AsString(); !strings.Contains(table[3], "'"+got+"'") {
				t.Errorf("%s: got the %s %s", table[1], format, got)
			}
		}
		stated := regexp.MustCompile(`'([a-z.]+)'='([^']*)'`).FindAllStringSubmatch(table[3], -1)
		parameters := v.GetAttr("parameters").AsValueMap()
		if len(stated) != len(parameters)-1 { // EXTERNAL
			t.Errorf("%s: got %d parameters, want %d", table[1], len(parameters)-1, len(stated))
		}
		for _, p := range stated {
			if got, ok := parameters[p[1]]; !ok || got.AsString() != p[2] {
				t.Errorf("%s: got %v as %s, want %s", table[1], got, p[1], p[2])
			}
		}
	}
}
