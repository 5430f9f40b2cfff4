package auditchannel

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// posts runs a Channel for some time.
func posts(k *kept, c *cursor, r *room, origin string) {
	a := New(Deps{Record: k, Origin: origin, Cursors: c, Leases: ours{}, Post: r.post, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { a.Run(ctx) })
	time.Sleep(time.Minute)
	stop()
	running.Wait()
}

// TestTheNextRecordIsPostedFromItsBeginning: once a record was closed and another opened, the
// numbers begin anew, and what a lost position hides is what everybody must see then.
func TestTheNextRecordIsPostedFromItsBeginning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, c, r := &kept{}, &cursor{}, &room{}
		for n := range 5 {
			k.add(grantTo(n))
		}
		posts(k, c, r, "example.com/assumebot")
		before := len(r.read())
		next := &kept{}
		next.add(grantTo(7), paused())
		posts(next, c, r, "example.com/assumebot/2")
		got := entriesIn(r.read()[before:])
		slices.Sort(got)
		if !slices.Equal(got, []int64{0, 1}) {
			t.Errorf("got entries %v of the next record, want 0 and 1, in %q", got, r.read())
		}
	})
}

// TestAPositionBeyondTheEndIsToldAndWhatComesIsPosted.
func TestAPositionBeyondTheEndIsToldAndWhatComesIsPosted(t *testing.T) {
	for _, state := range []string{`{"next":900,"alarms":900}`, `{"next":2,"alarms":9223372036854775807}`, `{"next":9223372036854775807,"alarms":-1}`} {
		synctest.Test(t, func(t *testing.T) {
			k, c, r := &kept{}, &cursor{state: []byte(state)}, &room{}
			k.add(grantTo(0), grantTo(1))
			k.between = func() { k.entries = append(k.entries, paused()) }
			posts(k, c, r, "example.com/assumebot")
			all := strings.Join(r.read(), "\n")
			if strings.Count(all, "more entries than the record has") != 1 || !strings.Contains(all, "Paused") {
				t.Errorf("%s: got %q, want that the position is wrong, once, and the pause", state, r.read())
			}
		})
	}
}
