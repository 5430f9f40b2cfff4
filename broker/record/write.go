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
	// batchMost and batchBytes bound a batch.
	batchMost  = 128
	batchBytes = 512 << 10
	// writeWithin is how long a batch is tried: after it nobody knows.
	writeWithin = 4 * time.Second
	// disownedFor is how long an intent that was given up may still appear.
	disownedFor = time.Hour
	// lastWrites is how long what waits at the end may take.
	lastWrites = 3 * time.Second
)

// A write is Events of one caller, which stand side by side.
type write struct {
	events []sealing
	done   chan struct{} // closed once receipt and err are set
	event.Receipt
	err error
}

// A sealing is an Event on its way into an entry.
type sealing struct{ leaf, aside []byte }

// sealingOf encodes e. It refuses what no reader could decode, and what would so stop all of
// them for good.
func sealingOf(e event.Event) (sealing, error) {
	leaf, aside, err := e.Encode()
	if err == nil {
		_, err = event.Decode(leaf, aside)
	}
	if err != nil {
		kind := e.Kind
		if e.Data != nil {
			kind = e.Data.Kind()
		}
		return sealing{}, fmt.Errorf("an event of kind %q cannot be recorded: %w", kind, err)
	}
	return sealing{leaf, aside}, nil
}

// Record puts Events on the record, side by side, and returns once this replica has
// read them there, and all that stands before. An error without [ErrUnsure] in its chain says
// that they are not on it and will not be; [ErrHeld], that nothing may be given for now.
//
// Of a closing Event the Receipt says whether it is the first of its Attempt: only
// then does what it tells count.
func (l *Log) Record(ctx context.Context, events ...event.Event) (event.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return event.Receipt{}, err
	}
	w := &write{done: make(chan struct{})}
	for _, e := range events {
		e.Replica = l.Replica
		parts, err := event.Split(e)
		if err != nil {
			return event.Receipt{}, fmt.Errorf("record event: %w", err)
		}
		for _, part := range parts {
			s, err := sealingOf(part)
			if err != nil {
				return event.Receipt{}, err
			}
			w.events = append(w.events, s)
		}
	}
	if len(w.events) == 0 || len(w.events) > batchMost {
		return event.Receipt{}, fmt.Errorf("record %d events at once", len(w.events))
	}
	if err := l.enqueue(w, events); err != nil {
		return event.Receipt{}, err
	}
	select {
	case <-w.done:
	case <-ctx.Done():
		if !l.withdraw(w) {
			<-w.done // the writer has a bound of its own
		}
	}
	if errors.Is(w.err, ErrUnsure) {
		l.disown(events)
	}
	return w.Receipt, w.err
}

func (l *Log) enqueue(w *write, events []event.Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.mayGive(events); err != nil {
		return err
	}
	return l.enqueueLocked(w)
}

func (l *Log) enqueueLocked(w *write) error {
	if l.broken != nil {
		return l.broken
	}
	if l.ended {
		return errEnded
	}
	l.queue = append(l.queue, w)
	select {
	case l.queued <- struct{}{}:
	default:
	}
	return nil
}

// withdraw takes back what nobody has begun to write.
func (l *Log) withdraw(w *write) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, waiting := range l.queue {
		if waiting == w {
			l.queue = append(l.queue[:i:i], l.queue[i+1:]...)
			w.err = context.Canceled
			return true
		}
	}
	return false
}

// next takes a batch off the queue.
func (l *Log) next() []*write {
	l.mu.Lock()
	defer l.mu.Unlock()
	count, size, n := 0, 0, 0
	for _, w := range l.queue {
		for _, e := range w.events {
			count, size = count+1, size+len(e.leaf)+len(e.aside)
		}
		if n > 0 && (count > batchMost || size > batchBytes) {
			break
		}
		n++
	}
	batch := l.queue[:n:n]
	l.queue = l.queue[n:]
	return batch
}

func (l *Log) writeAll(ctx context.Context) {
	for {
		if batch := l.next(); len(batch) > 0 {
			l.write(context.WithoutCancel(ctx), batch)
			continue
		}
		select {
		case <-l.queued:
		case <-ctx.Done():
			l.lastOnes(context.WithoutCancel(ctx))
			return
		}
	}
}

// lastOnes writes what waits when the Log is told to end.
func (l *Log) lastOnes(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lastWrites)
	defer cancel()
	for batch := l.next(); len(batch) > 0; batch = l.next() {
		l.write(ctx, batch)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	for _, w := range l.queue { // that came since
		w.err = errEnded
		close(w.done)
	}
	l.queue = nil
}

var errEnded = errors.New("the process ends, and writes no more entries of the record")

// write writes a batch and tells its writers what became of it.
func (l *Log) write(ctx context.Context, batch []*write) {
	ctx, cancel := context.WithTimeout(ctx, l.writeWithin)
	defer cancel()
	first, err := l.append(ctx, batch)
	for _, w := range batch {
		if w.err = err; err == nil {
			w.Receipt = event.Receipt{Number: first, Late: l.isLate(first, len(w.events))}
		}
		first += int64(len(w.events))
		close(w.done)
	}
}

// isLate reports whether one of these entries closes what was closed before.
func (l *Log) isLate(first int64, count int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for n := range int64(count) {
		if l.view.IsLate(first + n) {
			return true
		}
	}
	return false
}

// append puts a batch on the record and reads it there. Its error has ErrUnsure in its chain
// whenever the store may have the batch.
func (l *Log) append(ctx context.Context, writes []*write) (first int64, err error) {
	t := try{log: l, writes: writes}
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
	log    *Log
	writes []*write
	entry.Batch
	unsure bool  // the store may have it
	first  int64 // the number of its first entry, once it was read
	whole  int   // how often it was refused as if entries were lost, and all were there
}

func (t *try) once(ctx context.Context) error {
	l := t.log
	if t.unsure {
		if err := l.readOn(ctx); err != nil { // it may have been lost and put back since
			return final(err)
		}
	}
	if err := l.Err(); err != nil {
		return retry.Final(err)
	}
	if t.ID == "" {
		var err error
		if t.Batch, err = l.batch(t.writes); err != nil {
			return retry.Final(err)
		}
	}
	switch at, count := l.find(t.Batch); { // it was taken, and the reply lost
	case count == len(t.Entries):
		t.first = at
		return nil
	case count > 0:
		return errors.New("a part of the batch was put back where it was lost, and the rest is to follow")
	}
	l.mu.Lock()
	t.Passed = l.passed
	l.mu.Unlock()
	asked := l.Now()
	appended, err := l.Entries.Append(ctx, t.Batch)
	switch {
	case errors.Is(err, tree.ErrRewound):
		return final(errors.Join(err, t.rewound(ctx, err)))
	case errors.Is(err, entry.ErrMarked):
		return final(errors.Join(err, l.heed(ctx)))
	case errors.Is(err, entry.ErrBehind): // nothing was written: what was missed is read first
		if !t.unsure {
			t.ID = ""
		}
		return errors.Join(err, l.readOn(ctx))
	case errors.Is(err, entry.ErrForeign):
		return retry.Final(l.stop(err))
	}
	t.unsure = true
	if err != nil {
		return err
	}
	t.first = appended.First
	return final(l.confirm(ctx, t.Batch, appended, asked))
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
	l := t.log
	put, err := l.putBackLost(ctx)
	if err != nil {
		return err
	}
	if put == 0 && l.Size() > 0 { // before the first entry, what stands in its place can be taken away
		t.whole++
	}
	switch {
	case t.whole == 2:
		if err := l.putLastBack(ctx); err != nil {
			return err
		}
	case t.whole > 2:
		return l.stop(fmt.Errorf("%w: it refuses to add an entry, though it has all that was read; %s", refused, whatToDo))
	}
	return l.readOn(ctx)
}

// find returns where b stands if it was read, and how many of its entries were: another replica
// may have put it back where the store had lost it, and lost that it was the last batch of its
// writer.
func (l *Log) find(b entry.Batch) (first int64, count int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range b.Entries {
		if at, ok := l.view.IDs[e.ID]; ok {
			first, count = at-int64(count), count+1
		}
	}
	return first, count
}

// batch seals what writes hold, after what this replica has read.
func (l *Log) batch(writes []*write) (entry.Batch, error) {
	l.mu.Lock()
	after, id, root := l.view.Last()
	l.mu.Unlock()
	b := entry.Batch{Origin: l.Origin, Replica: l.Replica, ID: rand.Text(), After: after, AfterID: id}
	for _, w := range writes {
		for _, e := range w.events {
			s, err := entry.Seal(l.Keys, l.Origin, e.leaf, e.aside, after, root[:])
			if err != nil {
				return entry.Batch{}, err
			}
			b.Entries = append(b.Entries, s)
		}
	}
	return b, nil
}

// confirm reads b where the store says that it stands.
func (l *Log) confirm(ctx context.Context, b entry.Batch, appended entry.Appended, asked time.Time) error {
	if appended.First <= b.After || appended.First-b.After > entry.Window {
		return l.stop(fmt.Errorf("the store says that it put an entry at %d, and %d was the last before", appended.First, b.After))
	}
	end := appended.First + int64(len(b.Entries))
	if err := l.advance(appended.Entries, asked, false); err != nil {
		return err
	}
	if l.Size() < end {
		if err := l.readOn(ctx); err != nil {
			return err
		}
	}
	if l.Size() < end {
		return fmt.Errorf("the store put entries up to %d, and shows none from %d on", end-1, l.Size())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, s := range b.Entries {
		at := appended.First + int64(i)
		if id := l.view.IDAt(at); id != s.ID {
			return l.stopLocked(fmt.Errorf("entry %d: the store took %s there, and it is %s", at, entry.Shown(s.ID), entry.Shown(id)))
		}
	}
	return nil
}
