package store

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker/secret"
)

// A gate holds the pipelines of a client, and sums up how much was in each.
type gate struct {
	open chan struct{} // closed: none is held
	held chan struct{} // has one for each that came
	most int           // so many are held; 0: all

	mu    sync.Mutex
	sizes []int
}

func (g *gate) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (g *gate) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }
func (g *gate) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		g.mu.Lock()
		g.sizes = append(g.sizes, len(cmds))
		free := g.most > 0 && len(g.sizes) > g.most
		g.mu.Unlock()
		if free {
			return next(ctx, cmds)
		}
		g.held <- struct{}{}
		select {
		case <-g.open:
			return next(ctx, cmds)
		case <-ctx.Done():
			for _, cmd := range cmds {
				cmd.SetErr(ctx.Err())
			}
			return ctx.Err()
		}
	}
}

// gated opens a store whose pipelines are held.
func gated(t *testing.T) (*Store, *gate) {
	t.Helper()
	s, err := Open(t.Context(), Options{URL: secret.New(Embedded)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	g := &gate{open: make(chan struct{}), held: make(chan struct{}, 1000)}
	s.rdb.AddHook(g)
	return s, g
}

// sends has n send at once, each to set and get a key of its own, and returns what
// each got, once all have it.
func (s *shared) sends(ctx context.Context, n int) (wait func() []string) {
	said := make([]string, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			p := s.rdb.Pipeline()
			p.Set(ctx, fmt.Sprint("k", i), i, 0)
			got := p.Get(ctx, fmt.Sprint("k", i))
			s.send(ctx, p.Cmds())
			if said[i] = got.Val(); got.Err() != nil {
				said[i] = got.Err().Error()
			}
		})
	}
	return func() []string { all.Wait(); return said }
}

func (s *shared) waits() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.waiting)
}

func TestACrowdSharesTripsAndEachGetsTheirOwnAnswer(t *testing.T) {
	s, g := gated(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	const n = tripsAtOnce + 2*mostSharing + 1
	wait := s.shared.sends(ctx, n)
	for range tripsAtOnce {
		<-g.held
	}
	for s.shared.waits() < n-tripsAtOnce && ctx.Err() == nil {
		runtime.Gosched()
	}
	close(g.open)
	for i, got := range wait() {
		if got != fmt.Sprint(i) {
			t.Fatalf("rider %d got %q, want their own answer", i, got)
		}
	}
	if len(g.sizes) != tripsAtOnce+3 {
		t.Errorf("got trips of %v commands, want %d alone and three for all others", g.sizes, tripsAtOnce)
	}
	for _, size := range g.sizes {
		if size > 2*mostSharing {
			t.Errorf("got a trip of %d commands, want %d at most", size, 2*mostSharing)
		}
	}
	s.shared.mu.Lock()
	defer s.shared.mu.Unlock()
	if s.shared.underway != 0 || len(s.shared.waiting) != 0 {
		t.Errorf("got %d under way and %d waiting at the end", s.shared.underway, len(s.shared.waiting))
	}
}

// TestChoresOfOneMomentGoTogether: whoever woke up at the same moment is in one trip.
func TestChoresOfOneMomentGoTogether(t *testing.T) {
	s, err := Open(t.Context(), Options{URL: secret.New(Embedded)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	g := &gate{open: make(chan struct{}), held: make(chan struct{}, 1000)}
	s.first.AddHook(g)
	close(g.open)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	const n = 12
	s.chores.gathers = func() {
		for s.chores.waits() < n-1 && ctx.Err() == nil {
			runtime.Gosched()
		}
	}
	for range 3 {
		for i, got := range s.chores.sends(ctx, n)() {
			if got != fmt.Sprint(i) {
				t.Errorf("chore %d got %q, want its own answer", i, got)
			}
		}
	}
	if len(g.sizes) != 3 || g.sizes[0] != 2*n {
		t.Errorf("got trips of %v commands, want three of %d", g.sizes, 2*n)
	}
	if s.chores.underway != 0 || s.chores.gathering || len(s.chores.waiting) != 0 {
		t.Errorf("got %+v at the end, want nothing under way", s.chores)
	}
}

// TestAChoreWhoseConnectionHangsHoldsUpNoOther: the next goes on another.
func TestAChoreWhoseConnectionHangsHoldsUpNoOther(t *testing.T) {
	s, err := Open(t.Context(), Options{URL: secret.New(Embedded)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	g := &gate{open: make(chan struct{}), held: make(chan struct{}, 1000), most: 1}
	s.first.AddHook(g)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	hangs := s.chores.sends(ctx, 1)
	<-g.held
	if turn, err := s.Leases.HoldLease(ctx, "audit", "a", time.Minute); turn != 1 || err != nil {
		t.Errorf("got the turn %d, %v, want the lease", turn, err)
	}
	close(g.open)
	hangs()
}

// TestWhoHasNoMoreTimeWaitsForNoTrip: nothing of theirs is sent, and the others go.
func TestWhoHasNoMoreTimeWaitsForNoTrip(t *testing.T) {
	s, g := gated(t)
	long, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	first := s.shared.sends(long, tripsAtOnce)
	for range tripsAtOnce {
		<-g.held
	}
	short, end := context.WithCancel(t.Context())
	late := s.shared.sends(short, 3)
	others := s.shared.sends(long, 5)
	for s.shared.waits() < 8 && long.Err() == nil {
		runtime.Gosched()
	}
	end()
	for i, got := range late() {
		if got != context.Canceled.Error() {
			t.Errorf("got %q for late rider %d, want that there was no more time", got, i)
		}
	}
	close(g.open)
	for i, got := range append(first(), others()...) {
		if i < tripsAtOnce && got != fmt.Sprint(i) || i >= tripsAtOnce && got != fmt.Sprint(i-tripsAtOnce) {
			t.Errorf("got %q for rider %d, want their own answer", got, i)
		}
	}
}
