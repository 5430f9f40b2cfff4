package web

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/cmd/demo/world"
)

func TestDatesAreInTheZoneThatTheBrowserNames(t *testing.T) {
	t.Parallel()
	b := deserted(t)
	b.world.Slack.SetClock(func() time.Time { return time.Date(2026, 3, 4, 23, 30, 0, 0, time.UTC) })
	b.posts(world.General, "until <!date^1772668800^{date_num} {time}|x>", "") // 2026-03-05 00:00 UTC
	for zone, want := range map[string][]string{
		"UTC":              {">11:30 PM<", "Wednesday, March 4", "until 2026-03-05 12:00 AM"},
		"Asia/Tokyo":       {">8:30 AM<", "Thursday, March 5", "until 2026-03-05 9:00 AM"},
		"America/New_York": {">6:30 PM<", "Wednesday, March 4", "until 2026-03-04 7:00 PM"},
	} {
		_, text := b.do("GET", "/alice/general?zone="+url.QueryEscape(zone), "", nil)
		text = strings.NewReplacer(`<time class="bk-date" datetime="2026-03-05T00:00:00Z">`, "", "</time>", "<").Replace(text)
		for _, each := range want {
			if !strings.Contains(text, each) {
				t.Errorf("%s: got no %q in:\n%s", zone, each, text)
			}
		}
	}
	for _, hostile := range []string{"../../../etc/passwd", "/etc/passwd", "x/y/z", strings.Repeat("x", 4000), "\x00"} {
		if got := zone(hostile); got != time.Local {
			t.Errorf("%q is %s, want the local zone", hostile, got)
		}
	}
}

func TestWhoIsCalledSeesThatUntilTheyHaveLooked(t *testing.T) {
	t.Parallel()
	b := deserted(t)
	tab := func(text, person string) string {
		_, rest, _ := strings.Cut(text, `href="`+b.base+"/"+person+"/general")
		whole, _, _ := strings.Cut(rest, "</a>")
		return whole
	}
	b.types("alice", general, "good morning")
	text := b.page("alice", general)
	if got := tab(text, "bob"); !strings.Contains(got, `class="dot"`) || strings.Contains(got, "badge") {
		t.Errorf("bob's tab after a message: got %s", got)
	}
	if got := tab(text, "alice"); strings.Contains(got, "dot") {
		t.Errorf("alice's tab after her own: got %s", got)
	}
	b.types("alice", general, "@here @bob look")
	if got := tab(b.page("alice", general), "bob"); !strings.Contains(got, `class="badge">1<`) {
		t.Errorf("bob's tab after a mention: got %s", got)
	}
	text = b.page("bob", general)
	if !strings.Contains(text, "message calls") && !strings.Contains(text, " calls\"") || strings.Count(text, "bk-lit") != 2 {
		t.Errorf("what calls bob is not lit:\n%s", text)
	}
	if got := tab(b.page("alice", general), "bob"); strings.Contains(got, "badge") || strings.Contains(got, "dot") {
		t.Errorf("bob's tab after he looked: got %s", got)
	}
	if text := b.page("alice", general); strings.Contains(text, " calls\"") {
		t.Errorf("alice calls herself:\n%s", text)
	}
}

func TestMessagesAreGroupedEditedAndDeleted(t *testing.T) {
	t.Parallel()
	b := deserted(t)
	now := time.Date(2026, 3, 4, 9, 0, 0, 0, time.UTC)
	b.world.Slack.SetClock(func() time.Time { return now })
	first := b.posts(world.General, "one", "")
	second := b.posts(world.General, "two", "")
	now = now.Add(together + time.Minute)
	b.posts(world.General, "three", "")
	now = now.AddDate(0, 0, 1)
	b.posts(world.General, "four", "")
	text := b.page("alice", general)
	if got := strings.Count(text, "<b>assumebot</b>"); got != 3 {
		t.Errorf("the author is named %d times, want 3, in:\n%s", got, text)
	}
	if got := strings.Count(text, `class="day"`); got != 2 {
		t.Errorf("%d days are named, want 2", got)
	}
	b.calls("chat.update", url.Values{"channel": {world.General}, "ts": {first}, "text": {"uno"}})
	b.calls("chat.delete", url.Values{"channel": {world.General}, "ts": {second}})
	text = b.page("alice", general)
	if !strings.Contains(text, "uno") || strings.Contains(text, ">one<") || strings.Contains(text, ">two<") || strings.Count(text, "(edited)") != 1 {
		t.Errorf("got:\n%s", text)
	}
}

func TestNewestMessagesAloneAreShown(t *testing.T) {
	t.Parallel()
	b := deserted(t)
	for i := range maxShown + 20 {
		b.types("alice", general, fmt.Sprintf("message %d.", i))
		b.types("alice", general, fmt.Sprintf("/nonsense %d", i))
	}
	text := b.page("alice", general)
	if got := strings.Count(text, "<article"); got != maxShown {
		t.Errorf("%d messages show, want %d", got, maxShown)
	}
	if !strings.Contains(text, "message 119.") || strings.Contains(text, "message 1.") {
		t.Error("it is not the newest that show")
	}
}

func TestDeskForgetsRatherThanGrows(t *testing.T) {
	d := newDesk()
	for i := range 3 * maxKept {
		on := slacktest.MessageRef{Channel: "C", TS: fmt.Sprint(i)}
		d.dismiss(on)
		d.warn(on, "x")
		d.notify(notice{channel: "C"})
		if !d.dismissed(on) || d.warning(on) == "" {
			t.Fatal("the newest is forgotten")
		}
	}
	if len(d.away) > maxKept || len(d.warned) > maxKept || len(d.notices) > maxShown {
		t.Errorf("it holds %d, %d and %d", len(d.away), len(d.warned), len(d.notices))
	}
}

func TestTooLongMessagesAreRefusedInWords(t *testing.T) {
	t.Parallel()
	b := deserted(t)
	b.types("alice", general, strings.Repeat("é", longestMessage+1))
	b.sees("alice", general, `role="alert"`, "Slack takes at most 12000 characters")
	b.types("alice", general, "shorter")
	if text := b.page("alice", general); strings.Contains(text, "at most") {
		t.Errorf("the complaint stays:\n%s", text)
	}
}
