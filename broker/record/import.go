package record

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/retry"
)

// Before version 1 the record was one Redis stream, which anybody could change who can write
// to Redis. Its entries are imported as they are, each as an Event that says so, in their
// order, by one replica at a time. While replicas are exchanged one by one, old ones
// write to it still: it is read until nobody did for an hour. Then the record says that
// nothing of it comes any more, and the stream is removed.

const (
	importLease = "record-import"
	importTTL   = 15 * time.Second
	// importEvery is how often somebody looks for more.
	importEvery = 5 * time.Second
	importMost  = 100
	// silentFor is how long no old replica may have written.
	silentFor = time.Hour
)

// A Former is the record as it was before version 1.
type Former interface {
	// ReadFormer returns up to limit entries after a position, in their order; "" is
	// before the oldest.
	ReadFormer(ctx context.Context, after string, limit int64) ([]FormerEntry, error)
	// RemoveFormer removes all of it.
	RemoveFormer(ctx context.Context) error
	// LoadCursor and MoveCursor keep how far it was imported; see store.
	LoadCursor(ctx context.Context, name string) ([]byte, error)
	MoveCursor(ctx context.Context, f lease.Fence, previous, state []byte) (bool, error)
}

// MaxFormer is how many bytes of a former entry are imported.
const MaxFormer = 1 << 20

// A FormerEntry is one entry, with its bytes as they are; one of more than MaxFormer is cut
// to one more.
type FormerEntry struct {
	Position string
	Bytes    []byte
}

// An Importer imports the former record.
type Importer struct {
	log    *Log
	former Former
	lease  *lease.Lease
	out    *slog.Logger
	every  time.Duration // a test looks more often
}

// NewImporter returns an Importer; it does nothing yet.
func NewImporter(l *Log, former Former, leases lease.Leases) *Importer {
	return &Importer{log: l, former: former, lease: lease.New(leases, importLease, importTTL, l.Log), out: l.Log, every: importEvery}
}

// Run imports until there is nothing more to import, or ctx ends.
func (i *Importer) Run(ctx context.Context) {
	ctx, done := context.WithCancel(ctx)
	defer done()
	waits := storePace().Waits()
	i.lease.Run(ctx, i.every, func(err error) time.Duration {
		wait := waits.Next(err)
		i.out.Warn("the former record is not imported", "error", err, "retry_in", wait)
		return wait
	}, func(ctx context.Context, h *lease.Hold) error { return i.lead(ctx, h, done) })
}

// imported is how far the former record was imported.
type imported struct {
	Position string `json:"position"`
}

func (i *Importer) lead(ctx context.Context, h *lease.Hold, done func()) error {
	if err := i.log.CaughtUp(ctx); err != nil {
		return err
	}
	turn, err := h.Fence()
	if err != nil {
		return err
	}
	saved, err := i.former.LoadCursor(ctx, importLease)
	if err != nil {
		return err
	}
	var at imported
	if saved != nil {
		if err := json.Unmarshal(saved, &at); err != nil {
			return fmt.Errorf("how far the former record was imported is not understood: %w", err)
		}
	}
	// The record goes before the cursor, which a holder that died may not have moved.
	if last := i.log.lastImported(); last != "" {
		at.Position = last
	}
	for silent := i.log.Now(); ctx.Err() == nil; {
		if i.log.importOver() {
			done()
			return nil
		}
		count, err := i.some(ctx, turn, &at, &saved)
		switch {
		case err != nil:
			return err
		case count > 0:
			silent = i.log.Now()
			continue
		case i.log.Now().Sub(silent) >= silentFor:
			return i.finish(ctx, done)
		}
		if retry.Sleep(ctx, i.every); ctx.Err() == nil {
			if _, err := h.Fence(); err != nil {
				return err
			}
		}
	}
	return nil
}

// some imports what comes after at.
func (i *Importer) some(ctx context.Context, turn lease.Fence, at *imported, saved *[]byte) (int, error) {
	entries, err := i.former.ReadFormer(ctx, at.Position, importMost)
	if err != nil || len(entries) == 0 {
		return 0, err
	}
	var events []event.Event
	for _, e := range entries {
		parts, err := event.Split(event.Event{ID: rand.Text(), Time: i.log.Now(), Data: event.NewImported(e.Position, e.Bytes)})
		if err != nil {
			return 0, fmt.Errorf("the former entry %s: %w", e.Position, err)
		}
		if len(events)+len(parts) > batchMost && len(events) > 0 {
			break
		}
		events, at.Position = append(events, parts...), e.Position
	}
	if _, err := i.log.Record(ctx, events...); err != nil {
		return 0, err
	}
	next, err := json.Marshal(at)
	if err != nil {
		return 0, err
	}
	ok, err := i.former.MoveCursor(ctx, turn, *saved, next)
	if err == nil && !ok {
		err = lease.ErrLost
	}
	*saved = next
	return len(events), err
}

// finish says on the record that nothing more is imported, and removes what was.
func (i *Importer) finish(ctx context.Context, done func()) error {
	over := event.ImportedData{Last: true}
	if _, err := i.log.Record(ctx, event.Event{ID: rand.Text(), Time: i.log.Now(), Data: over}); err != nil {
		return err
	}
	done()
	return i.former.RemoveFormer(ctx)
}

// lastImported is the position of the last former entry that is on the record.
func (l *Log) lastImported() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state.imported
}

// importOver reports whether the record says that nothing more is imported.
func (l *Log) importOver() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state.importOver
}
