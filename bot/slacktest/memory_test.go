package slacktest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/slacktest"
)

func TestMemoryDropsWhatNobodySeesAndThenTheOldest(t *testing.T) {
	s := start(t, slacktest.WithMemory(3))
	api, ctx := client(s), testContext(t)
	says := func(text string) string {
		t.Helper()
		_, ts, err := api.PostMessageContext(ctx, general, slack.MsgOptionText(text, false))
		if err != nil {
			t.Fatal(err)
		}
		return ts
	}
	shown := func(want string) {
		t.Helper()
		var got []string
		for _, m := range s.SeenBy(alice) {
			got = append(got, m.Text)
		}
		if strings.Join(got, " ") != want || len(s.Messages()) > 4 {
			t.Errorf("got %q of %d versions, want %q", got, len(s.Messages()), want)
		}
	}
	if _, err := s.SendMessage(alice, s.DM(alice), "aside"); err != nil { // of another conversation
		t.Fatal(err)
	}
	first := says("one")
	says("two")
	for i := range 5 {
		if _, _, _, err := api.UpdateMessageContext(ctx, general, first, slack.MsgOptionText(fmt.Sprint("edit", i), false)); err != nil {
			t.Fatal(err)
		}
	}
	shown("aside edit4 two")
	says("three")
	shown("aside edit4 two three")
	says("four")
	shown("aside edit4 three four")
	says("five")
	says("six")
	_, _, _, err := api.UpdateMessageContext(ctx, general, first, slack.MsgOptionText("too late", false))
	wantError(t, err, "message_not_found")
	shown("aside four five six")
	if got := s.Appeared(); got != 12 {
		t.Errorf("got %d versions so far, want 12", got)
	}
	if got := s.Calls(); len(got) != 3 || got[2].Error != "message_not_found" {
		t.Errorf("got %d calls held, want the newest 3", len(got))
	}
}
