package config

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/google/go-cmp/cmp"
)

// fullConfig has everything that a config can say.
func fullConfig() Config {
	return Config{
		Slack:    SlackConfig{CommandPrefix: "a-", AuditChannel: "C1", ApprovalsChannel: "C2", Connections: 2},
		Reminder: time.Minute,
		Broker: broker.Config{
			Workspaces: []string{"T1"}, Groups: map[string][]string{"leads": {"U1"}}, Admins: []string{"U1"}, Limits: broker.Limits{Requests: 1, STSCalls: 1},
			Contact: "c", RevealWindow: time.Hour, MFASession: time.Hour, SigninEndpoint: "https://x",
			Users: []broker.User{{Slack: "U1", Name: "n", SessionName: "n", MFASerial: "m", Key: broker.KeySource{Profile: "p"}, AgeKey: broker.PublicKey{Text: "t", Type: "age", Fingerprint: "f"}}},
			Accounts: []broker.Account{{
				Name: "prod", RoleARN: "r", ExternalID: "e", Region: "r", DefaultDuration: time.Hour, MaxDuration: time.Hour, MFA: "fresh",
				Tags: map[string]string{"k": "v"}, SessionPolicy: "p", PolicyARNs: []string{"p"}, Revoker: "r", DMLife: time.Hour,
				Rules: broker.Rules{
					Deny: []string{"U1"}, Allow: []broker.Rule{{Who: []string{"U1"}, Max: time.Hour}}, BreakGlass: []string{"U1"},
					Approval: &broker.ApprovalPolicy{Approvers: []string{"U1"}, Count: 1, Expires: time.Hour}, Channels: []string{"C1"},
					Hours:  &broker.Hours{Days: [7]bool{1: true}, From: time.Hour, To: 2 * time.Hour, Zone: time.UTC},
					Reason: broker.ReasonPolicy{Pattern: regexp.MustCompile("x")},
				},
			}},
		},
	}
}

// TestSummaryHasEveryFieldOfTheConfig changes one thing after the other that a
// config can say, whatever fields there are, and wants each in the changes.
func TestSummaryHasEveryFieldOfTheConfig(t *testing.T) {
	before := Summarize(fullConfig())
	seen := 0
	for n := 0; ; n++ {
		c := fullConfig()
		m := mutation{left: n}
		m.walk(reflect.ValueOf(&c).Elem(), "Config")
		if m.done == "" {
			break
		}
		seen++
		if lines := Changes(before, Summarize(c), false); len(lines) == 0 {
			t.Errorf("a change of %s is not announced: put it into the summary", m.done)
		} else {
			t.Log(m.done, lines)
		}
	}
	if seen < 50 {
		t.Errorf("got %d changes, want more: does the walk reach everything?", seen)
	}
}

// A mutation changes the one thing before which it left so many as they are.
type mutation struct {
	left int
	done string // what it changed
}

// apart are fields that are no part of what is granted: Warnings are made of the others.
var apart = []string{"Config.Warnings"}

func (m *mutation) walk(v reflect.Value, path string) {
	if m.done != "" || slices.Contains(apart, path) {
		return
	}
	switch at := v.Interface().(type) {
	case *regexp.Regexp:
		m.change(path, func() { v.Set(reflect.ValueOf(regexp.MustCompile(at.String() + "x"))) })
		return
	case *time.Location:
		m.change(path, func() { v.Set(reflect.ValueOf(time.FixedZone("X", 3600))) })
		return
	case broker.PublicKey: // the type and the fingerprint are made of the text
		m.change(path, func() {
			v.Set(reflect.ValueOf(broker.PublicKey{Text: at.Text + "x", Type: at.Type, Fingerprint: at.Fingerprint}))
		})
		return
	case broker.KeySource: // one field excludes the others
		for _, key := range []broker.KeySource{{Profile: "x"}, {Env: "p"}, {Secret: "p"}, {Default: true}} {
			m.change(path, func() { v.Set(reflect.ValueOf(key)) })
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			m.walk(v.Field(i), path+"."+v.Type().Field(i).Name)
		}
	case reflect.Pointer:
		m.change(path+" none", func() { v.SetZero() })
		if !v.IsNil() {
			m.walk(v.Elem(), path)
		}
	case reflect.Slice:
		m.change(path+" none", func() { v.SetZero() })
		for i := range v.Len() {
			m.walk(v.Index(i), path+"[]")
		}
	case reflect.Array:
		m.walk(v.Index(0), path+"[]")
	case reflect.Map:
		m.change(path+" none", func() { v.SetZero() })
		for _, key := range v.MapKeys() {
			value := reflect.New(v.Type().Elem()).Elem()
			value.Set(v.MapIndex(key))
			m.walk(value, path+"[]")
			v.SetMapIndex(key, value)
		}
	case reflect.String:
		m.change(path, func() { v.SetString(v.String() + "x") })
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
	before, after := fullConfig(), fullConfig()
	after.Broker.Admins = nil
	after.Broker.MFASession = 0
	after.Broker.Contact = "\u202ex\"; admins gained U9"
	after.Slack.AuditChannel = "C2"
	after.Broker.Groups = map[string][]string{"ops": {"S1", "U1"}}
	after.Broker.Users = append(after.Broker.Users, broker.User{Slack: "U2", Name: "bob (U3) removed: x", SessionName: "bob", Key: broker.KeySource{Env: "BOB"}})
	a := &after.Broker.Accounts[0]
	a.ExternalID, a.SessionPolicy = "other", ""
	a.Allow = []broker.Rule{{Who: []string{"leads", "S1"}, Max: 2 * time.Hour}, {Who: []string{"U1"}, OnCall: true}}
	a.Approval = &broker.ApprovalPolicy{Approvers: []string{"U1", "leads"}, Count: 2, Expires: time.Hour}
	after.Broker.Accounts = append(after.Broker.Accounts, broker.Account{Name: "vault", RoleARN: "r", ExternalID: "MARKED", MFA: broker.MFANone, Rules: broker.Rules{Allow: []broker.Rule{{Who: []string{"*"}}}}})
	if kept, err := json.Marshal(Summarize(after)); err != nil || strings.Contains(string(kept), "MARKED") {
		t.Errorf("got %s, %v, want no external ID in it", kept, err)
	}
	got := Changes(Summarize(before), Summarize(after), true)
	want := []string{
		"account prod: allow gained S1 for up to 2h, U1 on call, leads for up to 2h, lost U1 for up to 1h",
		"account prod: approvers gained leads",
		"account prod: approval by 1, within 1h → by 2, within 1h",
		"account prod: external_id changed",
		"account prod: session_policy set → none",
		"account vault added: allow *; external_id set; mfa none; role_arn r",
		"admins lost U1",
		`contact "c" → "\u202ex\"; admins gained U9"`,
		"mfa_session 1h → none",
		"slack.audit_channel C1 → C2 (from the next start)",
		"group leads removed",
		"group ops added: members S1, U1",
		`user "bob (U3) removed: x" (U2) added: credentials environment BOB_AWS_ACCESS_KEY_ID; name "bob (U3) removed: x"; session name bob`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}
