package config

import (
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker/event"
)

// fullConfig has every key that there is.
const fullConfig = `
slack: {workspaces: [T0123], command_prefix: a-, audit_channel: C0AUDIT, approvals_channel: C0OTHER, connections: 2, replicas: 3}
groups: {leads: [U01ALICE]}
admins: [U01ALICE]
limits: {requests: 1, sts_calls: 1}
contact: me
reveal_window: 1h
mfa_session: 1h
rotate_keys: 24h
wrapped_keys: required
reminder: 1m
summary: {day: mon, time: '09:00', zone: UTC}
delivery: dm
dm_ttl: 1m
signin_endpoint: http://127.0.0.1/federation
record:
  origin: example.com/assumebot
  replicas: 1
  require: [archive, witnesses]
  archive: s3://bucket/prefix
  object_lock: {mode: COMPLIANCE, days: 400}
  sinks: [{name: siem, webhook: 'https://siem.example', secret_env: K, format: ocsf}, {name: disk, file: x, rotate_mb: 1, keep: 1}, {name: out, stdout: true}]
  witnesses: [{url: 'https://witness.example', key: witness.example/w1+91281725+BGofMSTa3PME0cBGYC2z6fDyASegyilFt/rHFhN+dcn/}]
users:
- slack: U01ALICE
  name: alice
  session_name: ann
  mfa_serial: GAHT00000001
  credentials: {profile: alice}
  age_key: age1fr50qm5v9d82p9937ldk0dgchnfhquwm4y0gxsf6ymmpn0whra7qwyxhnd
  sealed: required
- {slack: U02BOB, name: bob, mfa_serial: GAHT00000002, credentials: {env: BOB}}
- {slack: U03CAROL, name: carol, mfa_serial: GAHT00000003, credentials: {secret: carol}}
- {slack: U04DAVE, name: dave, mfa_serial: GAHT00000004, credentials: {default: true}}
accounts:
- name: prod
  role_arn: arn:aws:iam::222222222222:role/OnCall
  external_id: hidden
  region: eu-west-1
  duration: {default: 30m, max: 1h}
  mfa: fresh
  tags: {k: v}
  source_identity: true
  session_policy: p.json
  policy_arns: ['arn:aws:iam::aws:policy/x']
  revoker: arn:aws:iam::222222222222:role/Revoker
  sealed: required
  delivery: dm
  dm_ttl: 1h
  deny: [S04LEFT]
  allow: [{who: [U01ALICE], max: 1h}, {oncall: {group: S03PAGER}}]
  break_glass: [U01ALICE]
  approval: {approvers: [U01ALICE, S02LEADS], count: 1, expires: 1h}
  channels: [C0OPS]
  hours: {days: [mon], time: '01:00-02:00', zone: UTC}
  reason: {pattern: x}
- name: hub
  outside_rules: accepted
  reason: required
  allow: [leads]
`

var policyFile = files{"p.json": `{"Statement": []}`, "p.jsonx": `{"Statement": {}}`}

// walked is what text says, before anybody checks it.
func walked(t *testing.T, text string) *File {
	t.Helper()
	c, f := &collector{}, &File{}
	w := walker{collector: c, keys: map[reflect.Type][]key{}}
	if root := parseDocument(c, []byte(text)); root == nil || !w.fields(root, "the file", reflect.ValueOf(f).Elem()) || c.err() != nil {
		t.Fatal(c.err())
	}
	return f
}

func summaryOf(f *File) Summary {
	f.check(&collector{readFile: policyFile.read})
	return f.summarize()
}

// TestSummaryHasEveryKeyOfTheFile changes one thing after the other that a file can
// say, whatever keys there are, and wants each in the changes.
func TestSummaryHasEveryKeyOfTheFile(t *testing.T) {
	if _, err := parse(fullConfig, policyFile); err != nil {
		t.Fatal(err)
	}
	before, changed := summaryOf(walked(t, fullConfig)), map[string]bool{}
	seen := 0
	for n := 0; ; n++ {
		f := walked(t, fullConfig)
		m := mutation{left: n}
		m.walk(reflect.ValueOf(f).Elem(), "")
		if m.done == "" {
			break
		}
		seen++
		if lines := Changes(before, summaryOf(f), false); len(lines) == 0 {
			t.Errorf("a change of %s is not announced", m.done)
		} else {
			t.Log(m.done, lines)
			changed[m.done] = true
		}
	}
	eachKey(reflect.TypeFor[File](), "", func(path string, _ key, held reflect.Type) {
		if held.Kind() != reflect.Struct && !changed[path] {
			t.Errorf("%s is not in the file of this test", path)
		}
	})
	if seen < 50 {
		t.Errorf("got %d changes, want more: does the walk reach everything?", seen)
	}
}

// eachKey visits all keys that there are, with what each holds, of lists one entry.
func eachKey(t reflect.Type, path string, visit func(path string, k key, held reflect.Type)) {
	if t.Kind() != reflect.Struct {
		return
	}
	for _, k := range keysOf(t) {
		at := path + "." + k.name
		held := t.FieldByIndex(k.field).Type
		for more := true; more; {
			if held.Kind() == reflect.Slice {
				held, at = held.Elem(), at+"[]"
			} else if held, more = valueType(held); !more {
				break
			}
		}
		visit(at, k, held)
		eachKey(held, at, visit)
	}
}

// valueType is what an At or an Entry holds.
func valueType(t reflect.Type) (reflect.Type, bool) {
	if t.Kind() == reflect.Struct {
		if value, ok := t.FieldByName("Value"); ok {
			return value.Type, true
		}
	}
	return t, false
}

// A mutation changes the one thing before which it left so many as they are.
type mutation struct {
	left int
	done string // what it changed
}

// walk goes over the keys of a struct.
func (m *mutation) walk(v reflect.Value, path string) {
	if word, ok := wordOf(v); ok && *word.set {
		m.value(word, path)
	}
	for _, k := range keysOf(v.Type()) {
		m.value(cellOf(v.FieldByIndex(k.field)), path+"."+k.name)
	}
}

func (m *mutation) value(c cell, path string) {
	if !*c.set {
		return // it changes with what it would be in
	}
	switch v := c.value; v.Kind() {
	case reflect.Struct:
		m.change(path+" none", func() { v.SetZero(); *c.set, *c.ok = false, false })
		m.walk(v, path)
	case reflect.Slice:
		m.change(path+" none", func() { v.SetZero() })
		for i := range v.Len() {
			if entry, ok := v.Index(i).Addr().Interface().(interface{ cells() (cell, cell) }); ok {
				_, value := entry.cells()
				m.value(value, path+"[]")
			} else {
				m.value(cellOf(v.Index(i)), path+"[]")
			}
		}
	case reflect.String:
		other := v.String() + "x"
		switch path {
		case ".accounts[].hours.zone":
			other = "Europe/Berlin"
		case ".accounts[].reason":
			return // a word that can be no other
		}
		m.change(path, func() { v.SetString(other) })
	case reflect.Bool:
		m.change(path, func() { v.SetBool(!v.Bool()) })
	case reflect.Int, reflect.Int64:
		m.change(path, func() { v.SetInt(v.Int() + max(1, v.Int()/2)) })
	default:
		panic("the test cannot change " + path + ", " + v.Type().String())
	}
}

func (m *mutation) change(path string, do func()) {
	switch {
	case m.done != "":
	case m.left > 0:
		m.left--
	default:
		do()
		m.done = path
	}
}

func TestChangesAreReadable(t *testing.T) {
	old := goodSlack + `
groups: {leads: [U01ALICE]}
admins: [U01ALICE]
contact: c
mfa_session: 1h
users:
- {slack: U01ALICE, name: n1, mfa_serial: GAHT00000001, credentials: {profile: p}}
accounts:
- name: prod
  role_arn: arn:aws:iam::222222222222:role/OnCall
  external_id: hidden
  session_policy: p.json
  allow: [{who: [U01ALICE], max: 1h}]
  approval: {approvers: [U01ALICE, S02], count: 1, expires: 1h}
`
	next := strings.NewReplacer(
		"groups: {leads: [U01ALICE]}", "groups: {leads: [U01ALICE], ops: [S01, U01ALICE]}",
		"admins: [U01ALICE]\n", "",
		"mfa_session: 1h\n", "",
		"contact: c", `contact: "\u202ex\"; admins gained U9"`,
		"C0AUDIT", "C0OTHER",
		"{profile: p}}\n", "{profile: p}}\n- {slack: U02BOB, name: 'bob (U3) removed: x', session_name: bob, mfa_serial: GAHT00000002, credentials: {env: BOB}}\n",
		"external_id: hidden", "external_id: other", "  session_policy: p.json\n", "",
		"allow: [{who: [U01ALICE], max: 1h}]", "allow: [{who: [leads, S01], max: 2h}, {oncall: {group: S03}}]\n  duration: {default: 1h, max: 2h}",
		"approvers: [U01ALICE, S02], count: 1", "approvers: [U01ALICE, S02, leads], count: 2",
	).Replace(old) + "- {name: vault, role_arn: 'arn:aws:iam::222222222222:role/r', external_id: MARKED, mfa: none, allow: ['*']}\n"
	before, after := mustParse(t, old, policyFile).Summary, mustParse(t, next, policyFile).Summary
	if kept, err := json.Marshal(after); err != nil || strings.Contains(string(kept), "MARKED") {
		t.Errorf("got %s, %v, want no external ID in it", kept, err)
	}
	got := event.Lines(Changes(before, after, true))
	want := []string{
		"account prod: allow gained S01 for up to 2h, S03 on call, leads for up to 2h, lost U01ALICE for up to 1h",
		"account prod: approvers gained leads",
		"account prod: approval by 1, within 1h → by 2, within 1h",
		"account prod: duration.max 1h → 2h",
		"account prod: external_id changed",
		"account prod: session_policy set → none",
		"account vault added: allow *; duration.default 1h; duration.max 1h; external_id set; mfa none; role_arn arn:aws:iam::222222222222:role/r",
		"admins lost U01ALICE",
		`contact "c" → "\u202ex\"; admins gained U9"`,
		"mfa_session 1h → none",
		"slack.approvals_channel C0AUDIT → C0OTHER",
		"slack.audit_channel C0AUDIT → C0OTHER (from the next start)",
		"group ops added: members S01, U01ALICE",
		`user "bob (U3) removed: x" (U02BOB) added: credentials environment BOB_AWS_ACCESS_KEY_ID; mfa_serial GAHT00000002; ` +
			`name "bob (U3) removed: x"; session name bob`,
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	removed := event.Lines(Changes(mustParse(t, goodSlack+goodUsers+"groups: {g: [U01ALICE]}\naccounts: [{name: hub, allow: [g]}]\n", nil).Summary,
		mustParse(t, goodSlack+goodUsers+goodAccount, nil).Summary, false))
	if diff := gocmp.Diff([]string{"account hub: allow gained *, lost g", "group g removed"}, removed); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

// TestEveryKeyIsDeclaredWhole holds each key to a doc text and a default that can
// be read, and each hint to a key.
func TestEveryKeyIsDeclaredWhole(t *testing.T) {
	eachKey(reflect.TypeFor[File](), "", func(path string, k key, held reflect.Type) {
		if !strings.HasSuffix(k.doc, ".") {
			t.Errorf("%s: doc %q, want a sentence", path, k.doc)
		}
		var err error
		switch held {
		case reflect.TypeFor[int]():
			_, err = strconv.Atoi(cmp.Or(k.fallback, "0"))
		case reflect.TypeFor[time.Duration]():
			_, err = time.ParseDuration(cmp.Or(k.fallback, "0s"))
		}
		if err != nil {
			t.Errorf("%s: default: %v", path, err)
		}
		if h, ok := reflect.Zero(held).Interface().(hinted); ok {
			for name := range h.hints() {
				if !slices.Contains(namesOf(keysOf(held)), name) {
					t.Errorf("%s has a hint for %s, which is no key", path, name)
				}
			}
		}
	})
}
