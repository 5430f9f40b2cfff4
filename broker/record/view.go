package record

import (
	"bytes"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// A view is the record as one reader has read and checked it. It keeps the right edge of
// the tree, and of the last Window entries the IDs and the roots.
type view struct {
	keys   Keys
	origin string
	edge   tree.Edge
	from   int64     // where it began to read
	signed tlog.Tree // that has to be met on the way
	ids    map[string]int64
	recent [Window]place // by number
}

// A place is what is kept of an entry.
type place struct {
	id   string
	root tlog.Hash // of the tree up to it
	late bool      // it closes an Attempt that was closed before
}

func newView(keys Keys, origin string) *view {
	return &view{keys: keys, origin: origin, ids: map[string]int64{}}
}

func (v *view) size() int64 { return v.edge.Size() }

// last is the number and ID of the last entry, and the root up to there; -1 and "" before the first.
func (v *view) last() (number int64, id string, root tlog.Hash) {
	number = v.size() - 1
	if number >= v.from {
		id = v.recent[number%Window].id
	}
	return number, id, v.edge.Root()
}

// idAt is the ID of one of the last entries; "" when it was not read, or long ago.
func (v *view) idAt(number int64) string {
	if number < v.from || number >= v.size() || number < v.size()-Window {
		return ""
	}
	return v.recent[number%Window].id
}

// take checks e and adds it. One that was taken before changes nothing if it is the same.
func (v *view) take(e Entry) (taken bool, ev event.Event, err error) {
	size := v.size()
	switch {
	case e.Number < size:
		if id := v.idAt(e.Number); id != "" && id != e.ID {
			return false, ev, disagrees(fmt.Errorf("it is %s now, and was %s", shown(e.ID), shown(id)))
		}
		return false, ev, nil
	case e.Number > size:
		return false, ev, fmt.Errorf("entry %d should come before it and is not there", size)
	}
	if err := e.check(v.keys, v.origin); err != nil {
		return false, ev, err
	}
	if at, ok := v.ids[e.ID]; ok {
		return false, ev, fmt.Errorf("it stands at %d already", at)
	}
	if root, known := v.rootAfter(e.After); known && !bytes.Equal(root[:], e.Root) {
		return false, ev, disagrees(fmt.Errorf("its writer read other entries than this replica, somewhere up to %d", e.After))
	}
	if ev, err = event.Decode(e.Leaf, nil); err != nil {
		return false, ev, err
	}
	return true, ev, v.add(e)
}

func (v *view) add(e Entry) error {
	at := &v.recent[e.Number%Window]
	if at.id != "" {
		delete(v.ids, at.id)
	}
	if err := v.edge.Append(tlog.RecordHash(e.Leaf)); err != nil {
		return err
	}
	*at = place{id: e.ID, root: v.edge.Root()}
	v.ids[e.ID] = e.Number
	if v.size() == v.signed.N && at.root != v.signed.Hash {
		return fmt.Errorf("%w: other %d entries were signed than these", tree.ErrForked, v.signed.N)
	}
	return nil
}

// beginAt makes v begin after the tree that from is the edge of; signed is one that has to
// be met from there on.
func (v *view) beginAt(from tree.Edge, signed tlog.Tree) {
	v.edge, v.from, v.signed = from, from.Size(), signed
}

// late notes that an entry closes an Attempt that was closed before.
func (v *view) late(number int64) { v.recent[number%Window].late = true }

// isLate reports that of one of the last entries.
func (v *view) isLate(number int64) bool { return v.idAt(number) != "" && v.recent[number%Window].late }

// rootAfter is the root of the tree up to an entry; not known of one that was read long
// ago, or never.
func (v *view) rootAfter(number int64) (root tlog.Hash, known bool) {
	if number == v.size()-1 {
		return v.edge.Root(), true
	}
	if v.idAt(number) == "" {
		return root, false
	}
	return v.recent[number%Window].root, true
}

// shown is an ID that may hold anything.
func shown(id string) string { return fmt.Sprintf("%.64q", id) }
