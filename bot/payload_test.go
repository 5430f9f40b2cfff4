package bot

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/bot/snippet/snippettest"
	"github.com/assumebot/assumebot/broker"
)

// FuzzInteraction reads whatever a client can put into an interaction, and checks
// that what comes of it is within the bounds of what is typed.
func FuzzInteraction(f *testing.F) {
	id := strings.Repeat("a", 26)
	for _, seed := range []string{
		`{}`, `null`, `[]`, `{"type":"block_actions","actions":[null]}`, `{"actions":[{"block_id":1}]}`, `{"type":"block_actions","actions":{}}`,
		`{"type":"block_actions","user":{"id":"U01ALICE","team_id":"T0123"},"actions":[{"block_id":"grant:` + id + `","action_id":"next",` +
			`"value":"922337203685477580 "}]}`,
		`{"type":"block_actions","actions":[{"block_id":"x","action_id":"approve","value":"{/1"},{"block_id":"x","action_id":"unblock","value":"U02BOB"}]}`,
		`{"type":"block_actions","actions":[{"block_id":"","action_id":"format","selected_option":{"value":"console ec2"}}]}`,
		`{"type":"block_actions","actions":[{"block_id":"","action_id":"renew","value":"prod\nGranted prod to bob"}]}`,
		`{"type":"view_submission","view":{"type":"modal","id":"V1","callback_id":"assume","private_metadata":"{\"channel\":\"C0GENERAL\",\"break_glass\":true}",` +
			`"state":{"values":{"account":{"account":{"selected_option":{"value":"prod"}}},` +
			`"duration-prod":{"duration":{"selected_option":{"value":"1h0m0s"}}},"code-1":{"code":{"value":"123 456"}},"reason":{"reason":{"value":"INC-42\u202e"}}}}}}`,
		`{"type":"view_submission","view":{"callback_id":"deny","private_metadata":"U01ALICE/` + id + `",` +
			`"state":{"values":{"comment":{"comment":{"value":"\u3164"}}}}}}`,
		`{"type":"view_submission","view":{"callback_id":"buckets","private_metadata":"` + id + `","state":{"values":{"prefix":{"prefix":{"value":"logs-"}}}}}}`,
	} {
		f.Add([]byte(seed))
	}
	b := goldenBot()
	f.Fuzz(func(t *testing.T, payload []byte) {
		in, more, err := readInteraction(payload)
		if err != nil {
			return
		}
		if len(in.ActionCallback.BlockActions) > 1 && more == 0 {
			t.Errorf("%q: got %d actions, and none counted as refused", payload, len(in.ActionCallback.BlockActions))
		}
		checkCaller(t, b.conversationOf(in).caller)
		for _, a := range in.ActionCallback.BlockActions {
			checkPress(t, a)
		}
		checkForm(t, in.View)
	})
}

func checkCaller(t *testing.T, c broker.Caller) {
	if c.User != "" && !slackUser.MatchString(c.User) || c.Team != "" && !slackTeam.MatchString(c.Team) ||
		c.Channel != "" && !slackChannel.MatchString(c.Channel) {
		t.Errorf("got caller %+q", fmt.Sprint(c))
	}
}

func checkPress(t *testing.T, a *slack.BlockAction) {
	p, err := readPress(a)
	if err != nil {
		return
	}
	switch {
	case p.account != "" && broker.CheckAccountName(p.account) != nil,
		p.format != "" && p.format == snippet.Console,
		p.page < 0 || p.page > lastPage,
		p.prefix != "" && !command.ValidPrefix(p.prefix),
		p.grant != "" && !requestID.MatchString(p.grant),
		p.target != "" && !slackUser.MatchString(p.target),
		p.approval.user != "" && !slackUser.MatchString(p.approval.user),
		p.approval.id != "" && !requestID.MatchString(p.approval.id):
		t.Errorf("%+v: got %+v", a, p)
	}
	if p.page*broker.BucketsPerPage < 0 {
		t.Errorf("page %d overflows", p.page)
	}
}

func checkForm(t *testing.T, v slack.View) {
	f, _ := (voice{}).readForm(v)
	switch {
	case f.account != "" && broker.CheckAccountName(f.account) != nil,
		f.duration < 0 || f.duration > 30*24*time.Hour || f.duration%time.Second != 0,
		utf8.RuneCountInString(f.reason) > broker.MaxReason || f.reason != "" && !broker.SaysSomething(f.reason),
		strings.ContainsFunc(f.reason, snippettest.IsUnfit),
		f.service != "" && broker.CheckConsoleService(f.service) != nil:
		t.Errorf("got %+v", f)
	}
	if comment, _ := readComment(v); utf8.RuneCountInString(comment) > broker.MaxReason ||
		strings.ContainsFunc(comment, snippettest.IsUnfit) || comment != "" && !broker.SaysSomething(comment) {
		t.Errorf("got comment %q", comment)
	}
	if prefix, _ := readSearch(v); prefix != "" && !command.ValidPrefix(prefix) {
		t.Errorf("got prefix %q", prefix)
	}
	if o := origin(v); o.Channel != "" && !slackChannel.MatchString(o.Channel) {
		t.Errorf("got origin %+v", o)
	}
}

// TestWhatFormsOfferIsReadBack: what the bot itself puts into menus and buttons is
// within the bounds.
func TestWhatFormsOfferIsReadBack(t *testing.T) {
	for _, d := range durations {
		if got, err := command.ReadDuration(d.String()); err != nil || got != d {
			t.Errorf("%s: got %s, %v", d, got, err)
		}
	}
	for _, d := range []time.Duration{15*time.Minute + 30*time.Second, 90 * time.Minute, time.Hour + time.Second, 47 * time.Second} {
		if got, err := command.ReadDuration(d.String()); err != nil || got != d {
			t.Errorf("%s: got %s, %v", d, got, err)
		}
	}
	for _, format := range snippet.AllFormats() {
		if got, service, err := command.ReadFormat(command.FormatValue(format, "")); err != nil || got != format || service != "" {
			t.Errorf("%s: got %s %s, %v", format, got, service, err)
		}
	}
	if got, service, err := command.ReadFormat(command.FormatValue(snippet.Console, "ec2")); err != nil || got != snippet.Console || service != "ec2" {
		t.Errorf("got %s %s, %v", got, service, err)
	}
	name := approvalName{"U01ALICE", broker.NewID()}
	if got := readApprovalName(name.String()); got != name {
		t.Errorf("got %v, want %v", got, name)
	}
	for range 100 {
		if id := broker.NewID(); only(requestID, id) != id {
			t.Errorf("%s is no ID of a Request", id)
		}
	}
}

// TestACommentThatShowsNothingIsNone: nor is such a reason, typed or filled in.
func TestACommentThatShowsNothingIsNone(t *testing.T) {
	for _, blank := range []string{"\u3164", "\u2800", "\u200d", "\u034f", "\u1160", "\uffa0", "\u202e", " \n\t", "\U000e0041"} {
		value := slack.BlockAction{Value: blank + blank}
		view := slack.View{State: &slack.ViewState{Values: map[string]map[string]slack.BlockAction{
			fieldComment: {fieldComment: value}, fieldReason: {fieldReason: value}}}}
		if comment, wrong := readComment(view); comment != "" || wrong != "" {
			t.Errorf("%+q: got comment %+q, %q, want none", blank, comment, wrong)
		}
		if f, _ := (voice{}).readForm(view); f.reason != "" {
			t.Errorf("%+q: got reason %+q, want none", blank, f.reason)
		}
		for _, text := range []string{
			"prod because " + blank, "prod break-glass because " + blank,
			"block <@U02BOB> because " + blank, "revoke prod because " + blank,
		} {
			if c, err := command.ParseAssume(text); err == nil {
				t.Errorf("%+q: got %+v, want that the reason is missing", text, c)
			}
		}
	}
}

// TestManyActionsAreNotEvenRead: what a payload claims beside its first action
// costs no memory.
func TestManyActionsAreNotEvenRead(t *testing.T) {
	actions := make([]map[string]string, 10_000)
	for i := range actions {
		actions[i] = map[string]string{"block_id": "b", "action_id": "renew", "value": fmt.Sprint(i)}
	}
	payload, err := json.Marshal(map[string]any{"type": "block_actions", "trigger_id": "1.2", "actions": actions})
	if err != nil {
		t.Fatal(err)
	}
	in, more, err := readInteraction(payload)
	if err != nil || more != 9_999 || len(in.ActionCallback.BlockActions) != 1 || in.ActionCallback.BlockActions[0].Value != "0" || in.TriggerID != "1.2" {
		t.Errorf("got %d actions and %d more, %v, want the first and 9,999", len(in.ActionCallback.BlockActions), more, err)
	}
}
