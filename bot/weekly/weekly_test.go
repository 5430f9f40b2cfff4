package weekly

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/blockkit/goldentest"
	"github.com/assumebot/assumebot/broker/record"
)

func TestAWeekIsPostedOnceByManyReplicas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.add(granted("U01ALICE", "prod")) // before it was on
		for range 3 {
			w.runs(t)
		}
		pass(time.Minute)
		w.add(granted("U01ALICE", "prod"), granted("U01ALICE", "hub"), refused("U02BOB", "prod"), refused("U02BOB", "no-account"))
		toMonday()
		if got := w.read(); len(got) != 0 {
			t.Fatalf("got %v before the clocks have settled", got)
		}
		pass(2 * time.Minute)
		got := w.read()
		if len(got) != 1 {
			t.Fatalf("got %d posts, want one", len(got))
		}
		for _, want := range []string{
			"2 grants, 2 refused, 0 failed, by 2 people.", "prod: 1 granted, 1 refused, 0 failed", "alice@example.com (U01ALICE): 2 granted",
			"all others: 0 granted, 1 refused", "Nobody asked for 1 of 3 accounts", "idle (not since 2000-01-01 at least)",
			"Counted from record 1 to record 4.",
		} {
			if !strings.Contains(got[0], want) {
				t.Errorf("got %s\nwant %q", got[0], want)
			}
		}
		if strings.Contains(got[0], "late") || strings.Contains(got[0], "above already") {
			t.Errorf("got %s, want nothing of it late or twice", got[0])
		}
		w.add(granted("U02BOB", "idle"))
		pass(week)
		got = w.read()
		if len(got) != 2 || !strings.Contains(got[1], "1 grant, 0 refused, 0 failed, by 1 person") || !strings.Contains(got[1], "hub (last 2000-01-01)") {
			t.Errorf("got %v, want the next week, once", got)
		}
	})
}

// TestAWeekThatEndedWhileAllWereDownIsPostedLateAndOnce though it is three weeks.
func TestAWeekThatEndedWhileAllWereDownIsPostedLateAndOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		stop := w.runs(t)
		pass(time.Minute)
		w.add(granted("U01ALICE", "prod"))
		pass(time.Minute)
		stop()
		pass(3 * week)
		w.add(granted("U01ALICE", "prod")) // by a replica of the same minute
		w.runs(t)
		w.runs(t)
		pass(time.Hour)
		got := w.read()
		if len(got) != 1 || !strings.Contains(got[0], "It is late") || !strings.Contains(got[0], "1 grant, 0 refused, 0 failed, by 1 person") {
			t.Errorf("got %v, want one late post of what was before its time", got)
		}
	})
}

func TestWhatMayStandThereAlreadySaysSo(t *testing.T) {
	for name, test := range map[string]struct {
		answer  func(n int) error
		failing func(move int) error
		want    []bool // of each post, whether it says so
	}{
		"the answer is lost": {answer: func(n int) error {
			if n == 1 {
				return errLost
			}
			return nil
		}, want: []bool{false, true}},
		"Slack refuses for now": {answer: func(n int) error {
			if n < 3 {
				return slack.SlackErrorResponse{Err: "internal_error"}
			}
			return nil
		}, want: []bool{false}},
		"Slack wants to be left alone": {answer: func(n int) error {
			if n < 3 {
				return &slack.RateLimitedError{RetryAfter: time.Minute}
			}
			return nil
		}, want: []bool{false}},
		"Redis is away when it is noted as done": {failing: func(move int) error {
			if move == 4 { // it began, it is due, it is out, it is done
				return errLost
			}
			return nil
		}, want: []bool{false, true}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.answer, w.failing = test.answer, test.failing
				w.runs(t)
				toMonday()
				pass(time.Hour)
				got := w.read()
				if len(got) != len(test.want) {
					t.Fatalf("got %d posts, want %d", len(got), len(test.want))
				}
				for i, want := range test.want {
					if says := strings.Contains(got[i], "may stand above already"); says != want {
						t.Errorf("post %d: got %v: %s", i, says, got[i])
					}
				}
			})
		})
	}
}

// TestASummaryThatSlackNeverTakesHoldsUpNothing.
func TestASummaryThatSlackNeverTakesHoldsUpNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.answer = func(n int) error {
			if n == 1 {
				return slack.SlackErrorResponse{Err: "invalid_blocks"}
			}
			return nil
		}
		w.runs(t)
		toMonday()
		pass(time.Hour)
		if got := w.read(); len(got) != 1 || !strings.Contains(got[0], "There is a weekly summary that Slack does not take.") {
			t.Errorf("got %v", got)
		}
		pass(week)
		if got := w.read(); len(got) != 2 || !strings.Contains(got[1], "Weekly summary") {
			t.Errorf("got %v, want the next", got)
		}
	})
}

// TestNothingIsClaimedOfWhatWasNotRead when entries are gone.
func TestNothingIsClaimedOfWhatWasNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		stop := w.runs(t)
		pass(time.Minute)
		stop()
		for range 10 {
			w.add(granted("U01ALICE", "prod"))
		}
		w.kept.first = 7
		w.runs(t)
		toMonday()
		pass(time.Hour)
		got := w.read()
		if len(got) != 1 || !strings.Contains(got[0], "gone before they were counted: 7") || !strings.Contains(got[0], "is not known: not all was counted") ||
			!strings.Contains(got[0], "3 grants") || strings.Contains(got[0], "Nobody asked") {
			t.Errorf("got %v", got)
		}
	})
}

// TestNobodyIsKeptFromLettingGo of entries while no summary is wanted.
func TestNobodyIsKeptFromLettingGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		on := w.schedule
		w.schedule = nil
		stop := w.runs(t)
		pass(2 * week)
		if got, err := New(w.deps()).Needed(t.Context()); err != nil || got < 1<<60 || len(w.read()) > 0 {
			t.Errorf("got that entry %d is needed, %v, and %d posts", got, err, len(w.read()))
		}
		stop()
		w.schedule = on
		w.runs(t)
		pass(time.Minute)
		w.add(granted("U01ALICE", "prod"))
		if got, err := New(w.deps()).Needed(t.Context()); err != nil || got != 0 {
			t.Errorf("got that entry %d is needed, %v, want what is not counted", got, err)
		}
		pass(time.Minute)
		if got, err := New(w.deps()).Needed(t.Context()); err != nil || got != 1 {
			t.Errorf("got that entry %d is needed, %v", got, err)
		}
	})
}

// TestNobodyHoldsTheLeaseOfASummaryThatIsOff: what is off costs the store nothing, and one
// replica goes on as soon as it is on.
func TestNobodyHoldsTheLeaseOfASummaryThatIsOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		var schedule atomic.Pointer[Schedule]
		d := w.deps()
		d.Schedule = schedule.Load
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		for range 2 {
			running.Go(func() { New(d).Run(ctx) })
		}
		state := func() (held bool, turn int64) {
			w.store.mu.Lock()
			defer w.store.mu.Unlock()
			return w.holder != "", w.turn
		}
		for round := range 3 {
			pass(10 * time.Second)
			held, off := state()
			if pass(time.Minute); held {
				t.Errorf("round %d: somebody holds it while it is off", round)
			}
			if _, turn := state(); turn != off {
				t.Errorf("round %d: got the turn %d after %d while it was off", round, turn, off)
			}
			schedule.Store(w.schedule)
			pass(5 * time.Second)
			if held, _ := state(); !held {
				t.Errorf("round %d: nobody holds it 5 s after it was on", round)
			}
			schedule.Store(nil)
		}
		cancel()
		running.Wait()
	})
}

func TestScheduleGoesByTheWallClock(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	s := Schedule{Day: time.Sunday, At: 2*time.Hour + 30*time.Minute, Zone: berlin}
	for at, want := range map[string]string{
		"2026-03-22T02:30:00+01:00": "2026-03-22T02:30:00+01:00",
		"2026-03-22T02:29:59+01:00": "2026-03-15T02:30:00+01:00",
		"2026-03-30T00:00:00+02:00": "2026-03-29T03:30:00+02:00", // there is no half past two
		"2026-11-01T02:30:00+01:00": "2026-11-01T02:30:00+01:00",
	} {
		t0, _ := time.Parse(time.RFC3339, at)
		want0, _ := time.Parse(time.RFC3339, want)
		if got := s.Last(t0); !got.Equal(want0) {
			t.Errorf("%s: got %s, want %s", at, got, want)
		}
	}
}

// TestCountsAreBounded whatever is typed.
func TestCountsAreBounded(t *testing.T) {
	var tally Tally
	long := strings.Repeat("x", 10_000)
	for n := range 5000 {
		e := granted(fmt.Sprintf("U%07d", n), fmt.Sprintf("account-%d", n))
		e.Actor.Name = long
		tally.count(record.Followed{Number: int64(n), Event: e}, func(string) bool { return true })
		tally.count(record.Followed{Event: refused("U02BOB", long)}, func(a string) bool { return a != long })
	}
	if len(tally.Accounts) != mostAccounts || len(tally.People) != mostPeople || len(tally.Asked) != mostAsked || !tally.Crowded || tally.All.Grants != 5000 {
		t.Errorf("got %d accounts, %d people, %d asked, %d grants", len(tally.Accounts), len(tally.People), len(tally.Asked), tally.All.Grants)
	}
	m := render(report{Tally: tally, Partial: true})
	if !m.Fits() || !m.Simple.Fits() {
		t.Error("Slack does not take it")
	}
}

// goldenReport is a week in which a lot happened.
func goldenReport() report {
	tally := Tally{
		All: Counts{Grants: 123, Refused: 12, Failed: 3, BreakGlass: 2},
		Accounts: map[string]Counts{
			"prod": {Grants: 100, Refused: 9, Failed: 3, BreakGlass: 2}, "a-name-longer-than-a-chart-takes-1": {Grants: 20},
			"a-name-longer-than-a-chart-takes-2": {Grants: 2},
		},
		People: map[string]Counts{"U01ALICE": {Grants: 80, BreakGlass: 2}, "U02BOB": {Grants: 43, Refused: 12}, "U03CAROL": {Failed: 3}},
		Names:  map[string]string{"U01ALICE": "alice@example.com", "U02BOB": "bob@example.com", "U03CAROL": ""},
		Glasses: []Glass{
			{4711, "alice@example.com (U01ALICE)", "prod", goldentest.Now.Add(-30 * time.Hour)},
			{4712, "alice@example.com (U01ALICE)", "prod", goldentest.Now.Add(-29 * time.Hour)},
		},
		Revoked: 4, LockOuts: 1, Blocks: 1, Denied: 2,
	}
	return report{
		Tally: tally, Since: goldentest.Now.Add(-week), Until: goldentest.Now, First: 4000, Next: 5000, Accounts: 5,
		Unused: []unused{{Account: "idle", Whole: goldentest.Now.Add(-3 * week)}, {Account: "hub", Last: goldentest.Now.Add(-2 * week)}},
	}
}

func TestSummariesAreAsJudged(t *testing.T) {
	week := goldenReport()
	late, gone := week, week
	late.Late = true
	gone.Gone, gone.Partial, gone.Broken = 12, true, 1
	anew := week
	anew.First, anew.Next, anew.Anew, anew.Partial = 0, 17, true, true
	quiet := report{Since: week.Since, Until: week.Until, First: 4000, Next: 4000, Accounts: 1, Unused: week.Unused[:1]}
	goldentest.Messages(t, map[string]blockkit.Message{
		"weekly":         render(week),
		"weekly_list":    *render(week).Simple,
		"weekly_late":    again(render(late)),
		"weekly_gone":    render(gone),
		"weekly_anew":    render(anew),
		"weekly_quiet":   render(quiet),
		"weekly_unshown": unshown(&progress{From: 4000, Next: 5000}),
	})
}

func FuzzProgress(f *testing.F) {
	f.Add(`{"next":-7,"gone":-1,"tally":{"people":{"U":{"g":-9223372036854775808}},"names":{"U":"bob\nx"},"glasses":[{"entry":-1}],"broken":-4}}`)
	f.Fuzz(func(t *testing.T, data string) {
		w := newWorld()
		w.store.data = []byte(data)
		s := New(w.deps())
		at, err := s.load(t.Context())
		if err != nil {
			return
		}
		m := render(s.reportOf(&at, time.Unix(0, 0)))
		if at.Next < 0 || at.Tally.All.Grants < 0 || !m.Fits() {
			t.Errorf("got %+v", at)
		}
	})
}
