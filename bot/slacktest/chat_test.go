package slacktest_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/slacktest"
)

func TestPostsAreRefusedBySlacksNames(t *testing.T) {
	s := start(t)
	api, ctx := client(s), testContext(t)
	s.AddChannel(slacktest.Channel{ID: "C03OLD", Name: "old", BotMember: true, Archived: true})
	long := slack.NewSectionBlock(slack.NewTextBlockObject("mrkdwn", strings.Repeat("x", 2900), false, false), nil, nil)
	five := slack.MsgOptionBlocks(long, long, long, long, long)
	for _, tt := range []struct {
		channel string
		opt     slack.MsgOption
		want    string
	}{
		{outside, slack.MsgOptionText("hi", false), "not_in_channel"},
		{"C0NOWHERE", slack.MsgOptionText("hi", false), "channel_not_found"},
		{"C03OLD", slack.MsgOptionText("hi", false), "is_archived"},
		{general, slack.MsgOptionText("", false), "no_text"},
		{general, slack.MsgOptionText(strings.Repeat("x", 40_001), false), "msg_too_long"},
		{general, five, "msg_blocks_too_long"},
	} {
		_, _, err := api.PostMessageContext(ctx, tt.channel, tt.opt)
		wantError(t, err, tt.want)
	}
	_, err := api.PostEphemeralContext(ctx, general, "U0NOBODY", slack.MsgOptionText("hi", false))
	wantError(t, err, "user_not_in_channel")
	_, err = api.PostEphemeralContext(ctx, outside, alice, slack.MsgOptionText("hi", false))
	wantError(t, err, "not_in_channel")
	if got := s.Messages(); len(got) != 0 {
		t.Errorf("refused posts left %d messages", len(got))
	}
}

func TestBotEditsAndDeletesOnlyItsOwnPosts(t *testing.T) {
	s := start(t)
	api, ctx := client(s), testContext(t)
	if _, err := s.SendMessage(alice, general, "mine"); err != nil {
		t.Fatal(err)
	}
	hers := s.InChannel(general)[0]
	_, _, err := api.DeleteMessageContext(ctx, general, hers.TS)
	wantError(t, err, "cant_delete_message")
	_, _, _, err = api.UpdateMessageContext(ctx, general, hers.TS, slack.MsgOptionText("ours", false))
	wantError(t, err, "cant_update_message")

	_, ts, err := api.PostMessageContext(ctx, general, slack.MsgOptionText("one", false))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := api.UpdateMessageContext(ctx, general, ts, slack.MsgOptionText("two", false)); err != nil {
		t.Fatal(err)
	}
	if got := s.InChannel(general)[1]; got.Text != "two" || got.Edits != 1 {
		t.Errorf("got %+v", got)
	}
	if got := s.Messages()[1]; got.Text != "one" || !got.Replaced {
		t.Errorf("first version is %+v", got)
	}
	s.ForbidDeletion(true)
	_, _, err = api.DeleteMessageContext(ctx, general, ts)
	wantError(t, err, "compliance_exports_prevent_deletion")
	s.ForbidDeletion(false)
	if _, _, err := api.DeleteMessageContext(ctx, general, ts); err != nil {
		t.Fatal(err)
	}
	if got := s.InChannel(general); len(got) != 1 {
		t.Errorf("channel shows %d messages, want 1", len(got))
	}
}

func TestChannelTakesOneMessageASecondWhenLimited(t *testing.T) {
	s := start(t)
	now := time.Unix(1_800_000_000, 0)
	s.SetClock(func() time.Time { return now })
	s.LimitRate(true)
	api, ctx := client(s), testContext(t)
	post := func() error {
		_, _, err := api.PostMessageContext(ctx, general, slack.MsgOptionText("hi", false))
		return err
	}
	if err := post(); err != nil {
		t.Fatal(err)
	}
	var limited *slack.RateLimitedError
	ok := errors.As(post(), &limited)
	if !ok || limited.RetryAfter != time.Second {
		t.Errorf("got %v, want a rate limit of 1s", limited)
	}
	s.SetClock(func() time.Time { return now.Add(time.Second) })
	if err := post(); err != nil {
		t.Errorf("after a second: %v", err)
	}
}

func TestResponseURLTakesFivePostsInThirtyMinutes(t *testing.T) {
	s := start(t)
	now := time.Unix(1_800_000_000, 0)
	s.SetClock(func() time.Time { return now })
	connect(t, s)
	used, late := command(t, s, "a").ResponseURL, command(t, s, "b").ResponseURL
	if status, body := respond(t, used, `{"text":""}`); status == http.StatusOK || body != "no_text" {
		t.Errorf("empty post: got %d %q, want no_text", status, body)
	}
	for i := range 5 {
		if status, body := respond(t, used, fmt.Sprintf(`{"text":"%d"}`, i)); status != http.StatusOK || body != "ok" {
			t.Fatalf("post %d: got %d %q", i, status, body)
		}
	}
	if status, body := respond(t, used, `{"text":"6"}`); status != http.StatusNotFound || body != "used_url" {
		t.Errorf("sixth post: got %d %q, want 404 used_url", status, body)
	}
	s.SetClock(func() time.Time { return now.Add(31 * time.Minute) })
	if status, body := respond(t, late, `{"text":"x"}`); status != http.StatusNotFound || body != "expired_url" {
		t.Errorf("late post: got %d %q, want 404 expired_url", status, body)
	}
	if got := len(s.SeenBy(alice)); got != 5 {
		t.Errorf("alice sees %d messages, want 5", got)
	}
}

func TestFaultsHitOnceAndCallsAreRecorded(t *testing.T) {
	s := start(t)
	api, ctx := client(s), testContext(t)
	s.Inject(slacktest.Fault{Method: "chat.postMessage", Error: "ratelimited", RetryAfter: 2 * time.Second})
	s.Inject(slacktest.Fault{Method: "chat.postMessage", Status: http.StatusBadGateway})
	s.Inject(slacktest.Fault{Method: "chat.postMessage", Drop: true})
	s.Inject(slacktest.Fault{Method: "chat.postMessage", LoseAnswer: true})
	for i := range 4 {
		if _, _, err := api.PostMessageContext(ctx, general, slack.MsgOptionText("hi", false)); err == nil {
			t.Errorf("request %d succeeded", i)
		}
	}
	if got := len(s.InChannel(general)); got != 1 {
		t.Errorf("channel shows %d messages, want the one whose answer was lost", got)
	}
	calls := s.Calls()
	if len(calls) != 4 || strings.Contains(fmt.Sprint(calls), s.BotToken()) {
		t.Errorf("got calls %+v", calls)
	}
}

func TestPlainReadsAsPeopleDo(t *testing.T) {
	s := start(t)
	s.SetUserGroup(slacktest.UserGroup{ID: "S01", Handle: "oncall", Name: "On call", Members: []string{bob}})
	api, ctx := client(s), testContext(t)
	snippet := "export A='1 & <2>'\n\texport B=\"x\"  \n"
	blocks := []slack.Block{
		slack.NewHeaderBlock(slack.NewTextBlockObject("plain_text", "Credentials", false, false)),
		slack.NewSectionBlock(slack.NewTextBlockObject("mrkdwn",
			"for <@U02BOB> of <!subteam^S01> until <!date^1800000000^{time}|13:00> &lt;b&gt; <https://x.example/a?b=1&amp;c|here>", false, false), nil, nil),
		slack.NewRichTextBlock("snip", &slack.RichTextPreformatted{
			Type:     slack.RTEPreformatted,
			Elements: []slack.RichTextSectionElement{slack.NewRichTextSectionTextElement(snippet, nil)},
		}),
		slack.NewActionBlock("act",
			slack.NewButtonBlockElement("renew", "g1", slack.NewTextBlockObject("plain_text", "Renew", false, false)),
			slack.NewOptionsSelectBlockElement("static_select", slack.NewTextBlockObject("plain_text", "Format", false, false), "fmt",
				slack.NewOptionBlockObject("fish", slack.NewTextBlockObject("plain_text", "Fish", false, false), nil))),
	}
	if _, _, err := api.PostMessageContext(ctx, general, slack.MsgOptionText("fallback <!here>", false), slack.MsgOptionBlocks(blocks...)); err != nil {
		t.Fatal(err)
	}
	m := s.InChannel(general)[0]
	want := "Credentials\nfor @bob of @oncall until 8:00 AM <b> here\n" + snippet + "\n[Renew] <Format ▾>"
	if diff := cmp.Diff(want, m.Plain()); diff != "" {
		t.Errorf("Plain (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{snippet}, m.Preformatted()); diff != "" {
		t.Errorf("Preformatted (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"<!here>", "<@U02BOB>", "<!subteam^S01>"}, m.Pings()); diff != "" {
		t.Errorf("Pings (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"https://x.example/a?b=1&c"}, m.Links()); diff != "" {
		t.Errorf("Links (-want +got):\n%s", diff)
	}
}

func TestSubscribersHearChangesInOrder(t *testing.T) {
	s := start(t)
	api, ctx := client(s), testContext(t)
	heard := make(chan string, 10)
	s.Subscribe(func(c slacktest.Change) { heard <- string(c.Kind) + " " + c.Message.Text })
	_, ts, err := api.PostMessageContext(ctx, general, slack.MsgOptionText("one", false))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := api.UpdateMessageContext(ctx, general, ts, slack.MsgOptionText("two", false)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := api.DeleteMessageContext(ctx, general, ts); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"message one", "update two", "delete two"} {
		if got := <-heard; got != want {
			t.Errorf("heard %q, want %q", got, want)
		}
	}
}

func TestTypedTextIsEscapedAsSlackEscapesIt(t *testing.T) {
	s := start(t)
	a := connect(t, s)
	for typed, want := range map[string]string{
		"prod 123456":                      "prod 123456",
		"@bob @nobody #general":            "<@U02BOB|bob> @nobody <#C01GENERAL|general>",
		"because https://x.example/?a&b.":  "because <https://x.example/?a&amp;b>.",
		"a@b.example & <tag> “quoted” 1>0": "<mailto:a@b.example|a@b.example> &amp; &lt;tag&gt; “quoted” 1&gt;0",
		"<!channel> <@U02BOB>":             "&lt;!channel&gt; &lt;@U02BOB&gt;",
	} {
		command(t, s, typed)
		e := a.next()
		a.ack(e, nil)
		var p struct{ Text string }
		decodeJSON(t, e.Payload, &p)
		if p.Text != want {
			t.Errorf("typed %q: got %q, want %q", typed, p.Text, want)
		}
	}
}
