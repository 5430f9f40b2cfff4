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

// TestNoFollowerDecodesWhatThisReplicaHasRead, unless there is free text beside it.
func TestNoFollowerDecodesWhatThisReplicaHasRead(t *testing.T) {
	l := running(t, recordtest.NewMemory(), "a")
	plain, reasoned := recordtest.Intent("x"), recordtest.Intent("y")
	data, ok := reasoned.Data.(event.IntentData)
	if !ok {
		t.Fatalf("an intent has %T", reasoned.Data)
	}
	data.Reason = event.NewText("INC-42")
	reasoned.Data = data
	if _, err := l.Record(t.Context(), plain, reasoned); err != nil {
		t.Fatal(err)
	}
	found, _, err := l.kept.read(t.Context(), 0, 2)
	if err != nil || len(found) != 2 {
		t.Fatalf("got %d entries, %v, want two", len(found), err)
	}
	if n := testing.AllocsPerRun(10, func() { _, _ = l.decoded.event(found[0], nil) }); n != 0 {
		t.Errorf("the first Follower costs %v allocations: it decodes again", n)
	}
	told, _, err := l.Read(t.Context(), 0, 2)
	if err != nil || len(told) != 2 {
		t.Fatalf("got %d entries, %v, want two", len(told), err)
	}
	if got := told[0].Event; got.ID != plain.ID || len(got.Texts()) != 0 {
		t.Errorf("got %+v, want %s", got, plain.ID)
	}
	if got := told[1].Event.Texts(); len(got) != 1 || got[0].String() != "INC-42" {
		t.Errorf("got the texts %v, want the reason", got)
	}
}
