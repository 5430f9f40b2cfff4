package entry

import (
	"bytes"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// A View is the record as one reader has read and checked it. It keeps the right edge of
// the tree, and of the last Window entries the IDs and the roots.
type View struct {
	keys   Keys
	origin string
	Edge   tree.Edge
	From   int64     // where it began to read
	signed tlog.Tree // that has to be met on the way
	IDs    map[string]int64
	recent [Window]place // by number
	// Expected are entries that this replica writes, by ID: what it has decoded before is
	// not decoded again.
	Expected map[string]Read
}

// A Read is an Event as it is decoded from the leaf of an entry, without its free text.
type Read struct {
	Leaf  []byte
	Event event.Event
}

// A place is what is kept of an entry.
type place struct {
	id   string
	root tlog.Hash // of the tree up to it
	late bool      // it comes second
}

// NewView returns the view of a reader of the log called origin, which has read nothing.
func NewView(keys Keys, origin string) *View {
	return &View{keys: keys, origin: origin, IDs: map[string]int64{}}
}

// Size is how many entries were read, or passed over.
func (v *View) Size() int64 { return v.Edge.Size() }

// Last is the number and ID of the last entry, and the root up to there; -1 and "" before the first.
func (v *View) Last() (number int64, id string, root tlog.Hash) {
	number = v.Size() - 1
	if number >= v.From {
		id = v.recent[number%Window].id
	}
	return number, id, v.Edge.Root()
}

// IDAt is the ID of one of the last entries; "" when it was not read, or long ago.
func (v *View) IDAt(number int64) string {
	if number < v.From || number >= v.Size() || number < v.Size()-Window {
		return ""
	}
	return v.recent[number%Window].id
}

// Take checks e and adds it. One that was taken before changes nothing if it is the same.
func (v *View) Take(e Entry) (taken bool, ev event.Event, err error) {
	size := v.Size()
	switch {
	case e.Number < size:
		if id := v.IDAt(e.Number); id != "" && id != e.ID {
			return false, ev, Disagrees(fmt.Errorf("it is %s now, and was %s", Shown(e.ID), Shown(id)))
		}
		return false, ev, nil
	case e.Number > size:
		return false, ev, fmt.Errorf("entry %d should come before it and is not there", size)
	}
	if err := e.Check(v.keys, v.origin); err != nil {
		return false, ev, err
	}
	if at, ok := v.IDs[e.ID]; ok {
		return false, ev, fmt.Errorf("it stands at %d already", at)
	}
	if root, known := v.RootAfter(e.After); known && !bytes.Equal(root[:], e.Root) {
		return false, ev, Disagrees(fmt.Errorf("its writer read other entries than this replica, somewhere up to %d", e.After))
	}
	if ev, err = v.decode(e); err != nil {
		return false, ev, err
	}
	return true, ev, v.Add(e)
}

// decode decodes e, unless that was done when it was written.
func (v *View) decode(e Entry) (event.Event, error) {
	if read, ok := v.Expected[e.ID]; ok && bytes.Equal(read.Leaf, e.Leaf) {
		return read.Event, nil
	}
	return event.Decode(e.Leaf, nil)
}

// Add adds e unchecked.
func (v *View) Add(e Entry) error {
	at := &v.recent[e.Number%Window]
	if at.id != "" {
		delete(v.IDs, at.id)
	}
	if err := v.Edge.Append(tlog.RecordHash(e.Leaf)); err != nil {
		return err
	}
	*at = place{id: e.ID, root: v.Edge.Root()}
	v.IDs[e.ID] = e.Number
	if v.Size() == v.signed.N && at.root != v.signed.Hash {
		return fmt.Errorf("%w: other %d entries were signed than these", tree.ErrForked, v.signed.N)
	}
	return nil
}

// BeginAt makes v begin after the tree that from is the edge of; signed is one that has to
// be met from there on.
func (v *View) BeginAt(from tree.Edge, signed tlog.Tree) {
	v.Edge, v.From, v.signed = from, from.Size(), signed
}

// Late notes that an entry comes second: it closes an Attempt that was closed before, or goes
// on with a Request that was interrupted.
func (v *View) Late(number int64) { v.recent[number%Window].late = true }

// IsLate reports that of one of the last entries.
func (v *View) IsLate(number int64) bool { return v.IDAt(number) != "" && v.recent[number%Window].late }

// RootAfter is the root of the tree up to an entry; not known of one that was read long
// ago, or never.
func (v *View) RootAfter(number int64) (root tlog.Hash, known bool) {
	if number == v.Size()-1 {
		return v.Edge.Root(), true
	}
	if v.IDAt(number) == "" {
		return root, false
	}
	return v.recent[number%Window].root, true
}

// Shown is an ID that may hold anything.
func Shown(id string) string { return fmt.Sprintf("%.64q", id) }

// A Disagreement is why a Log stops that has read other entries than there are now.
type Disagreement struct {
	Err   error
	Tree  tlog.Tree // that should be there; zero: the one that was read
	First int64     // the first entry that is lost
	Lost  bool      // they are, and nothing stands in their place
}

// Error says why.
func (d *Disagreement) Error() string { return d.Err.Error() }

// Unwrap returns why.
func (d *Disagreement) Unwrap() error { return d.Err }

// Disagrees is why a Log stops that has read other entries than there are.
func Disagrees(err error) error { return &Disagreement{Err: err} }
