package record

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/broker/retry"
)

// Writing. What waits is gathered into one batch, and there is one in flight. Each
// batch has an ID, by which the store knows a repeat: a reply that was lost is asked for
// again, and nothing is written twice.
//
// A batch counts as written once this replica has read it at the numbers that the
// store gave, and so has checked all that stands before it.
//
// If the store does not say in time whether it took a batch, or the Log stops once it may
// have, its writers are told that nobody knows. An intent among it may appear later: who
// wrote it has given up, so its Attempt is closed as not acted on as soon as it is read.

const (
	// writeWithin is how long a batch is tried: after it nobody knows.
	writeWithin = 4 * time.Second
	// lastWrites is how long what waits at the end may take.
	lastWrites = 3 * time.Second
)

// A writer writes what waits in the queue.
type writer struct {
	*reading
	mending *mending
	marks   *marks
	queue   *queue
	keys    entry.Keys
	origin  string
	replica string
	within  time.Duration // a test waits less
}

func newWriter(m *marks, q *queue) *writer {
	return &writer{
		reading: m.reading,
		mending: m.mending,
		marks:   m,
		queue:   q,
		keys:    m.keys,
		origin:  m.origin,
		replica: m.replica,
		within:  writeWithin,
	}
}

func (w *writer) writeAll(ctx context.Context) {
	for {
		if batch := w.queue.next(); len(batch) > 0 {
			w.write(context.WithoutCancel(ctx), batch)
			continue
		}
		select {
		case <-w.queue.some:
		case <-ctx.Done():
			w.lastOnes(context.WithoutCancel(ctx))
			return
		}
	}
}

// lastOnes writes what waits when the Log is told to end.
func (w *writer) lastOnes(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lastWrites)
	defer cancel()
	for batch := w.queue.next(); len(batch) > 0; batch = w.queue.next() {
		w.write(ctx, batch)
	}
	w.queue.end()
}

// write writes a batch and tells its writers what became of it.
func (w *writer) write(ctx context.Context, batch []*write) {
	ctx, cancel := context.WithTimeout(ctx, w.within)
	defer cancel()
	first, err := w.append(ctx, batch)
	for _, each := range batch {
		if each.err = err; err == nil {
			each.Receipt = event.Receipt{Number: first, Late: w.isLate(first, len(each.events))}
		}
		first += int64(len(each.events))
		close(each.done)
	}
}

// append puts a batch on the record and reads it there. Its error has ErrUnsure in its chain
// whenever the store may have the batch.
func (w *writer) append(ctx context.Context, writes []*write) (first int64, err error) {
	t := try{writer: w, writes: writes}
	if err = (retry.Pace{First: 20 * time.Millisecond, Longest: time.Second}).Do(ctx, func() error { return t.once(ctx) }); err == nil {
		return t.first, nil
	}
	if t.unsure {
		err = fmt.Errorf("%w: %w", ErrUnsure, err)
	}
	return 0, err
}

// A try is how far appending a batch has come.
type try struct {
	*writer
	writes []*write
	entry.Batch
	unsure bool  // the store may have it
	first  int64 // the number of its first entry, once it was read
	whole  int   // how often it was refused as if entries were lost, and all were there
}

func (t *try) once(ctx context.Context) error {
	if t.unsure {
		if err := t.readOn(ctx); err != nil { // it may have been lost and put back since
			return final(err)
		}
	}
	if err := t.Err(); err != nil {
		return retry.Final(err)
	}
	if t.ID == "" {
		if after, id, _ := t.last(); after >= 0 && id == "" { // nothing was read yet after the start
			if err := t.readOn(ctx); err != nil {
				return final(err)
			}
		}
		var err error
		if t.Batch, err = t.seal(t.writes); err != nil {
			return retry.Final(err)
		}
	}
	switch at, count := t.find(t.Entries); { // it was taken, and the reply lost
	case count == len(t.Entries):
		t.first = at
		return nil
	case count > 0:
		return errors.New("a part of the batch was put back where it was lost, and the rest is to follow")
	}
	t.Passed = t.marks.passedOne()
	asked := t.now()
	appended, err := t.kept.store.Append(ctx, t.Batch)
	switch {
	case errors.Is(err, tree.ErrRewound):
		return final(errors.Join(err, t.rewound(ctx, err)))
	case errors.Is(err, entry.ErrMarked):
		return final(errors.Join(err, t.marks.heed(ctx)))
	case errors.Is(err, entry.ErrBehind): // nothing was written: what was missed is read first
		if !t.unsure {
			t.ID = ""
		}
		return errors.Join(err, t.readOn(ctx))
	case errors.Is(err, entry.ErrForeign):
		return retry.Final(t.stop(err))
	}
	t.unsure = true
	if err != nil {
		return err
	}
	t.first = appended.First
	return final(t.taken(ctx, t.Batch, appended, asked))
}

// final is err, after which nothing is tried again where the Log has stopped.
func final(err error) error {
	if errors.Is(err, ErrStopped) {
		return retry.Final(err)
	}
	return err
}

// rewound is what is done about a batch that the store refused since it has lost entries. It is
// tried again once they are there. If all are there, and it is refused again, the last one is
// put back over itself, with the name of the record, which may be what is lost; if that does
// not help, the store takes nothing any more, and the Log stops.
func (t *try) rewound(ctx context.Context, refused error) error {
	put, err := t.mending.putBackLost(ctx)
	if err != nil {
		return err
	}
	if put == 0 && t.Size() > 0 { // before the first entry, what stands in its place can be taken away
		t.whole++
	}
	switch {
	case t.whole == 2:
		if err := t.mending.putLastBack(ctx); err != nil {
			return err
		}
	case t.whole > 2:
		return t.stop(fmt.Errorf("%w: it refuses to add an entry, though it has all that was read; %s", refused, whatToDo))
	}
	return t.readOn(ctx)
}

// seal seals what writes hold, after what this replica has read.
func (w *writer) seal(writes []*write) (entry.Batch, error) {
	after, id, root := w.last()
	read := map[string]entry.Read{}
	b := entry.Batch{Origin: w.origin, Replica: w.replica, ID: rand.Text(), After: after, AfterID: id}
	for _, each := range writes {
		for _, e := range each.events {
			s, err := entry.Seal(w.keys, w.origin, e.leaf, e.aside, after, root[:])
			if err != nil {
				return entry.Batch{}, err
			}
			b.Entries = append(b.Entries, s)
			read[s.ID] = entry.Read{Leaf: e.leaf, Event: e.read}
		}
	}
	w.expect(read)
	return b, nil
}

// taken reads b where the store says that it stands.
func (w *writer) taken(ctx context.Context, b entry.Batch, appended entry.Appended, asked time.Time) error {
	if appended.First <= b.After || appended.First-b.After > entry.Window {
		return w.stop(fmt.Errorf("the store says that it put an entry at %d, and %d was the last before", appended.First, b.After))
	}
	end := appended.First + int64(len(b.Entries))
	if err := w.advance(appended.Entries, asked, false); err != nil {
		return err
	}
	if w.Size() < end {
		if err := w.readOn(ctx); err != nil {
			return err
		}
	}
	if w.Size() < end {
		return fmt.Errorf("the store put entries up to %d, and shows none from %d on", end-1, w.Size())
	}
	return w.confirm(b.Entries, appended.First)
}
