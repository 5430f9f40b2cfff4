package weekly

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assumebot/assumebot/broker/record"
)

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
				pass(time.Minute)
				w.add(granted("U01ALICE", "prod"), granted("U01ALICE", "prod"), granted("U01ALICE", "hub"))
				pass(time.Minute)
				stop()
				w.kept.entries, w.origin = w.kept.entries[:c.keep], c.origin
				if c.position != "" {
					w.store.data = []byte(c.position)
				}
				stop = w.runs(t)
				pass(time.Minute)
				w.add(granted("U02BOB", "prod"))
				pass(time.Minute)
				stop() // what it says is kept
				w.runs(t)
				toMonday()
				pass(2 * time.Minute)
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
				pass(week)
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
		pass(time.Minute)
		stop()
		w.add(granted("U01ALICE", "prod"))
		w.kept.stopped = fmt.Errorf("%w: changed", record.ErrStopped)
		w.runs(t)
		toMonday()
		pass(2 * time.Minute)
		if got := w.read(); len(got) != 1 || !strings.Contains(got[0], "1 grant,") {
			t.Errorf("got %q, want what stands on it", got)
		}
	})
}
