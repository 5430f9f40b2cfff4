package e2e

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/store/storetest"
)

// owedNow is how many answers processes owe that took nothing over.
func owedNow(t *testing.T, url string) (n int64) {
	t.Helper()
	raw := storetest.Raw(t, url)
	keys, err := raw.Keys(t.Context(), "assumebot:{owed}:by:*").Result()
	for _, key := range keys {
		if err == nil {
			var more int64
			more, err = raw.ZCard(t.Context(), key).Result()
			n += more
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// asksAgain has Alice send so many commands more than a person is served at once.
func (w *world) asksAgain(times int) {
	w.t.Helper()
	for range times {
		if _, err := w.slack.Command("U01ALICE", "C0GENERAL", "/assume", "accounts"); err != nil {
			w.t.Fatal(err)
		}
	}
}

// TestWhatWaitsForItsTurnIsOwedToo: eight of one person are served at once, and the others wait.
func TestWhatWaitsForItsTurnIsOwedToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, url := w.realRedis()
	for _, f := range unknowns {
		w.slack.Inject(f)
	}
	o := w.another(worldConfig, url, "accounts")
	w.asksAgain(11)
	w.await("all are owed", func() bool { return owedNow(t, url) == 12 })
	o.gets(syscall.SIGKILL)
	w.slack.ClearFaults()
	w.pace = soon
	w.run(worldConfig, settings)
	w.await("all are told", func() bool {
		return len(w.private("U01ALICE"))+len(w.directMessages("U01ALICE")) == 12 && !owes(t, url)
	})
	for _, m := range append(w.private("U01ALICE"), w.directMessages("U01ALICE")...) {
		wantText(t, m, "The bot was stopped before it answered /assume accounts")
	}
}

// TestAPressThatWaitsForItsTurnIsOwedToo: commands that are not answered have all turns.
func TestAPressThatWaitsForItsTurnIsOwedToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, url := w.realRedis()
	o := w.another(worldConfig, url, "help")
	w.await("help, with a button", func() bool { return len(w.private("U01ALICE")) == 1 && owedNow(t, url) == 0 })
	help := w.private("U01ALICE")[0]
	for _, f := range silence {
		w.slack.Inject(f)
	}
	w.asksAgain(8)
	w.await("all turns are taken", func() bool { return owedNow(t, url) == 8 })
	var presses []*slacktest.Delivery
	for range 3 {
		d, err := w.slack.Press("U01ALICE", help.Ref(), "", "more_help")
		if err != nil {
			t.Fatal(err)
		}
		presses = append(presses, d)
	}
	w.await("the presses are owed too", func() bool { return owedNow(t, url) == 11 })
	w.await("they are acknowledged", func() bool {
		return !slices.ContainsFunc(presses, func(d *slacktest.Delivery) bool { return d.Acks() != 1 })
	})
	o.gets(syscall.SIGKILL)
	w.slack.ClearFaults()
	w.pace = soon
	w.run(worldConfig, settings)
	told := map[string]int{}
	w.await("all are told", func() bool {
		clear(told)
		for _, m := range append(w.private("U01ALICE"), w.directMessages("U01ALICE")...) {
			if _, what, stopped := strings.Cut(m.Plain(), "The bot was stopped before it answered "); stopped {
				what, _, _ = strings.Cut(what, ".")
				told[what]++
			}
		}
		return told["the button that you pressed"] == 3 && told["/assume accounts"] == 8 && !owes(t, url)
	})
}

// TestWhatWaitedIsOwedNoMoreOnceItIsAnswered: some get their turn, and some are told that there
// is none.
func TestWhatWaitedIsOwedNoMoreOnceItIsAnswered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, url := w.realRedis()
	for _, f := range unknowns {
		w.slack.Inject(f)
	}
	w.run(worldConfig, settings)
	w.asksAgain(12)
	w.await("all are owed", func() bool { return owedNow(t, url) == 12 })
	w.await("there is no turn for some", func() bool { return len(w.private("U01ALICE")) == 4 && owedNow(t, url) == 8 })
	w.asksAgain(4)
	w.await("these are owed too", func() bool { return owedNow(t, url) == 12 })
	w.slack.ClearFaults()
	w.await("nothing is owed any more", func() bool { return owedNow(t, url) == 0 })
	said := map[string]int{}
	for _, m := range append(w.private("U01ALICE"), w.directMessages("U01ALICE")...) {
		first, _, _ := strings.Cut(m.Plain(), "\n")
		said[first]++
	}
	if n := len(w.private("U01ALICE")) + len(w.directMessages("U01ALICE")); n != 16 {
		t.Errorf("got %d answers, want one to each: %s", n, fmt.Sprint(said))
	}
}
