package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/cmd/demo/world"
)

// stage is a world whose bot does not run: tests show what a bot would.
func stage(t *testing.T) *scene {
	t.Helper()
	w, err := newSceneWithBot(t.Context(), world.ConfigFile, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// api calls Slack as the bot.
func api(t *testing.T, w *scene, method string, params url.Values) {
	t.Helper()
	params.Set("token", w.Slack.BotToken())
	resp, err := http.PostForm(w.Slack.APIURL()+method, params)
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
	t.Parallel()
	w, out := stage(t), &bytes.Buffer{}
	term := newTerminal(w, strings.NewReader(""), out, 0)
	api(t, w, "chat.postMessage", url.Values{"channel": {world.Audit}, "text": {"asks"}, "blocks": {approval}})
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
	t.Parallel()
	w, out := stage(t), &bytes.Buffer{}
	term := newTerminal(w, strings.NewReader(""), out, 0)
	d, err := w.Slack.Command("U01ALICE", world.General, "/assume", "")
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
		if got, err := do(t, term, out, line); err != nil || !strings.Contains(got, "(MFA code: "+alice.Device.Code()+")") {
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
	t.Parallel()
	w := stage(t)
	message := func(m slacktest.Message) slacktest.Change {
		return slacktest.Change{Kind: slacktest.MessagePosted, Message: m}
	}
	for _, c := range []struct {
		change slacktest.Change
		want   string
	}{
		{message(slacktest.Message{Channel: world.General, Ephemeral: true, To: "U02BOB"}), "[bob, only you]"},
		{message(slacktest.Message{Channel: world.General, Ephemeral: true, To: "U02BOB", Via: "slack"}), "[bob, only you, from Slackbot]"},
		{message(slacktest.Message{Channel: w.Slack.DM("U01ALICE")}), "[@assumebot → alice]"},
		{message(slacktest.Message{Channel: world.Audit}), "[#aws-audit]"},
		{slacktest.Change{Kind: slacktest.MessageUpdated, Message: slacktest.Message{Channel: world.Audit}}, "[#aws-audit, changed]"},
		{slacktest.Change{Kind: slacktest.ViewOpened, User: "U01ALICE"}, "[alice, in a window]"},
		{slacktest.Change{Kind: slacktest.HomePublished, User: "U02BOB"}, "[bob, App Home of @assumebot]"},
	} {
		if got := w.heading(c.change); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

func TestActionsWaitForWhatIsNotThereYet(t *testing.T) {
	t.Parallel()
	w, out := stage(t), &bytes.Buffer{}
	term := newTerminal(w, strings.NewReader(""), out, patience)
	bob, _ := w.person("bob")
	looks := 0
	found := term.seen(t.Context(), func() bool {
		_, _, ok := findButton(w.surfaces(bob), "Approve")
		if looks++; looks == 1 {
			api(t, w, "chat.postMessage", url.Values{"channel": {world.Audit}, "text": {"asks"}, "blocks": {approval}})
		}
		return ok
	})
	if !found || looks < 2 {
		t.Errorf("got %v after %d looks, want the button once it came", found, looks)
	}
	term.late = 0
	for _, line := range []string{"@bob press Renew", "@bob choose cmd", "@bob fill code 1", "@bob submit", "@bob cancel"} {
		if _, err := do(t, term, out, line); err == nil {
			t.Errorf("%s: got no error, want one after the wait", line)
		}
	}
}

const dangerous = `[{"type":"actions","block_id":"a","elements":[
	{"type":"button","action_id":"end","style":"danger","text":{"type":"plain_text","text":"End"},"confirm":{
		"title":{"type":"plain_text","text":"Revoke prod?"},"text":{"type":"plain_text","text":"All of it."},
		"confirm":{"type":"plain_text","text":"Revoke"},"deny":{"type":"plain_text","text":"Keep"}}}]}]`

func TestConfirmationDialogsAreAsked(t *testing.T) {
	t.Parallel()
	w, out := stage(t), &bytes.Buffer{}
	term := newTerminal(w, strings.NewReader(""), out, 0)
	api(t, w, "chat.postMessage", url.Values{"channel": {world.Audit}, "text": {"x"}, "blocks": {dangerous}})
	if err := term.awaitNotice(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ line, want, refused string }{
		{line: "press End", want: "[alice is asked]\n  Revoke prod?\n  All of it.\n  [Keep] [Revoke]\n  press: 1 Keep, 2 Revoke\n"},
		{line: "press End", refused: `alice is asked "Revoke prod?": press Keep, or press Revoke`},
		{line: "/assume accounts", refused: `alice is asked "Revoke prod?"`},
		{line: "press keep", want: "(alice says Keep: nothing was done)"},
		{line: "press End", want: "[alice is asked]"},
		{line: "cancel", want: "nothing was done"},
		{line: "press End", want: "[alice is asked]"},
		{line: "press 2", want: "dispatch_failed"}, // it reached Slack, and nobody listens
	} {
		got, err := do(t, term, out, c.line)
		if c.refused != "" {
			if err == nil || !strings.Contains(err.Error(), c.refused) {
				t.Errorf("%s: got %v, want it refused with %q", c.line, err, c.refused)
			}
			continue
		}
		if err != nil || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, %v, want %q", c.line, got, err, c.want)
		}
	}
}

func TestWindowsStackVisibly(t *testing.T) {
	t.Parallel()
	w, out := stage(t), &bytes.Buffer{}
	term := newTerminal(w, strings.NewReader(""), out, 0)
	opened := func() bool {
		return term.await(t.Context(), patience, func(c slacktest.Change) bool { return c.Kind == slacktest.ViewOpened })
	}
	d, err := w.Slack.Command("U01ALICE", world.General, "/assume", "")
	if err != nil {
		t.Fatal(err)
	}
	api(t, w, "views.open", url.Values{"trigger_id": {d.TriggerID}, "view": {window}})
	if !opened() {
		t.Fatal("no window opened")
	}
	term.showNews(nil)
	if !strings.Contains(out.String(), "[alice, in a window]\n  Get credentials\n") {
		t.Errorf("got %s, want one window, not called one of many", out)
	}
	out.Reset()
	alice, _ := w.person("alice")
	below, _ := w.window(alice)
	d, err = w.Slack.Submit("U01ALICE", below.ID, map[string]string{"b1": "123456"}) // its trigger may push
	if err != nil {
		t.Fatal(err)
	}
	api(t, w, "views.push", url.Values{"trigger_id": {d.TriggerID}, "view": {strings.Replace(window, "Get credentials", "Sure?", 1)}})
	if !opened() {
		t.Fatal("no second window opened")
	}
	term.showNews(nil)
	if want := "[alice, in window 2 of 2, on top of Get credentials]\n  Sure?\n"; !strings.Contains(out.String(), want) {
		t.Errorf("got %s, want %q", out, want)
	}
	got, err := do(t, term, out, "cancel")
	want := "[alice, the window closed; the one below it is Get credentials]\n  Get credentials\n  MFA code: 123456\n"
	if err != nil || !strings.Contains(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestWhatAWindowCoversIsOfferedOnceItClosed(t *testing.T) {
	t.Parallel()
	w, out := stage(t), &bytes.Buffer{}
	term := newTerminal(w, strings.NewReader(""), out, 0)
	show := func(kind slacktest.ChangeKind) string {
		t.Helper()
		if !term.await(t.Context(), patience, func(c slacktest.Change) bool { return c.Kind == kind }) {
			t.Fatalf("no %s", kind)
		}
		out.Reset()
		term.showNews(nil)
		return out.String()
	}
	opens := func(user string) {
		t.Helper()
		d, err := w.Slack.Command(user, world.General, "/assume", "")
		if err != nil {
			t.Fatal(err)
		}
		api(t, w, "views.open", url.Values{"trigger_id": {d.TriggerID}, "view": {window}})
		show(slacktest.ViewOpened)
	}
	asks := func(channel, user string) string {
		t.Helper()
		method, params := "chat.postMessage", url.Values{"channel": {channel}, "text": {"asks"}, "blocks": {approval}}
		if user != "" {
			method = "chat.postEphemeral"
			params.Set("user", user)
		}
		api(t, w, method, params)
		return show(slacktest.MessagePosted)
	}
	const offer = "  press: 1 Approve, 2 Deny\n  choose: fish\n"
	opens("U01ALICE")
	if got := asks(world.Audit, ""); !strings.Contains(got, offer) {
		t.Errorf("got %s, want it offered: nothing is before bob", got)
	}
	if got := asks(world.General, "U01ALICE"); strings.Contains(got, "press:") || !strings.Contains(got, "alice asks for vault") {
		t.Errorf("got %s, want it shown and not offered: it is behind alice's window", got)
	}
	opens("U02BOB")
	if got := asks(world.Audit, ""); strings.Contains(got, "press:") {
		t.Errorf("got %s, want nothing offered: both have a window open", got)
	}
	for _, line := range []string{"@bob cancel", "cancel"} {
		got, err := do(t, term, out, line)
		if err != nil || strings.Count(got, offer) != 1 || !strings.Contains(got, ", behind the window: #aws-audit]\n"+offer) {
			t.Errorf("%s: got %s, %v, want what is behind offered once", line, got, err)
		}
		if _, err := do(t, term, out, strings.TrimSuffix(line, "cancel")+"press 1"); err != nil {
			t.Errorf("after %s: %v", line, err)
		}
	}
	if got := asks(world.Audit, ""); !strings.Contains(got, offer) || strings.Contains(got, "behind") {
		t.Errorf("got %s, want it offered, and nothing again", got)
	}
}

func TestWhatIsNotThereNamesAllThatIs(t *testing.T) {
	t.Parallel()
	_, err := play(t, "/assume\nchoose 2h\n")
	for _, want := range []string{"prod", "The default of the account", "fish", "; what is behind the window is there again after cancel"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to say %q", err, want)
		}
	}
	if _, err := play(t, "press Renew\n"); err == nil || !strings.HasSuffix(err.Error(), "nothing of that kind is visible") {
		t.Errorf("got %v, want no word of a window: none is open", err)
	}
}

func TestAWindowInPlaceOfAnotherIsNotCalledTheOneBelow(t *testing.T) {
	t.Parallel()
	w, out := stage(t), &bytes.Buffer{}
	term := newTerminal(w, strings.NewReader(""), out, 0)
	for _, title := range []string{"First", "Second"} {
		d, err := w.Slack.Command("U01ALICE", world.General, "/assume", "")
		if err != nil {
			t.Fatal(err)
		}
		api(t, w, "views.open", url.Values{"trigger_id": {d.TriggerID}, "view": {strings.Replace(window, "Get credentials", title, 1)}})
		if !term.await(t.Context(), patience, func(c slacktest.Change) bool { return c.Kind == slacktest.ViewOpened && c.View.Title == title }) {
			t.Fatalf("no window %s opened", title)
		}
	}
	term.showNews(nil)
	got, want := out.String(), "[alice, the window closed]\n"
	if !strings.Contains(got, want) || strings.Contains(got, "below") || strings.Count(got, "  Second\n") != 1 {
		t.Errorf("got %s, want %q and the second window once", got, want)
	}
}

func TestAWSShowsTheTimeThatTheDemoMovedTo(t *testing.T) {
	t.Parallel()
	w := stage(t)
	if err := w.Advance(2 * time.Hour); err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get(w.AWS.URL())
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if off := w.Clock.Now().Sub(date); err != nil || off < -time.Minute || off > time.Minute {
		t.Errorf("got a Date %s away from the demo's clock (%v)", off, err)
	}
}
