package record

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

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
	// maxWhy is the most bytes of its sentence.
	maxWhy = 512
	// remindEvery is how often a Log that has stopped says so again.
	remindEvery = 10 * time.Minute

	alarmForged = "mark_forged"
	markVersion = "assumebot record stopped v1"
)

// A mark is what a replica leaves that has stopped.
type mark struct {
	Origin  string    `json:"origin"`
	Replica string    `json:"replica"`
	Time    time.Time `json:"time"`
	Size    int64     `json:"size"` // of the tree that should be there
	Root    []byte    `json:"root"`
	First   int64     `json:"first,omitempty"`
	Lost    bool      `json:"lost,omitempty"`
	Why     string    `json:"why"`
}

// A sealedMark is how it is kept.
type sealedMark struct {
	Mark []byte `json:"mark"`
	MACs string `json:"macs"`
}

func markMessage(body []byte) []byte { return append([]byte(markVersion+"\n"), body...) }

func (m mark) seal(keys entry.Keys) ([]byte, error) {
	if len(m.Why) > maxWhy {
		m.Why = m.Why[:maxWhy]
	}
	body, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(sealedMark{body, keys.MACs(markMessage(body))})
	if err == nil && len(data) > entry.MaxMark {
		err = fmt.Errorf("it has %d bytes", len(data))
	}
	return data, err
}

func openMark(data []byte, keys entry.Keys) (m mark, err error) {
	var s sealedMark
	if len(data) > entry.MaxMark {
		return mark{}, errors.New("it is too long")
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return mark{}, errors.New("it is not understood")
	}
	if len(s.MACs) > entry.MaxMACs || !keys.Check(s.MACs, markMessage(s.Mark)) {
		return mark{}, errors.New("no replica with our seal keys left it")
	}
	err = json.Unmarshal(s.Mark, &m)
	if err == nil && (m.Size < 0 || m.Size > tree.MaxSize || m.First < 0 || m.First > m.Size || len(m.Root) != entry.RootSize || !utf8.ValidString(m.Why)) {
		err = errors.New("its numbers are none that a record has")
	}
	return m, err
}

// heed judges the mark that the store has, if it was not judged before.
func (l *Log) heed(ctx context.Context) error {
	data, err := l.Entries.Mark(ctx)
	if err != nil {
		return err
	}
	l.mu.Lock()
	known := bytes.Equal(data, l.passed)
	l.mu.Unlock()
	if known {
		return nil
	}
	if data == nil {
		l.pass(nil)
		return nil
	}
	m, err := openMark(data, l.Keys)
	switch {
	case err != nil:
		l.pass(data)
		l.forged(err)
		return nil
	case m.Origin != l.Origin:
		l.pass(data)
		return nil
	}
	if err := l.readOn(ctx); err != nil {
		return err
	}
	has, err := l.has(ctx, m)
	if err != nil {
		return err
	}
	if !has {
		return l.stop(fmt.Errorf("the replica %s, which had read %d entries, has stopped: %s", entry.Shown(m.Replica), m.Size, m.Why))
	}
	if err := l.mend(ctx); err != nil {
		return err
	}
	there, err := l.there(ctx, m.First, m.Size)
	if err != nil {
		return err
	}
	if !there {
		return l.lost(m.First, m.Size)
	}
	if _, err := l.Entries.SetMark(ctx, l.Origin, data, nil); err != nil {
		return err
	}
	l.Log.Error("entries that another replica missed are there: nobody has to stop for them", "replica", m.Replica, "entries", m.Size)
	return nil
}

// has reports whether m says that entries are lost, and this replica has read those, or they
// are in the tree that was signed of what it has read. A mark can be left again by whoever kept
// it, long after it was settled.
func (l *Log) has(ctx context.Context, m mark) (bool, error) {
	l.mu.Lock()
	size, signed, tiles := l.view.Size(), l.signed, l.tiles
	root, known := l.view.RootAfter(m.Size - 1)
	l.mu.Unlock()
	if !m.Lost || m.Size > size {
		return false, nil
	}
	if !known {
		if m.Size > signed.N || signed.N > size {
			return false, nil // it cannot be told
		}
		var err error
		root, err = tlog.TreeHash(m.Size, tree.HashReader(ctx, signed, tiles))
		switch {
		case errors.Is(err, tree.ErrTile):
			return false, nil
		case err != nil:
			return false, err
		}
	}
	return bytes.Equal(root[:], m.Root), nil
}

// there reports whether the store has an entry of that number, as it was read if it was, and
// all up to a size. It had one that is older than all that it keeps: only what is there is let
// go of.
func (l *Log) there(ctx context.Context, first, size int64) (bool, error) {
	oldest, next, err := l.Entries.Bounds(ctx)
	if err != nil || next < size || first < oldest {
		return err == nil && next >= size, err
	}
	found, _, err := l.readFrom(ctx, first, 1)
	if err != nil || len(found) == 0 || found[0].Number != first {
		return false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	id := l.view.IDAt(first)
	return id == "" || id == found[0].ID, nil
}

// pass notes a mark that this replica does not stop for.
func (l *Log) pass(data []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.passed = data
}

// forged tells of a mark that no replica left: of the first in an alarm too.
func (l *Log) forged(err error) {
	l.Log.Warn("somebody has left a mark in the store that a replica has stopped: it is not heeded", "error", err)
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.sawForged {
		l.sawForged = true
		l.recordLaterLocked(event.Event{ID: rand.Text(), Time: l.Now(), Data: event.AlarmData{Code: alarmForged}})
	}
}

// AwaitStop returns why the Log has stopped, once it has; nil when ctx ends before.
func (l *Log) AwaitStop(ctx context.Context) error {
	for {
		l.mu.Lock()
		broken, read := l.broken, l.read
		l.mu.Unlock()
		if broken != nil {
			return broken
		}
		select {
		case <-read:
		case <-ctx.Done():
			return nil
		}
	}
}

// afterStop leaves a mark once the Log has stopped, looks after it, and reminds of it.
func (l *Log) afterStop(ctx context.Context) {
	why := l.AwaitStop(ctx)
	var left *entry.Disagreement
	settled := !errors.As(why, &left) || l.Size() == 0
	for said := l.Now(); why != nil && ctx.Err() == nil; retry.Sleep(ctx, l.awaitFor) {
		if !settled {
			var err error
			if settled, err = l.leave(ctx, left); err != nil && ctx.Err() == nil {
				l.Log.Warn("other replicas cannot be told that this one has stopped", "error", err)
			}
		}
		if now := l.Now(); now.Sub(said) >= remindEvery {
			said = now
			l.Log.Error("the record still does not check out: nothing is issued until somebody has looked at it", "error", why)
		}
	}
}

// leave leaves a mark, if there is none. settled says that what was lost is there again, and so
// nobody has to stop for it any more.
func (l *Log) leave(ctx context.Context, d *entry.Disagreement) (settled bool, err error) {
	was, err := l.Entries.Mark(ctx)
	if err != nil {
		return false, err
	}
	if m, err := openMark(was, l.Keys); was != nil && err == nil && m.Origin == l.Origin {
		return false, nil
	}
	if d.Lost {
		if there, err := l.there(ctx, d.First, d.Tree.N); there || err != nil {
			return there, err
		}
	}
	data, err := mark{
		Origin:  l.Origin,
		Replica: l.Replica,
		Time:    l.Now().UTC(),
		Size:    d.Tree.N,
		Root:    d.Tree.Hash[:],
		First:   d.First,
		Lost:    d.Lost,
		Why:     d.Error(),
	}.seal(l.Keys)
	if err != nil {
		return false, err
	}
	_, err = l.Entries.SetMark(ctx, l.Origin, was, data)
	return false, err
}
