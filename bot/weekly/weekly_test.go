package weekly

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/blockkit/goldentest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/record"
)

// kept is a record, from one number on.
type kept struct {
	mu      sync.Mutex
	first   int64
	entries []event.Event
	stopped error // of End
}

func (k *kept) add(events ...event.Event) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.entries = append(k.entries, events...)
}

func (k *kept) End(context.Context) (int64, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return int64(len(k.entries)), k.stopped
}

func (k *kept) Read(_ context.Context, from int64, limit int) (found []record.Followed, missed int64, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for n := max(from, k.first); n < int64(len(k.entries)) && len(found) < limit; n++ {
		f := record.Followed{Number: n, Event: k.entries[n]}
		if f.Event.Data == nil {
			f.Broken = "changed"
		}
		found = append(found, f)
	}
	return found, max(k.first-from, 0), nil
}

func (k *kept) Await(ctx context.Context, _ int64, wait time.Duration) error {
	select {
	case <-time.After(wait):
	case <-ctx.Done():
	}
	return nil
}

// store keeps leases and cursors, for any number of replicas.
type store struct {
	mu      sync.Mutex
	holder  string
	until   time.Time
	turn    int64
	data    []byte
	moves   int
	failing func(move int) error // of the nth move; nil: none
}

func (s *store) HoldLease(_ context.Context, _, holder string, ttl time.Duration) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holder != holder && time.Now().Before(s.until) {
		return 0, nil
	}
	if s.holder != holder {
		s.holder, s.turn = holder, s.turn+1
	}
	s.until = time.Now().Add(ttl)
	return s.turn, nil
}

func (s *store) ReleaseLease(_ context.Context, _, holder string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holder == holder {
		s.holder, s.until = "", time.Time{}
	}
	return nil
}

func (s *store) MoveCursor(_ context.Context, f lease.Fence, previous, state []byte) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moves++
	if s.failing != nil {
		if err := s.failing(s.moves); err != nil {
			return false, err
		}
	}
	if f.Turn < s.turn || string(previous) != string(s.data) {
		return false, nil
	}
	s.data = state
	return true, nil
}

func (s *store) LoadCursor(context.Context, string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.data, nil
}

// room is the channel.
type room struct {
	mu     sync.Mutex
	posts  []blockkit.Message
	answer func(n int) error // of the nth try
	tries  int
}

func (r *room) post(_ context.Context, _ string, m blockkit.Message) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tries++
	var err error
	if r.answer != nil {
		err = r.answer(r.tries)
	}
	if err == nil || errors.Is(err, errLost) {
		r.posts = append(r.posts, m)
	}
	return "1", err
}

// errLost is an answer that was lost: the post is there.
var errLost = errors.New("the connection ended")

func (r *room) read() (texts []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.posts {
		simple := m
		if m.Simple != nil {
			simple = *m.Simple
		}
		texts = append(texts, simple.TextForm(func(id string) string { return id }))
	}
	return texts
}

// a world is a record, a store and a channel. Time in it is that of the bubble.
type world struct {
	kept
	store
	room
	schedule *Schedule
	accounts []string
	origin   string
}

func newWorld() *world {
	return &world{
		schedule: &Schedule{Day: time.Monday, At: 9 * time.Hour, Zone: time.UTC}, accounts: []string{"prod", "hub", "idle"},
		origin: "example.com/assumebot",
	}
}

func (w *world) deps() Deps {
	return Deps{
		Record: &w.kept, Origin: w.origin, Cursors: &w.store, Leases: &w.store, Channel: "C0AUDIT",
		Schedule: func() *Schedule { return w.schedule },
		Accounts: func() []string { return w.accounts },
		Clock:    func(context.Context) (time.Time, error) { return time.Now(), nil },
		Post:     w.room.post, Log: slog.New(slog.DiscardHandler),
	}
}

// runs a replica until stop.
func (w *world) runs(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { New(w.deps()).Run(ctx) })
	stop = sync.OnceFunc(func() { cancel(); running.Wait() })
	t.Cleanup(stop)
	return stop
}

func did(user string, data event.Payload) event.Event {
	return event.Event{Time: time.Now(), Kind: data.Kind(), Actor: event.Actor{User: user, Name: strings.ToLower(user[3:]) + "@example.com"}, Data: data}
}

func granted(user, account string) event.Event {
	return did(user, event.GrantedData{Act: event.Act{Account: account, MFA: true}})
}

func refused(user, account string) event.Event {
	return did(user, event.RefusedData{Account: account, Failure: event.Failure{Code: "not_allowed"}})
}

const week = 7 * 24 * time.Hour

// toMonday sleeps until the next Monday at nine; a bubble begins on Saturday.
func toMonday() {
	s := Schedule{Day: time.Monday, At: 9 * time.Hour, Zone: time.UTC}
	time.Sleep(time.Until(s.Last(time.Now().Add(week))))
}

func TestAWeekIsPostedOnceByManyReplicas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.add(granted("U01ALICE", "prod")) // before it was on
		for range 3 {
			w.runs(t)
		}
		time.Sleep(time.Minute)
		w.add(granted("U01ALICE", "prod"), granted("U01ALICE", "hub"), refused("U02BOB", "prod"), refused("U02BOB", "no-account"))
		toMonday()
		if got := w.read(); len(got) != 0 {
			t.Fatalf("got %v before the clocks have settled", got)
		}
		time.Sleep(2 * time.Minute)
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
		time.Sleep(week)
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
		time.Sleep(time.Minute)
		w.add(granted("U01ALICE", "prod"))
		time.Sleep(time.Minute)
		stop()
		time.Sleep(3 * week)
		w.add(granted("U01ALICE", "prod")) // by a replica of the same minute
		w.runs(t)
		w.runs(t)
		time.Sleep(time.Hour)
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
				time.Sleep(time.Hour)
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
		time.Sleep(time.Hour)
		if got := w.read(); len(got) != 1 || !strings.Contains(got[0], "There is a weekly summary that Slack does not take.") {
			t.Errorf("got %v", got)
		}
		time.Sleep(week)
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
		time.Sleep(time.Minute)
		stop()
		for range 10 {
			w.add(granted("U01ALICE", "prod"))
		}
		w.kept.first = 7
		w.runs(t)
		toMonday()
		time.Sleep(time.Hour)
		got := w.read()
		if len(got) != 1 || !strings.Contains(got[0], "gone before they were counted: 7") || !strings.Contains(got[0], "is not known: not all was counted") ||
			!strings.Contains(got[0], "3 grants") || strings.Contains(got[0], "Nobody asked") {
			t.Errorf("got %v", got)
		}
	})
}

// TestTheNextRecordIsCountedFromItsBeginning: once a record was closed and another opened, the
// numbers begin anew. What was counted of the week is in its summary, which says so once.
func TestTheNextRecordIsCountedFromItsBeginning(t *testing.T) {
	for name, c := range map[string]struct {
		position string // "": as it was saved
		keep     int    // entries of the record that are there then
		origin   string
		grants   string
		from     string
	}{
		"another record":      {origin: "example.com/assumebot/2", grants: "4 grants", from: "Counted from record 0 to record 0."},
		"the store went back": {keep: 1, origin: "example.com/assumebot", grants: "4 grants", from: "Counted from record 1 to record 1."},
		"a position out of sight": {position: `{"next":9223372036854775807,"from":9223372036854775807,"since":"2000-01-01T00:00:00Z"}`, keep: 3,
			origin: "example.com/assumebot", grants: "1 grant,", from: "Counted from record 3 to record 3."},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				stop := w.runs(t)
				time.Sleep(time.Minute)
				w.add(granted("U01ALICE", "prod"), granted("U01ALICE", "prod"), granted("U01ALICE", "hub"))
				time.Sleep(time.Minute)
				stop()
				w.kept.entries, w.origin = w.kept.entries[:c.keep], c.origin
				if c.position != "" {
					w.store.data = []byte(c.position)
				}
				stop = w.runs(t)
				time.Sleep(time.Minute)
				w.add(granted("U02BOB", "prod"))
				time.Sleep(time.Minute)
				stop() // what it says is kept
				w.runs(t)
				toMonday()
				time.Sleep(2 * time.Minute)
				got := w.read()
				if len(got) != 1 {
					t.Fatalf("got %q, want one summary", got)
				}
				for _, want := range []string{c.grants, c.from, "The record began anew, or went back, meanwhile", "is not known: not all was counted"} {
					if !strings.Contains(got[0], want) {
						t.Errorf("got %s\nwant %q", got[0], want)
					}
				}
				w.add(granted("U02BOB", "prod"))
				time.Sleep(week)
				if got = w.read(); len(got) != 2 || strings.Contains(got[1], "anew") || !strings.Contains(got[1], "1 grant,") {
					t.Errorf("got %q, want the next week as any other", got)
				}
			})
		})
	}
}

// TestARecordThatStoppedIsCountedAsFarAsItGoes and none that cannot be read.
func TestARecordThatStoppedIsCountedAsFarAsItGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		stop := w.runs(t)
		time.Sleep(time.Minute)
		stop()
		w.add(granted("U01ALICE", "prod"))
		w.kept.stopped = fmt.Errorf("%w: changed", record.ErrStopped)
		w.runs(t)
		toMonday()
		time.Sleep(2 * time.Minute)
		if got := w.read(); len(got) != 1 || !strings.Contains(got[0], "1 grant,") {
			t.Errorf("got %q, want what stands on it", got)
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
		time.Sleep(2 * week)
		if got, err := New(w.deps()).Needed(t.Context()); err != nil || got < 1<<60 || len(w.read()) > 0 {
			t.Errorf("got that entry %d is needed, %v, and %d posts", got, err, len(w.read()))
		}
		stop()
		w.schedule = on
		w.runs(t)
		time.Sleep(time.Minute)
		w.add(granted("U01ALICE", "prod"))
		if got, err := New(w.deps()).Needed(t.Context()); err != nil || got != 0 {
			t.Errorf("got that entry %d is needed, %v, want what is not counted", got, err)
		}
		time.Sleep(time.Minute)
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
			time.Sleep(10 * time.Second)
			held, off := state()
			if time.Sleep(time.Minute); held {
				t.Errorf("round %d: somebody holds it while it is off", round)
			}
			if _, turn := state(); turn != off {
				t.Errorf("round %d: got the turn %d after %d while it was off", round, turn, off)
			}
			schedule.Store(w.schedule)
			time.Sleep(5 * time.Second)
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
