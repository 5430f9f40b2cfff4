package due

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
)

// oneDue is a due list of at most one entry, with everything that a worker asks
// of it but other replicas.
type oneDue struct {
	Lists
	entry *broker.DueEntry
	aside int
}

func (l *oneDue) DueBy(_ context.Context, _ string, now time.Time, _ int64) ([]broker.DueEntry, error) {
	if l.entry == nil || l.entry.At.After(now) {
		return nil, nil
	}
	return []broker.DueEntry{*l.entry}, nil
}

func (l *oneDue) TakeDue(_ context.Context, _ string, e broker.DueEntry, until time.Time) (broker.DueEntry, bool, error) {
	e.At, e.Tries = until, e.Tries+1
	l.entry = &e
	return e, true, nil
}

func (l *oneDue) SettleDue(_ context.Context, _ string, e broker.DueEntry, at time.Time, next []byte) (bool, error) {
	l.entry = nil
	if next != nil {
		l.entry = &broker.DueEntry{ID: e.ID, At: at, Text: next}
	}
	return true, nil
}

func (l *oneDue) SetAsideDue(context.Context, string, broker.DueEntry) (bool, error) {
	l.entry, l.aside = nil, l.aside+1
	return true, nil
}

// ownLease is everybody's.
type ownLease struct{}

func (ownLease) HoldLease(context.Context, string, string, time.Duration) (int64, error) {
	return 1, nil
}

func (ownLease) ReleaseLease(context.Context, string, string) error { return nil }

// worked runs rounds of a worker of one entry, each after the entry may be taken
// again, and returns what it told of entries set aside, and its log.
func worked(t *testing.T, l *oneDue, rounds int, serve func(context.Context, []byte) Result) (told []string, log string) {
	t.Helper()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var out strings.Builder
	w := New(Deps{
		List: "x", Lists: l, Leases: ownLease{}, Serve: serve, Aside: func(_ context.Context, _, why string) { told = append(told, why) },
		Now: func() time.Time { return now }, Log: slog.New(slog.NewTextHandler(&out, nil)),
	})
	for range rounds {
		if err := w.round(t.Context()); err != nil {
			t.Fatal(err)
		}
		now = now.Add(hold)
	}
	return told, out.String()
}

func TestAnEntryThatPanicsIsSetAsideAndToldOnce(t *testing.T) {
	l := &oneDue{entry: &broker.DueEntry{ID: "poison", Text: []byte("{}")}}
	served := 0
	told, log := worked(t, l, 10, func(context.Context, []byte) Result {
		served++
		return Result{At: time.Unix(1<<(served-2*maxPanics), 0)} // a negative shift
	})
	if served != maxPanics || l.aside != 1 || len(told) != 1 {
		t.Errorf("got %d tries, set aside %d times, told %q, want %d tries and one of both", served, l.aside, told, maxPanics)
	}
	if !strings.Contains(log, "negative shift amount") || !strings.Contains(log, "list_test.go") {
		t.Errorf("got the log %s, want the panic with its stack", log)
	}
}

func TestAnEntryThatNobodyEverSettlesIsSetAside(t *testing.T) {
	l := &oneDue{entry: &broker.DueEntry{ID: "deadly", Text: []byte("{}")}}
	served := 0
	told, _ := worked(t, l, MaxTries+5, func(context.Context, []byte) Result {
		served++
		return Result{Left: true} // as if the process had died of it
	})
	if served != MaxTries || l.aside != 1 || len(told) != 1 {
		t.Errorf("got %d tries, set aside %d times, told %q, want %d tries and one of both", served, l.aside, told, MaxTries)
	}
}

func TestABrokenEntryIsNotWorkedOn(t *testing.T) {
	l := &oneDue{entry: &broker.DueEntry{ID: "x\n\x1b[31m", Sealed: []byte("forged\nline"), Broken: "it does not open"}}
	told, log := worked(t, l, 3, func(context.Context, []byte) Result {
		t.Error("it was worked on")
		return Done()
	})
	if l.aside != 1 || len(told) != 1 || strings.Contains(told[0], "forged") || strings.ContainsAny(log, "\x1b") {
		t.Errorf("set aside %d times, told %q, log %q; want it told once, in our own words", l.aside, told, log)
	}
}
