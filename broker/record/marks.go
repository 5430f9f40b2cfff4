package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/broker/retry"
)

// A replica that stops since what it has read is not there any more knows what one that has
// read less cannot: that one would go on with less. So it leaves a mark in the store: what it
// saw, under the seal keys. The store refuses every batch of a writer that has not judged the
// mark, in the same step as it appends.
//
// Who finds a mark stops too, unless it says that entries are lost and they are those that
// this replica has: it puts them back, and takes the mark away. So a mark that was settled
// does nothing when somebody puts it back. A mark that no seal key made
// is not heeded, or one write to the store would be taken for the word of a replica; an alarm
// says so. One of another log says nothing of this one: it was closed with its log.
//
// A mark can be lost too, with what the store loses next: who left it looks after it, until it
// has found the lost entries there again, or the store has let go of them since.

const (
	// remindEvery is how often a Log that has stopped says so again.
	remindEvery = 10 * time.Minute

	alarmForged = "mark_forged"
)

// marks is what leaves marks, and heeds those of others.
type marks struct {
	*reading
	mending *mending
	keys    entry.Keys
	origin  string
	replica string
	alarm   func(event.AlarmData) // has one written, without waiting for it

	own       sync.Mutex    // of what follows
	tiles     tree.GetTiles // of the newest tree that was signed
	passed    []byte        // the mark of another replica that this one does not stop for
	sawForged bool
}

func newMarks(m *mending, d Deps) *marks {
	return &marks{reading: m.reading, mending: m, keys: d.Keys, origin: d.Origin, replica: d.Replica, alarm: m.alarm}
}

// goesOn says why nothing may be signed or archived: the Log has stopped, or another replica has
// and this one has to stop for it.
func (m *marks) goesOn(ctx context.Context) error {
	if err := m.Err(); err != nil {
		return err
	}
	return m.heed(ctx)
}

// passedOne is the mark that this replica does not stop for; nil where there is none.
func (m *marks) passedOne() []byte {
	m.own.Lock()
	defer m.own.Unlock()
	return m.passed
}

// pass notes a mark that this replica does not stop for.
func (m *marks) pass(data []byte) {
	m.own.Lock()
	defer m.own.Unlock()
	m.passed = data
}

// readTiles has the hashes of what was signed read through get.
func (m *marks) readTiles(get tree.GetTiles) {
	m.own.Lock()
	defer m.own.Unlock()
	m.tiles = get
}

func (m *marks) tilesOf() tree.GetTiles {
	m.own.Lock()
	defer m.own.Unlock()
	return m.tiles
}

// heed judges the mark that the store has, if it was not judged before.
func (m *marks) heed(ctx context.Context) error {
	data, err := m.kept.store.Mark(ctx)
	if err != nil {
		return err
	}
	if bytes.Equal(data, m.passedOne()) {
		return nil
	}
	if data == nil {
		m.pass(nil)
		return nil
	}
	left, err := openMark(data, m.keys)
	switch {
	case err != nil:
		m.pass(data)
		m.forged(err)
		return nil
	case left.Origin != m.origin:
		m.pass(data)
		return nil
	}
	if err := m.readOn(ctx); err != nil {
		return err
	}
	has, err := m.has(ctx, left)
	if err != nil {
		return err
	}
	if !has {
		return m.stop(fmt.Errorf("the replica %s, which had read %d entries, has stopped: %s", entry.Shown(left.Replica), left.Size, left.Why))
	}
	if err := m.mending.mend(ctx); err != nil {
		return err
	}
	there, err := m.there(ctx, left.First, left.Size)
	if err != nil {
		return err
	}
	if !there {
		return m.mending.lost(left.First, left.Size)
	}
	if _, err := m.kept.store.SetMark(ctx, m.origin, data, nil); err != nil {
		return err
	}
	m.out.Error("entries that another replica missed are there: nobody has to stop for them", "replica", left.Replica, "entries", left.Size)
	return nil
}

// has reports whether a mark says that entries are lost, and this replica has read those, or they
// are in the tree that was signed of what it has read. A mark can be left again by whoever kept
// it, long after it was settled.
func (m *marks) has(ctx context.Context, left mark) (bool, error) {
	root, known := m.rootAfter(left.Size - 1)
	signed, size := m.newestSigned(), m.Size() // in this order, since both grow
	if !left.Lost || left.Size > size {
		return false, nil
	}
	if !known {
		if left.Size > signed.N || signed.N > size {
			return false, nil // it cannot be told
		}
		var err error
		root, err = tlog.TreeHash(left.Size, tree.HashReader(ctx, signed, m.tilesOf()))
		switch {
		case errors.Is(err, tree.ErrTile):
			return false, nil
		case err != nil:
			return false, err
		}
	}
	return bytes.Equal(root[:], left.Root), nil
}

// there reports whether the store has an entry of that number, as it was read if it was, and
// all up to a size. It had one that is older than all that it keeps: only what is there is let
// go of.
func (m *marks) there(ctx context.Context, first, size int64) (bool, error) {
	oldest, next, err := m.kept.store.Bounds(ctx)
	if err != nil || next < size || first < oldest {
		return err == nil && next >= size, err
	}
	found, _, err := m.kept.read(ctx, first, 1)
	if err != nil || len(found) == 0 || found[0].Number != first {
		return false, err
	}
	id := m.idAt(first)
	return id == "" || id == found[0].ID, nil
}

// forged tells of a mark that no replica left: of the first in an alarm too.
func (m *marks) forged(err error) {
	m.out.Warn("somebody has left a mark in the store that a replica has stopped: it is not heeded", "error", err)
	m.own.Lock()
	told := m.sawForged
	m.sawForged = true
	m.own.Unlock()
	if !told {
		m.alarm(event.AlarmData{Code: alarmForged})
	}
}

// afterStop leaves a mark once the Log has stopped, looks after it every so often, and reminds of it.
func (m *marks) afterStop(ctx context.Context, every time.Duration) {
	why := m.AwaitStop(ctx)
	var left *entry.Disagreement
	settled := !errors.As(why, &left) || m.Size() == 0
	for said := m.now(); why != nil && ctx.Err() == nil; retry.Sleep(ctx, every) {
		if !settled {
			var err error
			if settled, err = m.leave(ctx, left); err != nil && ctx.Err() == nil {
				m.out.Warn("other replicas cannot be told that this one has stopped", "error", err)
			}
		}
		if now := m.now(); now.Sub(said) >= remindEvery {
			said = now
			m.out.Error("the record still does not check out: nothing is issued until somebody has looked at it", "error", why)
		}
	}
}

// leave leaves a mark, if there is none. settled says that what was lost is there again, and so
// nobody has to stop for it any more.
func (m *marks) leave(ctx context.Context, d *entry.Disagreement) (settled bool, err error) {
	was, err := m.kept.store.Mark(ctx)
	if err != nil {
		return false, err
	}
	if other, err := openMark(was, m.keys); was != nil && err == nil && other.Origin == m.origin {
		return false, nil
	}
	if d.Lost {
		if there, err := m.there(ctx, d.First, d.Tree.N); there || err != nil {
			return there, err
		}
	}
	data, err := mark{
		Origin:  m.origin,
		Replica: m.replica,
		Time:    m.now().UTC(),
		Size:    d.Tree.N,
		Root:    d.Tree.Hash[:],
		First:   d.First,
		Lost:    d.Lost,
		Why:     d.Error(),
	}.seal(m.keys)
	if err != nil {
		return false, err
	}
	_, err = m.kept.store.SetMark(ctx, m.origin, was, data)
	return false, err
}
