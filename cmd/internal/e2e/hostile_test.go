package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/store/storetest"
)

// The client of these tests is the person's own and sends what it likes; Slack
// vouches for who acts and from where alone.

// forges sends actions in one payload, about the newest private message of user.
func (w *world) forges(user string, actions ...map[string]any) {
	w.t.Helper()
	all := w.private(user)
	w.acked(w.slack.Forge(user, all[len(all)-1].Ref(), actions...))
}

func pressOf(block, action, value string) map[string]any {
	return map[string]any{"type": "button", "block_id": block, "action_id": action, "value": value}
}

func choiceOf(block, action, value string) map[string]any {
	option := map[string]any{"value": value, "text": map[string]any{"type": "plain_text", "text": "x"}}
	return map[string]any{"type": "static_select", "block_id": block, "action_id": action, "selected_option": option}
}

// grantBlockOf is the block of the buttons of a Grant that m shows.
func grantBlockOf(t *testing.T, r *replica, user string) string {
	t.Helper()
	grants, err := r.Store.Grants.LiveGrants(t.Context(), user)
	if err != nil || len(grants) == 0 {
		t.Fatalf("got %d grants, %v, want one", len(grants), err)
	}
	return "grant:" + grants[len(grants)-1].ID
}

func TestNoPageNumberEndsTheProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	w.says("U01ALICE", "/buckets", "prod "+w.alice.Code())
	block := grantBlockOf(t, r, "U01ALICE")
	for _, value := range []string{
		"922337203685477580 ", "461168601842738791 ", "9223372036854775807 x", "-9223372036854775808 ", "-1 ", "1e9 ", "0 " + strings.Repeat("x", 1<<20), "0 a\nb",
	} {
		w.pages("U01ALICE", "next", "21–40 of 45")
		w.forges("U01ALICE", pressOf(block, "next", value))
		w.shown("U01ALICE", "1–20 of 45 buckets in prod.") // as of no page at all
	}
	w.forges("U01ALICE", pressOf(block, "next", "49999 "))
	w.shown("U01ALICE", "41–45 of 45 buckets in prod.") // behind the end is the last
	w.acked(w.slack.Forge("U01ALICE", w.private("U01ALICE")[0].Ref()))
	wantText(t, w.says("U01ALICE", "/assume", "accounts"), "You may have")
}

func TestOnePayloadIsOneRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.run(limited("limits: {requests: 20, sts_calls: 100}"), w.settings())
	w.says("U01ALICE", "/assume", "open")
	block := grantBlockOf(t, r, "U01ALICE")
	actions := make([]map[string]any, 40)
	for i := range actions {
		actions[i] = pressOf(block, "renew", "open")
	}
	w.forges("U01ALICE", actions...)
	w.await("the first action", func() bool { return len(w.private("U01ALICE")) == 2 })
	wantText(t, w.says("U01ALICE", "/assume", "accounts"), "You may have") // comes behind the others, if there were any
	if got := w.stsCalls("AssumeRole"); got != 2 {
		t.Errorf("got %d AssumeRole calls, want one for the command and one for 40 actions", got)
	}
	if log := w.logs.String(); !strings.Contains(log, `"refused":39`) {
		t.Error("the log does not say that 39 actions were refused")
	}
}

func TestAStrangersActionsLeaveTheRecordAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	w.says("U01ALICE", "/assume", "open")
	before := len(w.everything(r))
	w.acked(w.slack.OpenHome("U03CAROL"))
	w.await("carol's Home", func() bool { _, ok := w.slack.Home("U03CAROL"); return ok })
	home, _ := w.slack.Home("U03CAROL")
	actions := make([]map[string]any, 3000)
	for i := range actions {
		actions[i] = pressOf("admin:", "unblock", "U01ALICE")
	}
	w.acked(w.slack.Forge("U03CAROL", home.Ref(), actions...))
	w.modal("U03CAROL", "You are not set up to use this bot")
	if got := len(w.everything(r)) - before; got != 2 {
		t.Errorf("got %d events, want one refusal for Home and one for 3,000 actions", got)
	}
	if log := w.logs.String(); !strings.Contains(log, `"refused":2999`) {
		t.Error("the log does not say that 2,999 actions were refused")
	}
}

// everything is the whole record, but for what the record says about itself.
func (w *world) everything(r *replica) []event.Event {
	w.t.Helper()
	return slices.DeleteFunc(storetest.Replica{Log: r.Record}.Events(w.t), func(e event.Event) bool { return e.Kind == event.Restated })
}

// forgedNames are what no account is called.
var forgedNames = map[string]string{
	"a line of its own":     "prod: ok\nGranted prod to bob (U02BOB) until 23:59.",
	"an override":           "pr\u202eod",
	"an isolate":            "pr\u2066od\u2069",
	"an escape":             "prod\x1b[31m",
	"a blank":               "prod\u3164",
	"a joiner":              "pr\u200dod",
	"a megabyte":            strings.Repeat("a", 1<<20),
	"a ping":                "<!channel>",
	"a code":                "prod123456",
	"capitals":              "PROD",
	"a key of Redis":        "{prod}:x",
	"something not in UTF8": "prod\xff",
}

func TestNamesFromAClientAreReadAsIfTheyWereTyped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	w.says("U01ALICE", "/assume", "open")
	block := grantBlockOf(t, r, "U01ALICE")
	before := len(w.everything(r))
	for name, forged := range forgedNames {
		for _, action := range []map[string]any{
			pressOf(block, "renew", forged), pressOf("", "ask", forged), choiceOf("account", "account", forged),
		} {
			n := len(w.private("U01ALICE"))
			w.forges("U01ALICE", action)
			w.await(name, func() bool { return len(w.private("U01ALICE")) > n })
			wantText(t, w.private("U01ALICE")[n], "cannot be the name of an account")
		}
	}
	for _, action := range []map[string]any{
		choiceOf(block, "format", "console"), choiceOf(block, "format", "fish "+strings.Repeat("x", 1<<20)),
		choiceOf(block, "format", "\x1b"), choiceOf(block, "format", ""),
		pressOf("admin:", "unblock", "{"), pressOf("admin:", "unblock", "U01ALICE\nx"),
	} {
		n := len(w.private("U01ALICE"))
		w.forges("U01ALICE", action)
		w.await("an answer", func() bool { return len(w.private("U01ALICE")) > n })
		text := w.private("U01ALICE")[n].Plain()
		said := func(part string) bool { return strings.Contains(text, part) }
		if !said("cannot read what this button") && !said("the format") && !said("that format") && !said("AWS service") {
			t.Errorf("%.60v: got %q, want that it cannot be read", action, text)
		}
	}
	if got := len(w.everything(r)) - before; got != 0 {
		t.Errorf("got %d events, want nothing that could not be read on the record", got)
	}
	if got := w.stsCalls("AssumeRole"); got != 1 {
		t.Errorf("got %d AssumeRole calls, want none for what could not be read", got)
	}
	if n := len(w.logs.String()); n > 1<<20 {
		t.Errorf("got %d bytes of log, want none of the megabyte", n)
	}
}

// inForm is a submitted form with one field as the client made it up.
func (w *world) inForm(user string, v slacktest.View, field, key string, value any, metadata string) {
	w.t.Helper()
	f, ok := v.Field(field)
	if !ok {
		w.t.Fatalf("no field %s", field)
	}
	w.acked(w.slack.ForgeSubmission(user, v.ID, func(view map[string]any) {
		values := map[string]map[string]any{"account": {"account": choiceOf("", "", "vault")}}
		values[f.BlockID] = map[string]any{field: map[string]any{"type": f.Kind, key: value}}
		view["state"] = map[string]any{"values": values}
		if metadata != "" {
			view["private_metadata"] = metadata
		}
	}))
}

func TestAFormIsReadAsIfItWereTyped(t *testing.T) {
	t.Parallel()
	w, r := withLeads(t)
	w.acked(w.slack.Command("U01ALICE", "C0GENERAL", "/assume", ""))
	v := w.modal("U01ALICE", "Account")
	option := func(value string) any { return choiceOf("", "", value)["selected_option"] }
	for i, test := range []struct {
		field, key string
		value      any
		want       string
	}{
		{"account", "selected_option", option("vault\nGranted prod to bob"), "cannot be the name of an account"},
		{"account", "selected_option", option(strings.Repeat("a", 1<<20)), "cannot be the name of an account"},
		{"format", "selected_option", option("console " + strings.Repeat("x", 2<<20)), "name of an AWS service"},
		{"format", "selected_option", option(strings.Repeat("x", 2<<20)), "format"},
		{"duration", "selected_option", option("-5m"), "negative"},
		{"duration", "selected_option", option("2562047h"), "longer than AWS ever gives"},
		{"duration", "selected_option", option("1ns"), "duration"},
		{"reason", "value", strings.Repeat("x", 501), "at most 500 characters"},
		{"code", "value", strings.Repeat("1", 1<<20), "six digits"},
	} {
		w.inForm("U01ALICE", v, test.field, test.key, test.value, "")
		v = w.modal("U01ALICE", "Account")
		if f, _ := v.Field(test.field); !strings.Contains(f.Error, test.want) {
			t.Errorf("%d: got error %q on %s, want %q", i, f.Error, test.field, test.want)
		}
	}
	if kept, err := r.Store.Approvals.ApprovalsOf(t.Context(), "U01ALICE"); err != nil || len(kept) != 0 {
		t.Errorf("got %d approvals, %v, want none asked for", len(kept), err)
	}
	if got := w.everything(r); len(got) != 0 {
		t.Errorf("got %d events, want none", len(got))
	}
	// What is clean is cleaned: one line, and no override.
	w.inForm("U01ALICE", v, "reason", "value", "INC-42\nGranted prod to bob\u202e\x1b[31m", `{"channel":"C0\nEVIL","break_glass":false}`)
	w.approval("Approval wanted", "INC-42 Granted prod to bob [31m")
	for _, e := range w.everything(r) {
		if strings.ContainsAny(fmt.Sprintf("%+v", e), "\n\x1b\u202e") {
			t.Errorf("the record holds %q", fmt.Sprintf("%+v", e))
		}
	}
}

// TestWhatNamesNoApprovalQueuesNothing: it is judged before anything is kept for
// later, and what no key can be formed of is not there.
func TestWhatNamesNoApprovalQueuesNothing(t *testing.T) {
	t.Parallel()
	w, r := withLeads(t)
	w.says("U01ALICE", "/assume", "vault")
	m := w.approval("Approval wanted")
	due := func() int {
		entries, err := r.Store.DueLists.DueBy(t.Context(), "approvals", w.now().Add(100*time.Hour), 100)
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	before := due()
	for _, value := range []string{
		"{/1", "{/abcdefghijklmnopqrstuvwxyz", "U02BOB/x", "/", "", "U02BOB/abcdefghijklmnopqrstuvwxyz", "U01ALICE/" + strings.Repeat("a", 1<<20), "U01ALICE/a\nb",
	} {
		for _, action := range []string{"approve", "acknowledge", "deny", "enter_code"} {
			n := len(w.private("U02BOB"))
			w.acked(w.slack.Forge("U02BOB", m.Ref(), pressOf("approval:", action, value)))
			w.await(action+" of "+value[:min(len(value), 40)], func() bool { return len(w.private("U02BOB")) > n })
			if text := w.private("U02BOB")[n].Plain(); strings.Contains(text, "store is not answering") {
				t.Errorf("%s of %.40q: got %q, want that it names nothing", action, value, text)
			}
		}
	}
	// Who may not decide leaves nothing behind either.
	w.press("U04DAVE", m, "approve")
	w.shown("U04DAVE", "You are not an approver of vault")
	if got := due(); got != before {
		t.Errorf("got %d entries on the due list, want the %d from before", got, before)
	}
	w.later(r, time.Minute)
	if n, err := r.Bot.Due(t.Context()); err != nil || n != 0 {
		t.Errorf("got %d due, %v, want none", n, err)
	}
	w.press("U02BOB", m, "approve")
	w.approval("Approved by bob@example.com")
}
func TestAReasonThatShowsNothingIsNoneInTheForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(strings.Replace(worldConfig, "    mfa: none\n    allow: [U01ALICE]\n", "    mfa: none\n    allow: [U01ALICE]\n    reason: required\n", 1), w.settings())
	w.acked(w.slack.Command("U01ALICE", "C0GENERAL", "/assume", ""))
	v := w.modal("U01ALICE", "Account")
	w.choose("U01ALICE", v, "account", "open", "open")
	w.offered("U01ALICE", "15m") // or what it offers would take the place of an error
	for _, blank := range []string{"\u3164", "\u2800\u2800", "\u200d", "\u034f", "\u115f \u1160", "\U000e0041", "\ufe0f"} {
		w.acked(w.slack.Submit("U01ALICE", w.modal("U01ALICE", "Account").ID, map[string]string{"reason": blank}))
		if f, _ := w.modal("U01ALICE", "Account").Field("reason"); !strings.Contains(f.Error, "needs a reason") {
			t.Errorf("%+q: got error %q, want that a reason is needed", blank, f.Error)
		}
		wantText(t, w.says("U01ALICE", "/assume", "open because "+blank), "the reason is missing")
	}
	if got := w.stsCalls("AssumeRole"); got != 0 {
		t.Errorf("got %d AssumeRole calls, want none", got)
	}
}
