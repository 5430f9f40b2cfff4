package record

import (
	"bytes"
	"testing"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/recordtest"
)

// TestWhatAnEntrySaysIsKeptForTheVerySameBytesAlone: not for another leaf under its number,
// and not once its free text was erased.
func TestWhatAnEntrySaysIsKeptForTheVerySameBytesAlone(t *testing.T) {
	e := recordtest.Intent("x")
	data, ok := e.Data.(event.IntentData)
	if !ok {
		t.Fatalf("an intent has %T", e.Data)
	}
	data.Reason = event.NewText("INC-42")
	e.Data = data
	leaf, aside, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var d decoded
	entryOf := func(leaf []byte) (e entry.Entry) {
		e.Number, e.Leaf = 3, leaf
		return e
	}
	read := func(leaf, aside []byte) event.Event {
		t.Helper()
		got, err := d.event(entryOf(leaf), aside)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for range 2 {
		if got := read(leaf, aside).Texts(); len(got) != 1 || got[0].String() != "INC-42" {
			t.Errorf("got the texts %v", got)
		}
	}
	if n := testing.AllocsPerRun(10, func() { read(leaf, aside) }); n != 0 {
		t.Errorf("reading it again costs %v allocations: it is decoded again", n)
	}
	if got := read(leaf, nil).Texts(); len(got) != 1 || got[0].String() != "" {
		t.Errorf("got the texts %v, which were erased", got)
	}
	if got := read(bytes.Replace(leaf, []byte("i-x"), []byte("i-y"), 1), nil); got.ID == e.ID {
		t.Errorf("got %s for the bytes of another entry", got.ID)
	}
	if _, err := d.event(entryOf([]byte("{}")), nil); err == nil {
		t.Error("what is no Event is read")
	}
	if got := read(leaf, aside); got.ID != e.ID {
		t.Errorf("got %s, want %s", got.ID, e.ID)
	}
}
