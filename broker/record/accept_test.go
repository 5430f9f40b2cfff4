package record

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// A ledger keeps the logs of a memory.
type ledger struct {
	m      *memory
	origin string
	closed map[int][]Entry
}

func (l *ledger) Origin(context.Context) (string, error) { return l.origin, nil }

func (l *ledger) Open(_ context.Context, old string, number int, next string, entries []Sealed) (bool, error) {
	if l.origin != old {
		return false, nil
	}
	l.m.change(func(m *memory) {
		l.closed[number], l.origin = m.entries, next
		m.entries, m.batches, m.trimmed = nil, map[string]memoryBatch{}, 0
		for i, s := range entries {
			m.entries = append(m.entries, Entry{Number: int64(i), Sealed: s})
		}
	})
	return true, nil
}

func acceptance(t *testing.T, m *memory, s *shelf, key *tree.Signer) (Acceptance, *ledger) {
	t.Helper()
	keys, err := key.PublicKeys()
	if err != nil {
		t.Fatal(err)
	}
	logs := &ledger{m, origin, map[int][]Entry{}}
	now := time.Date(2026, 5, 1, 13, 0, 0, 0, time.UTC)
	return Acceptance{
		Logs:        logs,
		Entries:     m,
		Checkpoints: s,
		Keys:        testKeys("k1"),
		Public:      keys,
		By:          "carol",
		Now:         func() time.Time { return now },
		Log:         discard,
	}, logs
}

func with(id string, data event.Payload) event.Event {
	e := about(id)
	e.Request, e.Data = id, data
	return e
}

func keyOf(attempt, fingerprint string) event.KeyChangedData {
	return event.KeyChangedData{Act: event.Act{Attempt: attempt, Key: fingerprint}}
}

// next reads the log that was opened.
func next(t *testing.T, m *memory, a Accepted) *Log {
	t.Helper()
	c := &clock{now: time.Date(2026, 5, 1, 14, 0, 0, 0, time.UTC)}
	l := New(Deps{Entries: m, Keys: testKeys("k1"), Origin: a.Origin, Replica: "next", Now: c.Now, Log: discard})
	if err := l.readOn(t.Context()); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestAnAcceptedLossOpensTheNextLogWithAllThatRestricts(t *testing.T) {
	m := newMemory()
	s, key := newShelf(m), testSigner(t)
	l := running(t, m, "a")
	l.mustRecord(t,
		with("b1", blockOf("UBOB")),
		with("b2", blockOf("UCAROL")),
		with("b3", event.UnblockedData{Order: event.Order{Target: event.Person{ID: "UCAROL"}, Ends: "b2"}}),
		with("p", event.PausedData{}),
		with("l", event.LockedOutData{Until: event.At(time.Date(2026, 5, 1, 20, 0, 0, 0, time.UTC))}),
		intent("k"),
		with("k", keyOf("k", "SHA256:key")),
	)
	l.fill(t, "e", 30)
	if err := publish(t, publisher(s, l, key)); err != nil {
		t.Fatal(err)
	}
	signed := newest(t, s, key)
	was := slices.Clone(m.entries)
	if err := l.stop(errLost); err == nil {
		t.Fatal("it has not stopped")
	}
	m.change(func(m *memory) { m.entries = m.entries[:20] })

	a, logs := acceptance(t, m, s, key)
	got, err := Accept(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	lost := event.Range{First: 20, Count: signed.Size - 20}
	if got.Old != origin || got.Origin != origin+"/2" || got.Lost != lost {
		t.Errorf("got %+v, want that %+v is lost", got, lost)
	}
	after := next(t, m, got)
	if block, pause := after.Orders("UBOB"); block == nil || pause == nil {
		t.Errorf("got block %v and pause %v, want both", block, pause)
	}
	if block, _ := after.Orders("UCAROL"); block != nil {
		t.Errorf("who was unblocked before is blocked: %v", block)
	}
	if _, at := after.LockOut("UALICE"); at.IsZero() {
		t.Error("the lock-out is gone")
	}
	if k, ok := after.Key("UALICE"); !ok || k.Fingerprint != "SHA256:key" {
		t.Errorf("got the key %v, %v", k, ok)
	}
	first, err := event.Decode(m.entries[0].Leaf, nil)
	if err != nil {
		t.Fatal(err)
	}
	opened := first.Data.(event.OpenedData)
	want := event.Earlier{Origin: origin, Checkpoint: string(signed.Note), Lost: lost, AcceptedBy: "carol"}
	if opened.Origin != got.Origin || *opened.After != want {
		t.Errorf("got %+v, %+v, want %+v", opened, opened.After, want)
	}
	if n := len(logs.closed[1]); n != 20 || logs.closed[1][7].ID != was[7].ID {
		t.Errorf("the closed log has %d entries", n)
	}
	if got, err := Accept(t.Context(), a); err != nil || got.Origin != origin+"/3" || got.Lost.Count != 0 {
		t.Errorf("another time: got %+v, %v", got, err)
	}
}

// TestNobodyIsUnblockedByWhatFollowsALoss has an entry missing before the one that lifts.
func TestNobodyIsUnblockedByWhatFollowsALoss(t *testing.T) {
	m := newMemory()
	l := running(t, m, "a")
	l.mustRecord(t, with("b1", blockOf("UBOB")), with("p", event.PausedData{}), intent("k"), with("k", keyOf("k", "SHA256:key")))
	l.mustRecord(t, about("e1"), about("e2"))
	l.mustRecord(t,
		with("b2", event.UnblockedData{Order: event.Order{Target: event.Person{ID: "UBOB"}, Ends: "b1"}}),
		with("r", event.ResumedData{Order: event.Order{Ends: "p"}}),
		intent("k2"),
		with("k2", keyOf("k2", "")),
		with("b3", blockOf("UCAROL")),
	)
	_ = l.stop(errLost)
	m.change(func(m *memory) {
		e := m.entries[4]
		e.Leaf = []byte("{}")
		m.entries[4] = e
	})
	a, _ := acceptance(t, m, newShelf(m), testSigner(t))
	got, err := Accept(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	after := next(t, m, got)
	for _, user := range []string{"UBOB", "UCAROL"} {
		if block, pause := after.Orders(user); block == nil || pause == nil {
			t.Errorf("%s: got block %v and pause %v, want both", user, block, pause)
		}
	}
	if k, ok := after.Key("UALICE"); !ok || k.Fingerprint == "" {
		t.Error("the key is gone")
	}
	if want := (event.Range{First: 4, Count: 7}); got.Lost != want {
		t.Errorf("got that %+v is lost, want %+v", got.Lost, want)
	}
}

func TestWhatWasAcceptedNamesNoEntryOfTheOldLog(t *testing.T) {
	r := remnant{log: New(Deps{Now: time.Now, Log: discard})}
	restricted := &r.log.state.restricted
	n := int64(100)
	for _, e := range []event.Event{
		with("b", blockOf("UBOB")),
		with("p", event.PausedData{}),
		with("l", event.LockedOutData{Until: event.At(time.Now().Add(time.Hour))}),
		with("k", keyOf("k", "SHA256:key")),
		with("e", event.EndedData{Given: event.Given{Grant: "g"}}),
		with("a", event.ApprovalData{Asked: event.Asked{Approval: "x"}, State: "denied"}),
	} {
		e.Kind = e.Data.Kind()
		restricted.restrict(n, e, time.Now())
		n++
	}
	d := reflect.ValueOf(r.restated())
	var look func(v reflect.Value, path string)
	look = func(v reflect.Value, path string) {
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				look(v.Elem(), path)
			}
		case reflect.Slice:
			for i := range v.Len() {
				look(v.Index(i), path)
			}
		case reflect.Struct:
			for i := range v.NumField() {
				look(v.Field(i), path+"."+v.Type().Field(i).Name)
			}
		case reflect.Int64:
			if v.Int() >= 100 && v.Int() < n {
				t.Errorf("%s is %d", path, v.Int())
			}
		default:
		}
	}
	look(d, "restated")
	if d := r.restated(); d.Pause == nil || len(d.Blocks) == 0 || len(d.Keys) == 0 {
		t.Errorf("got %+v, want something of each", d)
	}
}

func TestOnlyALogOfTheKeyIsFollowed(t *testing.T) {
	for kept, want := range map[string]string{"": origin, origin: origin, origin + "/2": origin + "/2"} {
		if got, err := CurrentOrigin(t.Context(), &ledger{origin: kept}, origin); got != want || err != nil {
			t.Errorf("%q: got %q, %v, want %q", kept, got, err, want)
		}
	}
	for _, kept := range []string{"elsewhere", origin + "/1", origin + "/x", origin + "/02", origin + "x"} {
		if got, err := CurrentOrigin(t.Context(), &ledger{origin: kept}, origin); !errors.Is(err, ErrForeign) {
			t.Errorf("%q: got %q, %v, want that it is foreign", kept, got, err)
		}
	}
	for old, want := range map[string]string{origin: origin + "/2", origin + "/2": origin + "/3", origin + "/9": origin + "/10"} {
		if got, _, err := nextOrigin(origin, old); got != want || err != nil {
			t.Errorf("after %q: got %q, %v, want %q", old, got, err, want)
		}
	}
	if got, _, err := nextOrigin(origin, origin+"/2147483647"); err == nil {
		t.Errorf("after the last: got %q", got)
	}
}

// TestWhatRestrictsIsReadFromAsFarBackAsItTakes loses what was restated last, and old entries.
func TestWhatRestrictsIsReadFromAsFarBackAsItTakes(t *testing.T) {
	m := newMemory()
	s, key := newShelf(m), testSigner(t)
	l := running(t, m, "a")
	l.mustRecord(t, with("b1", blockOf("UBOB")))
	p := publisher(s, l, key)
	for day := range 5 {
		l.fill(t, string(rune('a'+day)), 2000)
		for range 2 {
			if err := publish(t, p); err != nil {
				t.Fatal(err)
			}
		}
		l.clock.pass(24 * time.Hour)
	}
	_ = l.stop(errLost)
	all := m.copyOf()
	if m.trimmed == 0 {
		t.Fatal("nothing was let go")
	}
	for _, left := range []int{len(all.entries), len(all.entries) - 1, len(all.entries) - 1999, len(all.entries) - 2010} {
		m.change(func(m *memory) { m.entries = slices.Clone(all.entries[:left]) })
		before := m.trimmed
		a, _ := acceptance(t, m, s, key)
		got, err := Accept(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		if block, _ := next(t, m, got).Orders("UBOB"); block == nil {
			t.Errorf("with entries from %d to %d: the block is gone", before, left)
		}
		m.change(func(m *memory) { m.trimmed = before })
	}
}
