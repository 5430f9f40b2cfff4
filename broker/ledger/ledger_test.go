package ledger_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assumebot/assumebot/broker/ahead"
	"github.com/assumebot/assumebot/broker/ledger"
)

// shelf is a ledger.Store within the test.
type shelf struct {
	mu        sync.Mutex
	alive     map[string]time.Time // until when
	steady    time.Time
	grace     time.Time
	lists     map[string][]ledger.Entry
	gone      map[string]bool      // what was taken over, and from whom
	telling   map[string]time.Time // until when who tells what they took over
	asked     int                  // how often Owes was
	away      bool                 // it does not answer
	loseTaken bool                 // it takes, and its answer is lost
	// loseReplaced is that it adds what is to replace another, and breaks off there.
	loseReplaced bool
}

var errAway = errors.New("the store is away")

func newShelf() *shelf {
	return &shelf{alive: map[string]time.Time{}, lists: map[string][]ledger.Entry{}, gone: map[string]bool{}, telling: map[string]time.Time{}}
}

// do does f unless the store is away.
func (s *shelf) do(f func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return errAway
	}
	f()
	return nil
}

func (s *shelf) Owe(_ context.Context, d ahead.Owed) (e ledger.Entry, err error) {
	e = ledger.Entry{List: d.Owner, At: d.At, Text: d.Text, Sealed: d.ID}
	return e, s.do(func() { s.lists[d.Owner] = append(s.lists[d.Owner], e) })
}

func (s *shelf) OweAll(ctx context.Context, all []ahead.Owed) (entries []ledger.Entry, err error) {
	for _, d := range all {
		e, failed := s.Owe(ctx, d)
		entries, err = append(entries, e), failed
	}
	return entries, err
}

func (s *shelf) Settle(_ context.Context, entries ...ledger.Entry) error {
	return s.do(func() {
		for _, e := range entries {
			s.lists[e.List] = slices.DeleteFunc(s.lists[e.List], func(o ledger.Entry) bool { return o.Sealed == e.Sealed })
		}
	})
}

func (s *shelf) Replace(_ context.Context, owner string, old ledger.Entry, text []byte) (e ledger.Entry, err error) {
	e = ledger.Entry{List: owner, Text: text, Sealed: old.Sealed + "'"}
	if s.loseReplaced {
		s.lists[owner] = append(s.lists[owner], e)
		return e, errAway
	}
	return e, s.do(func() {
		s.lists[owner] = append(slices.DeleteFunc(s.lists[owner], func(o ledger.Entry) bool { return o.Sealed == old.Sealed }), e)
	})
}

func (s *shelf) Owes(_ context.Context, owner string, e ledger.Entry) (owes bool, err error) {
	return owes, s.do(func() {
		s.asked++
		owes = !s.gone[owner+e.Sealed]
	})
}

func (s *shelf) Beat(_ context.Context, owner string, ttl time.Duration) (lapsed bool, dead []string, err error) {
	return lapsed, dead, s.do(func() {
		lapsed = !s.alive[owner].After(time.Now())
		now := time.Now()
		s.alive[owner] = now.Add(ttl)
		if !s.steady.After(now) {
			s.grace = now.Add(ttl)
		}
		s.steady = now.Add(ttl / 2)
		for owner, until := range s.alive {
			if !until.After(now) && !s.grace.After(now) {
				dead = append(dead, owner)
			}
		}
		for teller := range s.telling {
			if teller != owner && !s.grace.After(now) {
				dead = append(dead, teller)
			}
		}
	})
}

func (s *shelf) Leave(_ context.Context, owner string) error {
	return s.do(func() { s.alive[owner] = time.Now() })
}

func (s *shelf) Tell(_ context.Context, by string, tells time.Duration) error {
	return s.do(func() { s.telling[by] = time.Now().Add(tells) })
}

func (s *shelf) Told(_ context.Context, by string) error {
	return s.do(func() { delete(s.telling, by) })
}

func (s *shelf) Take(_ context.Context, dead, by string, most int, tells time.Duration) (taken []ledger.Entry, err error) {
	err = s.do(func() {
		lists := []string{dead + " took"}
		if !s.alive[dead].After(time.Now()) {
			lists = []string{dead, dead + " took"}
		} else if until, tells := s.telling[dead]; !tells || until.After(time.Now()) {
			return
		}
		for _, list := range lists {
			n := min(most-len(taken), len(s.lists[list]))
			taken = append(taken, s.lists[list][:n]...)
			s.lists[list] = s.lists[list][n:]
		}
		for i := range taken {
			taken[i].List = by + " took"
			s.gone[dead+taken[i].Sealed] = true
			delete(s.gone, by+taken[i].Sealed)
		}
		if s.lists[by+" took"] = append(s.lists[by+" took"], taken...); len(taken) > 0 {
			s.telling[by] = time.Now().Add(tells)
		} else {
			delete(s.telling, dead)
			if len(lists) > 1 {
				delete(s.alive, dead)
			}
		}
	})
	if err == nil && s.loseTaken {
		s.loseTaken = false
		return nil, errAway
	}
	return taken, err
}

func (s *shelf) Taken(_ context.Context, by string, _ int) (taken []ledger.Entry, err error) {
	return taken, s.do(func() { taken = slices.Clone(s.lists[by+" took"]) })
}

func (s *shelf) left() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, list := range s.lists {
		n += len(list)
	}
	return n
}

// A process runs a ledger; what it tells of others is told.
type process struct {
	*ledger.Ledger
	mu   sync.Mutex
	told []string
	end  func()
}

func start(t *testing.T, s *shelf, name string, change ...func(*ledger.Deps)) *process {
	ctx, cancel := context.WithCancel(t.Context())
	p := &process{}
	d := ledger.Deps{
		Store: s, Owner: name, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Serve: func(ctx context.Context, owed []*ledger.Debt) {
			p.mu.Lock()
			defer p.mu.Unlock()
			for _, d := range owed {
				if d.Still(ctx) {
					p.told = append(p.told, string(d.Text))
				}
				d.Settle()
			}
		},
	}
	for _, c := range change {
		c(&d)
	}
	p.Ledger = ledger.New(d)
	ended := make(chan struct{})
	p.Begin(ctx)
	go func() { defer close(ended); p.Run(ctx) }()
	p.end = func() { cancel(); <-ended }
	return p
}

// beside is a moment at which no process says or looks at anything.
const beside = 600 * time.Millisecond

func (p *process) owes(t *testing.T, id string) *ledger.Debt {
	return p.Owe(t.Context(), p.Owed(id, time.Now(), []byte(id)))
}

func (p *process) wantTold(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Equal(p.told, want) {
		t.Errorf("got %q told, want %q", p.told, want)
	}
}

// lives has a process of that name live for an hour.
func (s *shelf) lives(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.alive[name] = time.Now().Add(time.Hour)
}

// dies has a process of that name that owes something stop without a word.
func (s *shelf) dies(name string, owes ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.alive[name] = time.Now()
	for _, id := range owes {
		s.lists[name] = append(s.lists[name], ledger.Entry{List: name, Text: []byte(id), Sealed: id})
	}
}

func TestWhatADeadProcessOwedIsToldWithinTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		p := start(t, s, "a")
		defer p.end()
		pass(time.Minute)
		if _, _, err := s.Beat(t.Context(), "b", 5*time.Second); err != nil {
			t.Fatal(err)
		}
		s.mu.Lock()
		s.lists["b"] = []ledger.Entry{{List: "b", Text: []byte("one"), Sealed: "one"}}
		s.mu.Unlock()
		pass(4 * time.Second)
		p.wantTold(t)
		pass(3 * time.Second)
		p.wantTold(t, "one")
		if n := s.left(); n != 0 {
			t.Errorf("got %d left on the ledger, want none", n)
		}
	})
}

// TestNobodyIsDeadRightAfterAGap: the store was away, and so everybody looks dead.
func TestNobodyIsDeadRightAfterAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		s.dies("b", "one")
		p := start(t, s, "a")
		defer p.end()
		pass(4 * time.Second)
		p.wantTold(t)
		pass(3 * time.Second)
		p.wantTold(t, "one")

		s.mu.Lock()
		s.away = true
		s.mu.Unlock()
		pass(20 * time.Second)
		s.mu.Lock()
		s.away = false
		s.mu.Unlock()
		s.dies("c", "two")
		pass(4 * time.Second)
		p.wantTold(t, "one")
		pass(3 * time.Second)
		p.wantTold(t, "one", "two")

		s.dies("d", "three")
		q := start(t, s, "e") // who is new waits for nothing while others live
		defer q.end()
		pass(time.Second)
		if s.left() != 0 {
			t.Error("what is owed is not told")
		}
	})
}

func TestAProcessThatLivesAsksNobodyBeforeItTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		p := start(t, s, "a")
		defer p.end()
		pass(time.Minute)
		d := p.owes(t, "one")
		if !d.Still(t.Context()) || s.asked != 0 {
			t.Errorf("asked the store %d times, want none", s.asked)
		}
		d.Keep()
		d.Settle()
		synctest.Wait()
		if s.left() != 1 || p.Open() != 1 {
			t.Error("what is kept was settled")
		}
		d.Settle()
		synctest.Wait()
		if s.left() != 0 || p.Open() != 0 {
			t.Error("what was told is still owed")
		}
		var none *ledger.Debt
		none.Keep()
		none.Settle()
		if !none.Still(t.Context()) {
			t.Error("what is on no ledger is not told")
		}
	})
}

// TestAProcessThatStoodStillFindsThatAnotherTells: its heartbeats go on before anybody
// looks at what it owed.
func TestAProcessThatStoodStillFindsThatAnotherTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		p := start(t, s, "a")
		defer p.end()
		pass(time.Minute + beside)
		taken, left := p.owes(t, "one"), p.owes(t, "two")
		s.mu.Lock()
		s.alive["a"] = time.Now() // as if it had been paused
		s.mu.Unlock()
		s.lives("b")
		if _, err := s.Take(t.Context(), "a", "b", 1, time.Minute); err != nil {
			t.Fatal(err)
		}
		pass(2 * time.Second)
		later := p.owes(t, "three")
		if taken.Still(t.Context()) {
			t.Error("it tells what another tells")
		}
		if !left.Still(t.Context()) || !later.Still(t.Context()) || s.asked != 2 {
			t.Errorf("it does not tell what is its own, or asked %d times", s.asked)
		}
	})
}

// TestWhatTheStoreHasLostIsToldByWhoOwesIt: nobody else can.
func TestWhatTheStoreHasLostIsToldByWhoOwesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		p := start(t, s, "a")
		defer p.end()
		pass(time.Minute)
		d := p.owes(t, "one")
		s.mu.Lock()
		clear(s.lists)
		clear(s.alive)
		s.mu.Unlock()
		pass(2 * time.Second)
		if !d.Still(t.Context()) || s.asked != 1 {
			t.Errorf("it tells nothing, or has not asked: %d times", s.asked)
		}
	})
}

// TestWhoeverDoubtsAsks: the record knows that another tells before any clock shows it.
func TestWhoeverDoubtsAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		p := start(t, s, "a")
		defer p.end()
		pass(time.Minute + beside)
		taken, own := p.owes(t, "one"), p.owes(t, "two")
		s.dies("a")
		s.lives("b")
		if _, err := s.Take(t.Context(), "a", "b", 1, time.Minute); err != nil {
			t.Fatal(err)
		}
		taken.Doubt()
		own.Doubt()
		if taken.Still(t.Context()) || !own.Still(t.Context()) {
			t.Error("it tells what another tells, or not what is its own")
		}
		var none *ledger.Debt
		none.Doubt()
	})
}

// TestAPauseWhileTheLedgerIsWrittenIsSeenToo: another takes it over before this process has
// the store's answer.
func TestAPauseWhileTheLedgerIsWrittenIsSeenToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		p := start(t, s, "a")
		defer p.end()
		pass(time.Minute + beside)
		asked := p.Owed("one", time.Now(), []byte("one"))
		s.mu.Lock()
		s.alive["a"] = time.Now()
		s.mu.Unlock()
		pass(2 * time.Second)
		d := p.Owe(t.Context(), asked)
		s.dies("a")
		s.lives("b")
		if _, err := s.Take(t.Context(), "a", "b", 1, time.Minute); err != nil {
			t.Fatal(err)
		}
		if d.Still(t.Context()) {
			t.Error("it tells what another tells")
		}
	})
}

func TestWhoeverEndsLeavesWhatIsNotToldToOthersAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		a, b := start(t, s, "a"), start(t, s, "b")
		defer b.end()
		pass(time.Minute)
		a.owes(t, "one")
		a.owes(t, "two").Settle()
		a.end()
		pass(time.Second)
		b.wantTold(t, "one")
	})
}

// TestWhatMayHaveReplacedAnotherComesOffToo: it would be told once this process has ended.
func TestWhatMayHaveReplacedAnotherComesOffToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		s.loseReplaced = true
		p := start(t, s, "a")
		defer p.end()
		d := p.owes(t, "one")
		if err := d.Becomes(t.Context(), []byte("more")); err == nil || s.left() != 2 {
			t.Fatalf("got %v and %d there, want an error and both", err, s.left())
		}
		d.Settle()
		synctest.Wait()
		if n := s.left(); n != 0 {
			t.Errorf("got %d left on the ledger, want none", n)
		}
	})
}

func TestWhatMovedWithoutAnAnswerIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		p := start(t, s, "a")
		defer p.end()
		pass(time.Minute)
		s.mu.Lock()
		s.loseTaken = true
		s.mu.Unlock()
		s.dies("b", "one")
		pass(3 * time.Second)
		p.wantTold(t, "one")
		s.dies("c", "two")
		pass(3 * time.Second)
		p.wantTold(t, "one", "two")
	})
}

func TestWhatIsToldComesOffOnceTheStoreIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		p := start(t, s, "a")
		defer p.end()
		d := p.owes(t, "one")
		if err := d.Becomes(t.Context(), []byte("more")); err != nil {
			t.Fatal(err)
		}
		s.mu.Lock()
		s.away = true
		s.mu.Unlock()
		if !d.Still(t.Context()) {
			// while the store is away nobody else tells it either
			t.Error("it is not told")
		}
		d.Settle()
		pass(time.Minute)
		s.mu.Lock()
		s.away = false
		s.mu.Unlock()
		pass(10 * time.Second)
		if n := s.left(); n != 0 {
			t.Errorf("got %d left on the ledger, want none", n)
		}
	})
}
