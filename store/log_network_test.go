package store_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/store"
	"github.com/assumebot/assumebot/store/storetest"
)

// appendNext appends one entry after what the writer has read, and returns what it has
// read then.
func appendNext(t testing.TB, s *store.Store, after entry.Entry, replica, id string) (entry.Entry, error) {
	b := entry.Batch{Origin: "example.com/record", Replica: replica, ID: id, After: after.Number, AfterID: after.ID}
	b.Entries = []entry.Sealed{{After: after.Number, Root: make([]byte, entry.RootSize), ID: id, Leaf: leaf, MACs: "macs"}}
	out, err := s.Log.Append(t.Context(), b)
	if err != nil || len(out.Entries) == 0 {
		return after, err
	}
	return out.Entries[len(out.Entries)-1], nil
}

var leaf = make([]byte, 600) // as an Event of a Request is

// nothing is what a writer has read before the first entry.
func nothing() entry.Entry { return entry.Entry{Number: -1} }

func TestAnAppendWhoseReplyIsLostIsFoundByItsRepeat(t *testing.T) {
	t.Parallel()
	backend := storetest.RealTCP(t)
	p := storetest.NewProxy(t, func() (net.Conn, error) { return net.Dial("tcp", backend) }, nil)
	s := mustOpen(t, "redis://"+p.Addr)
	first, err := appendNext(t, s, nothing(), "one", "a")
	if err != nil {
		t.Fatal(err)
	}
	p.Deaf.Store(true)
	if _, err := appendNext(t, s, first, "one", "b"); err == nil || errors.Is(err, tree.ErrRewound) || errors.Is(err, entry.ErrBehind) {
		t.Errorf("got %v, want that nobody knows", err)
	}
	p.Deaf.Store(false)
	if _, next, err := s.Log.Bounds(t.Context()); next != 2 || err != nil {
		t.Fatalf("got %d entries, %v, want that it was appended", next, err)
	}
	if _, err := appendNext(t, mustOpen(t, "redis://"+backend), first, "two", "c"); err != nil {
		t.Fatal(err)
	}
	last, err := appendNext(t, s, first, "one", "b")
	if err != nil || last.Number != 2 || last.ID != "c" {
		t.Errorf("the repeat: got up to %d %s, %v, want up to 2 c", last.Number, last.ID, err)
	}
	if _, next, err := s.Log.Bounds(t.Context()); next != 3 || err != nil {
		t.Errorf("got %d entries, %v, want 3", next, err)
	}
}

// TestWritersAtUnequalDistanceAllGetTheirShare: since nobody compares heads, no append is
// refused because somebody nearer was faster.
func TestWritersAtUnequalDistanceAllGetTheirShare(t *testing.T) {
	t.Parallel()
	const each = 40
	backend := storetest.RealTCP(t)
	near := mustOpen(t, "redis://"+backend)
	far := map[time.Duration]*store.Store{}
	for _, away := range []time.Duration{time.Millisecond, 5 * time.Millisecond} {
		p := storetest.NewProxy(t, func() (net.Conn, error) { return net.Dial("tcp", backend) }, nil)
		p.Away.Store(int64(away))
		far[away] = mustOpen(t, "redis://"+p.Addr)
	}
	var writers, busy sync.WaitGroup
	done := make(chan struct{})
	busy.Go(func() { // as fast as it can, until the others have what they want
		last, err := nothing(), error(nil)
		for i := 0; err == nil; i++ {
			select {
			case <-done:
				return
			default:
				last, err = appendNext(t, near, last, "near", fmt.Sprintf("near-%d", i))
			}
		}
		t.Errorf("the nearest: %v", err)
	})
	for away, s := range far {
		writers.Go(func() {
			last := nothing()
			for i := range each {
				id := fmt.Sprintf("%s-%d", away, i)
				var err error
				if last, err = appendNext(t, s, last, away.String(), id); err != nil {
					t.Errorf("%s: %v", id, err)
					return
				}
			}
		})
	}
	writers.Wait()
	close(done)
	busy.Wait()
}

// TestAWaitEndsWithItsContextAndWithTheStore has Redis say nothing any more, so that only
// a time-out of seconds would end the read.
func TestAWaitEndsWithItsContextAndWithTheStore(t *testing.T) {
	t.Parallel()
	backend := storetest.RealTCP(t)
	p := storetest.NewProxy(t, func() (net.Conn, error) { return net.Dial("tcp", backend) }, nil)
	s := mustOpen(t, "redis://"+p.Addr)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Log.Await(ctx, 0, time.Hour) }()
	raw := storetest.Raw(t, "redis://"+backend)
	storetest.Eventually(t, 20*time.Second, "it waits", func() bool {
		return strings.Contains(raw.ClientList(t.Context()).Val(), "cmd=xread")
	})
	p.Stall()
	begun := time.Now()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(begun); took > store.OpTimeout/2 {
		t.Errorf("it took %v, want that nobody waits for a time-out", took)
	}
}
