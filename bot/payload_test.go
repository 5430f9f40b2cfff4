package bot

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/bot/typed"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/listing"
	"github.com/assumebot/assumebot/broker/policy"
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
	})
}

func checkCaller(t *testing.T, c broker.Caller) {
	if c.User != "" && !typed.SlackUser.MatchString(c.User) || c.Team != "" && !typed.SlackTeam.MatchString(c.Team) ||
		c.Channel != "" && !typed.SlackChannel.MatchString(c.Channel) {
		t.Errorf("got caller %+q", fmt.Sprint(c))
	}
}

func checkPress(t *testing.T, a *slack.BlockAction) {
	p, err := readPress(a)
	if err != nil {
		return
	}
	switch {
	case p.account != "" && policy.CheckAccountName(p.account) != nil,
		p.format != "" && p.format == snippet.Console,
		p.page < 0 || p.page > lastPage,
		p.prefix != "" && !command.ValidPrefix(p.prefix),
		p.grant != "" && !typed.RequestID.MatchString(p.grant),
		p.target != "" && !typed.SlackUser.MatchString(p.target),
		p.approval.User != "" && !typed.SlackUser.MatchString(p.approval.User),
		p.approval.ID != "" && !typed.RequestID.MatchString(p.approval.ID):
		t.Errorf("%+v: got %+v", a, p)
	}
	if p.page*listing.PerPage < 0 {
		t.Errorf("page %d overflows", p.page)
	}
}

// TestWhatButtonsHoldIsReadBack: what the bot itself puts into them is within the
// bounds.
func TestWhatButtonsHoldIsReadBack(t *testing.T) {
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
	name := message.ApprovalName{User: "U01ALICE", ID: broker.NewID()}
	if got := readApprovalName(name.String()); got != name {
		t.Errorf("got %v, want %v", got, name)
	}
	for range 100 {
		if id := broker.NewID(); typed.Only(typed.RequestID, id) != id {
			t.Errorf("%s is no ID of a Request", id)
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

func TestValuesOfButtonsComeBack(t *testing.T) {
	for value, want := range map[string]string{
		"3 logs-": "3 logs-", "0 ": "0 ", "12": "12 ", "": "0 ", "x logs-": "0 ", "99999999999999999999 a": "0 ",
	} {
		page, prefix := readPage(value)
		if got := fmt.Sprintf("%d %s", page, prefix); got != want {
			t.Errorf("%q: got %q, want %q", value, got, want)
		}
	}
}

func TestAPressIsReadAsWhatIsTyped(t *testing.T) {
	for value, want := range map[string]press{
		"prod":     {action: message.ActRenew, account: "prod"},
		"prod 30m": {action: message.ActRenew, account: "prod", duration: 30 * time.Minute},
	} {
		if got, err := readPress(&slack.BlockAction{ActionID: message.ActRenew, Value: value}); err != nil || got != want {
			t.Errorf("%q: got %+v, %v, want %+v", value, got, err, want)
		}
	}
	for action, values := range map[string][]string{
		message.ActRenew:      {"prod 999h", "prod 30m 30m", "prod -1h", "prod " + strings.Repeat("9", 5000), "a\nb"},
		message.ActBreakGlass: {"", "prod\n", "prod 1h", "../x", strings.Repeat("a", 5000), "\u202eprod"},
	} {
		for _, value := range values {
			if got, err := readPress(&slack.BlockAction{ActionID: action, Value: value}); err == nil {
				t.Errorf("%s %q: got %+v, want it refused", action, blockkit.Shortened(value, 40), got)
			}
		}
	}
}
