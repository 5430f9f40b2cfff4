package position_test

import (
	"context"
	"errors"
	"testing"

	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/record/position"
)

// cursors keep one, as the store does.
type cursors struct {
	data []byte
	turn int64
	err  error
}

func (c *cursors) LoadCursor(context.Context, string) ([]byte, error) { return c.data, c.err }

func (c *cursors) MoveCursor(ctx context.Context, f lease.Fence, previous, state []byte) (bool, error) {
	if c.err != nil || ctx.Err() != nil {
		return false, errors.Join(c.err, ctx.Err())
	}
	if f.Turn < c.turn || string(previous) != string(c.data) {
		return false, nil
	}
	c.data = state
	return true, nil
}

type reader struct {
	position.Mark
	Next int64 `json:"next"`
}

func TestAPositionNamesItsRecord(t *testing.T) {
	c := &cursors{}
	here, next := position.Place{Cursors: c, Lease: "l", Origin: "one"}, position.Place{Cursors: c, Lease: "l", Origin: "two"}
	var at reader
	if former, err := here.Load(t.Context(), &at); err != nil || former || !at.New() {
		t.Fatalf("of nothing: got %v, %v, new %v", former, err, at.New())
	}
	at.Next = 5
	if err := here.Save(t.Context(), lease.Fence{}, &at, &at); err != nil || at.New() {
		t.Fatalf("got %v, new %v", err, at.New())
	}
	if want := `{"origin":"one","next":5}`; string(c.data) != want {
		t.Errorf("got %s, want %s", c.data, want)
	}
	then := at // what comes after two steps, and was thought of before the first
	then.Next = 7
	for next, step := range []*reader{{Next: 6}, &then, {Next: 5}} {
		if err := here.Save(t.Context(), lease.Fence{}, &at, step); err != nil {
			t.Fatalf("step %d: %v", next, err)
		}
		at = *step
	}
	var again reader
	if former, err := here.Load(t.Context(), &again); err != nil || former || again.Next != 5 {
		t.Errorf("of this record: got %v, %v, %+v", former, err, again)
	}
	var other reader
	if former, err := next.Load(t.Context(), &other); err != nil || !former {
		t.Errorf("of another record: got %v, %v, want that it is", former, err)
	}
	other.Next = 0
	if err := next.Save(t.Context(), lease.Fence{}, &other, &other); err != nil || string(c.data) != `{"origin":"two","next":0}` {
		t.Errorf("got %s, %v, want the position on the next record", c.data, err)
	}
	c.data = []byte(`{"next":7}`) // by a release that named none
	if former, err := here.Load(t.Context(), &again); err != nil || former {
		t.Errorf("without a name: got %v, %v, want this record's", former, err)
	}
}

// TestOneOfTwoHoldersMovesIt: the other learns that it lost the lease, and its next save fails too.
func TestOneOfTwoHoldersMovesIt(t *testing.T) {
	c := &cursors{}
	place := position.Place{Cursors: c, Lease: "l", Origin: "one"}
	var old, recent reader
	old.Next, recent.Next = 3, 4
	if err := place.Save(t.Context(), lease.Fence{Turn: 2}, &recent, &recent); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := place.Save(t.Context(), lease.Fence{Turn: 1}, &old, &old); !errors.Is(err, lease.ErrLost) {
			t.Errorf("got %v, want that the lease is lost", err)
		}
	}
	if want := `{"origin":"one","next":4}`; string(c.data) != want {
		t.Errorf("got %s, want %s", c.data, want)
	}
}

func TestWhatWasDoneIsKeptWhileStopping(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := &cursors{}
	if err := (position.Place{Cursors: c, Lease: "l"}).Save(ctx, lease.Fence{}, &reader{}, &reader{Next: 1}); err != nil || c.data == nil {
		t.Errorf("got %s, %v", c.data, err)
	}
}

func TestWhatCannotBeReadIsNoPosition(t *testing.T) {
	for _, data := range []string{"", "{", `[]`, `{"next":"x"}`, `{"origin":1}`} {
		var at reader
		if _, err := (position.Place{Cursors: &cursors{data: []byte(data)}, Lease: "l"}).Load(t.Context(), &at); err == nil || !at.New() {
			t.Errorf("%q: got %+v, want an error", data, at)
		}
	}
	down := errors.New("down")
	var at reader
	if _, err := (position.Place{Cursors: &cursors{err: down}, Lease: "l"}).Load(t.Context(), &at); !errors.Is(err, down) {
		t.Errorf("got %v", err)
	}
}
