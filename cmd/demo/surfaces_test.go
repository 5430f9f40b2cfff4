package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/bot/slacktest"
)

// stage is a world whose bot does not run: tests show what a bot would.
func stage(t *testing.T) *world {
	t.Helper()
	restore, err := hideAWSSettings()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(restore)
	w, err := newWorld(t.Context(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// api calls Slack as the bot.
func api(t *testing.T, w *world, method string, params url.Values) {
	t.Helper()
	params.Set("token", w.slack.BotToken())
	resp, err := http.PostForm(w.slack.APIURL()+method, params)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		OK    bool
		Error string
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || !answer.OK {
		t.Fatalf("%s: got %+v, %v, want ok", method, answer, err)
	}
}

const approval = `[
	{"type":"section","text":{"type":"mrkdwn","text":"alice asks for *vault*"}},
	{"type":"actions","block_id":"a","elements":[
		{"type":"button","action_id":"yes","text":{"type":"plain_text","text":"Approve"}},
		{"type":"button","action_id":"no","text":{"type":"plain_text","text":"Deny"}},
		{"type":"static_select","action_id":"format","placeholder":{"type":"plain_text","text":"Format"},"options":[
			{"text":{"type":"plain_text","text":"fish"},"value":"f"}]}]}]`

const window = `{"type":"modal","title":{"type":"plain_text","text":"Get credentials"},
	"submit":{"type":"plain_text","text":"Get"},"blocks":[
	{"type":"input","block_id":"b1","label":{"type":"plain_text","text":"MFA code"},
		"element":{"type":"plain_text_input","action_id":"digits"}},
	{"type":"input","block_id":"b2","optional":true,"label":{"type":"plain_text","text":"Reason"},
		"element":{"type":"plain_text_input","action_id":"why"}}]}`

// do does what a line says and returns what was shown.
func do(t *testing.T, term *terminal, out *bytes.Buffer, text string) (string, error) {
	t.Helper()
	out.Reset()
	err := term.line(t.Context(), text)
	return out.String(), err
}

func TestButtonsAndMenusOfMessagesAreFound(t *testing.T) {
	w, out := stage(t), &bytes.Buffer{}
	term := newTerminal(w, strings.NewReader(""), out, 0)
	api(t, w, "chat.postMessage", url.Values{"channel": {audit}, "text": {"asks"}, "blocks": {approval}})
	if err := term.awaitNotice(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := do(t, term, out, "@bob press approve") // nobody listens, which is what Slack then says
	if err != nil {
		t.Fatal(err)
	}
	inOrder(t, got, "[#aws-audit]\n  alice asks for vault\n", "  press: 1 Approve, 2 Deny\n  choose: fish\n",
		"> @bob press approve\n", "Slack shows bob a warning sign: dispatch_failed")
	for _, line := range []string{"press 2", "choose fish"} {
		if got, err := do(t, term, out, line); err != nil || !strings.Contains(got, "dispatch_failed") {
			t.Errorf("%s: got %q, %v, want it to reach Slack", line, got, err)
		}
	}
	_, err = do(t, term, out, "press Renew")
	if want := `alice sees no button "Renew": [#aws-audit] has Approve, Deny`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, err = do(t, term, out, "@carol press 1"); err == nil { // she is not in the channel
		t.Error("carol pressed a button in a channel that she is not in")
	}
}

func TestWindowsAreFilledSubmittedAndClosed(t *testing.T) {
	w, out := stage(t), &bytes.Buffer{}
	term := newTerminal(w, strings.NewReader(""), out, 0)
	d, err := w.slack.Command("U01ALICE", general, "/assume", "")
	if err != nil {
		t.Fatal(err)
	}
	api(t, w, "views.open", url.Values{"trigger_id": {d.TriggerID}, "view": {window}})
	alice, _ := w.person("alice")
	if !term.await(t.Context(), patience, func(c slacktest.Change) bool { return c.Kind == slacktest.ViewOpened }) {
		t.Fatal("no window opened")
	}

	if _, err := do(t, term, out, "submit"); err == nil || !strings.Contains(err.Error(), "required field: MFA code") {
		t.Errorf("got %v, want Slack to ask for the code", err)
	}
	for _, line := range []string{"fill code {mfa}", "fill mfa code {mfa}", "fill digits {mfa}"} {
		if got, err := do(t, term, out, line); err != nil || !strings.Contains(got, "(MFA code: "+alice.device.Code()+")") {
			t.Errorf("%s: got %q, %v, want the device's code in it", line, got, err)
		}
	}
	if _, err := do(t, term, out, "fill account prod"); err == nil || !strings.Contains(err.Error(), "its fields are: MFA code, Reason") {
		t.Errorf("got %v, want the fields that there are", err)
	}
	if got, err := do(t, term, out, "submit"); err != nil || !strings.Contains(got, "dispatch_failed") {
		t.Errorf("got %q, %v, want it to reach Slack", got, err)
	}
	if got, err := do(t, term, out, "cancel"); err != nil || !strings.Contains(got, "[alice, the window closed]") {
		t.Errorf("got %q, %v, want the window closed", got, err)
	}
}

func TestHeadingsSayWhoSeesIt(t *testing.T) {
	w := stage(t)
	message := func(m slacktest.Message) slacktest.Change {
		return slacktest.Change{Kind: slacktest.MessagePosted, Message: m}
	}
	for _, c := range []struct {
		change slacktest.Change
		want   string
	}{
		{message(slacktest.Message{Channel: general, Ephemeral: true, To: "U02BOB"}), "[bob, only you]"},
		{message(slacktest.Message{Channel: general, Ephemeral: true, To: "U02BOB", Via: "slack"}), "[bob, only you, from Slackbot]"},
		{message(slacktest.Message{Channel: w.slack.DM("U01ALICE")}), "[@assumebot → alice]"},
		{message(slacktest.Message{Channel: audit}), "[#aws-audit]"},
		{slacktest.Change{Kind: slacktest.MessageUpdated, Message: slacktest.Message{Channel: audit}}, "[#aws-audit, changed]"},
		{slacktest.Change{Kind: slacktest.ViewOpened, User: "U01ALICE"}, "[alice, in a window]"},
		{slacktest.Change{Kind: slacktest.HomePublished, User: "U02BOB"}, "[bob, App Home of @assumebot]"},
	} {
		if got := w.heading(c.change); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}
