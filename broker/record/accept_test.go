package record

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/recordtest"
	"github.com/assumebot/assumebot/broker/record/state"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// A ledger keeps the logs of a memory.
type ledger struct {
	m      *recordtest.Memory
	origin string
	closed map[int][]entry.Entry
}

func (l *ledger) Origin(context.Context) (string, error) { return l.origin, nil }

func (l *ledger) Open(_ context.Context, old string, number int, next string, entries []entry.Sealed) (bool, error) {
	if l.origin != old {
		return false, nil
	}
	l.m.Change(func(m *recordtest.Memory) {
		l.closed[number], l.origin = m.Entries, next
		m.Entries, m.Batches, m.Trimmed = nil, map[string]recordtest.MemoryBatch{}, 0
		for i, s := range entries {
			m.Entries = append(m.Entries, entry.Entry{Number: int64(i), Sealed: s})
		}
	})
	return true, nil
}

func acceptance(t *testing.T, m *recordtest.Memory, s *recordtest.Shelf, key *tree.Signer) (Acceptance, *ledger) {
	t.Helper()
	keys, err := key.PublicKeys()
	if err != nil {
		t.Fatal(err)
	}
	logs := &ledger{m, recordtest.Origin, map[int][]entry.Entry{}}
	now := time.Date(2026, 5, 1, 13, 0, 0, 0, time.UTC)
	return Acceptance{
		Logs:        logs,
		Entries:     m,
		Checkpoints: s,
		Keys:        recordtest.Keys("k1"),
		Public:      keys,
		By:          "carol",
		Now:         func() time.Time { return now },
		Log:         recordtest.Discard,
	}, logs
}

func with(id string, data event.Payload) event.Event {
	e := recordtest.About(id)
	e.Request, e.Data = id, data
	return e
}

func keyOf(attempt, fingerprint string) event.KeyChangedData {
	return event.KeyChangedData{Act: event.Act{Attempt: attempt, Key: fingerprint}}
}

// next reads the log that was opened.
func next(t *testing.T, m *recordtest.Memory, a Accepted) *Log {
	t.Helper()
	c := &recordtest.Clock{Time: time.Date(2026, 5, 1, 14, 0, 0, 0, time.UTC)}
	l := New(Deps{Entries: m, Keys: recordtest.Keys("k1"), Origin: a.Origin, Replica: "next", Now: c.Now, Log: recordtest.Discard})
	if err := l.readOn(t.Context()); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestAnAcceptedLossOpensTheNextLogWithAllThatRestricts(t *testing.T) {
	m := recordtest.NewMemory()
	s, key := recordtest.NewShelf(m), recordtest.Signer(t)
	l := running(t, m, "a")
	l.mustRecord(t,
		with("b1", blockOf("UBOB")),
		with("b2", blockOf("UCAROL")),
		with("b3", event.UnblockedData{Order: event.Order{Target: event.Person{ID: "UCAROL"}, Ends: "b2"}}),
		with("p", event.PausedData{}),
		with("l", event.LockedOutData{Until: event.At(time.Date(2026, 5, 1, 20, 0, 0, 0, time.UTC))}),
		recordtest.Intent("k"),
		with("k", keyOf("k", "SHA256:key")),
	)
	l.fill(t, "e", 30)
	if err := publish(t, publisher(s, l, key)); err != nil {
		t.Fatal(err)
	}
	signed := recordtest.Newest(t, s, key)
	was := slices.Clone(m.Entries)
	if err := l.stop(recordtest.ErrLost); err == nil {
		t.Fatal("it has not stopped")
	}
	m.Change(func(m *recordtest.Memory) { m.Entries = m.Entries[:20] })

	a, logs := acceptance(t, m, s, key)
	got, err := Accept(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	lost := event.Range{First: 20, Count: signed.Size - 20}
	if got.Old != recordtest.Origin || got.Origin != recordtest.Origin+"/2" || got.Lost != lost {
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
	first, err := event.Decode(m.Entries[0].Leaf, nil)
	if err != nil {
		t.Fatal(err)
	}
	opened := first.Data.(event.OpenedData)
	want := event.Earlier{Origin: recordtest.Origin, Checkpoint: string(signed.Note), Lost: lost, AcceptedBy: "carol"}
	if opened.Origin != got.Origin || *opened.After != want {
		t.Errorf("got %+v, %+v, want %+v", opened, opened.After, want)
	}
	if n := len(logs.closed[1]); n != 20 || logs.closed[1][7].ID != was[7].ID {
		t.Errorf("the closed log has %d entries", n)
	}
	if got, err := Accept(t.Context(), a); err != nil || got.Origin != recordtest.Origin+"/3" || got.Lost.Count != 0 {
		t.Errorf("another time: got %+v, %v", got, err)
	}
}

// TestNobodyIsUnblockedByWhatFollowsALoss has an entry missing before the one that lifts.
func TestNobodyIsUnblockedByWhatFollowsALoss(t *testing.T) {
	m := recordtest.NewMemory()
	l := running(t, m, "a")
	l.mustRecord(t, with("b1", blockOf("UBOB")), with("p", event.PausedData{}), recordtest.Intent("k"), with("k", keyOf("k", "SHA256:key")))
	l.mustRecord(t, recordtest.About("e1"), recordtest.About("e2"))
	l.mustRecord(t,
		with("b2", event.UnblockedData{Order: event.Order{Target: event.Person{ID: "UBOB"}, Ends: "b1"}}),
		with("r", event.ResumedData{Order: event.Order{Ends: "p"}}),
		recordtest.Intent("k2"),
		with("k2", keyOf("k2", "")),
		with("b3", blockOf("UCAROL")),
	)
	_ = l.stop(recordtest.ErrLost)
	m.Change(func(m *recordtest.Memory) {
		e := m.Entries[4]
		e.Leaf = []byte("{}")
		m.Entries[4] = e
	})
	a, _ := acceptance(t, m, recordtest.NewShelf(m), recordtest.Signer(t))
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
	r := remnant{state: state.New()}
	r.Now = time.Now
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
		r.state.Impose(n, e, time.Now())
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
	for kept, want := range map[string]string{"": recordtest.Origin, recordtest.Origin: recordtest.Origin, recordtest.Origin + "/2": recordtest.Origin + "/2"} {
		if got, err := CurrentOrigin(t.Context(), &ledger{origin: kept}, recordtest.Origin); got != want || err != nil {
			t.Errorf("%q: got %q, %v, want %q", kept, got, err, want)
		}
	}
	for _, kept := range []string{"elsewhere", recordtest.Origin + "/1", recordtest.Origin + "/x", recordtest.Origin + "/02", recordtest.Origin + "x"} {
		if got, err := CurrentOrigin(t.Context(), &ledger{origin: kept}, recordtest.Origin); !errors.Is(err, entry.ErrForeign) {
			t.Errorf("%q: got %q, %v, want that it is foreign", kept, got, err)
		}
	}
	for old, want := range map[string]string{
		recordtest.Origin: recordtest.Origin + "/2", recordtest.Origin + "/2": recordtest.Origin + "/3", recordtest.Origin + "/9": recordtest.Origin + "/10",
	} {
		if got, _, err := nextOrigin(recordtest.Origin, old); got != want || err != nil {
			t.Errorf("after %q: got %q, %v, want %q", old, got, err, want)
		}
	}
	if got, _, err := nextOrigin(recordtest.Origin, recordtest.Origin+"/2147483647"); err == nil {
		t.Errorf("after the last: got %q", got)
	}
}

// TestWhatRestrictsIsReadFromAsFarBackAsItTakes loses what was restated last, and old entries.
func TestWhatRestrictsIsReadFromAsFarBackAsItTakes(t *testing.T) {
	m := recordtest.NewMemory()
	s, key := recordtest.NewShelf(m), recordtest.Signer(t)
	l := running(t, m, "a")
	l.mustRecord(t, with("b1", blockOf("UBOB")))
	p := publisher(s, l, key)
	for day, count := range fullDays {
		l.fill(t, string(rune('a'+day)), count)
		for range 2 {
			if err := publish(t, p); err != nil {
				t.Fatal(err)
			}
		}
		l.clock.Pass(24 * time.Hour)
	}
	_ = l.stop(recordtest.ErrLost)
	all := m.CopyOf()
	if m.Trimmed == 0 {
		t.Fatal("nothing was let go")
	}
	for _, left := range []int{len(all.Entries), len(all.Entries) - 1, len(all.Entries) - 39, len(all.Entries) - 50} {
		m.Change(func(m *recordtest.Memory) { m.Entries = slices.Clone(all.Entries[:left]) })
		before := m.Trimmed
		a, _ := acceptance(t, m, s, key)
		got, err := Accept(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		if block, _ := next(t, m, got).Orders("UBOB"); block == nil {
			t.Errorf("with entries from %d to %d: the block is gone", before, left)
		}
		m.Change(func(m *recordtest.Memory) { m.Trimmed = before })
	}
}
