package record

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/record/state"
	"github.com/assumebot/assumebot/broker/retry"
)

// Before version 1 the record was one Redis stream, which anybody could change who can write
// to Redis. Its entries are imported as they are, each as an Event that says so, in their
// order, by one replica at a time. While replicas are exchanged one by one, old ones
// write to it still: it is read until nobody did for an hour, or for seven days, so that
// nobody keeps it open for ever. Then the record says that nothing of it comes any more. The
// stream is removed if all of it is on the record; else it stays, with an alarm.

const (
	importLease = "record-import"
	importTTL   = 15 * time.Second
	// importEvery is how often somebody looks for more.
	importEvery = 5 * time.Second
	importMost  = 100
	// silentFor is how long no old replica may have written.
	silentFor = time.Hour

	alarmLeft = "import_left" // the former record is not imported any more, and not all of it is
)

// A Former is the record as it was before version 1.
type Former interface {
	// ReadFormer returns up to limit entries after a position, in their order; "" is
	// before the oldest.
	ReadFormer(ctx context.Context, after string, limit int64) ([]FormerEntry, error)
	// RemoveFormer removes all of it, in one step; it changes nothing and returns false when
	// there are entries after a position.
	RemoveFormer(ctx context.Context, after string) (bool, error)
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
		return retryIn(i.out, waits, "the former record is not imported", err)
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
	said, err := i.said()
	if err != nil {
		return err
	}
	// What the cursor holds is not believed, since whoever reaches Redis can write it: it is
	// there to be moved in turn.
	at := imported{Position: said.Position}
	for silent := i.log.Now(); ctx.Err() == nil; {
		if said, err = i.said(); err != nil {
			return err
		}
		if said.Over {
			done()
			return nil
		}
		if said.Late() || i.log.Now().Sub(silent) >= silentFor {
			over, err := i.finish(ctx, at.Position, said)
			if over {
				done()
			}
			if over || err != nil {
				return err
			}
			silent = i.log.Now()
		}
		count, err := i.some(ctx, turn, &at, &saved)
		if err != nil {
			return err
		}
		if count > 0 {
			silent = i.log.Now()
			continue
		}
		if retry.Tick(ctx, i.every); ctx.Err() == nil {
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
		parts, err := event.Split(i.event(e))
		if err != nil {
			return 0, fmt.Errorf("the former entry %s: %w", e.Position, err)
		}
		if len(events)+len(parts) > batchMost && len(events) > 0 {
			break
		}
		events, at.Position = append(events, parts...), e.Position
	}
	for some := range slices.Chunk(events, batchMost) { // several of one entry, which counts with its last part
		if _, err := i.log.Record(ctx, some...); err != nil {
			return 0, err
		}
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

// event is a former entry as it is recorded.
func (i *Importer) event(e FormerEntry) event.Event {
	d := event.NewImported(e.Position, e.Bytes[:min(len(e.Bytes), MaxFormer)])
	d.Left = len(e.Bytes) > MaxFormer
	return event.Event{ID: rand.Text(), Time: i.log.Now(), Data: d}
}

// finish removes what was imported, and says on the record that nothing more is. It returns
// false when there is more, and time for it.
func (i *Importer) finish(ctx context.Context, position string, said state.Importing) (over bool, err error) {
	removed := false
	if !said.Left {
		removed, err = i.former.RemoveFormer(ctx, position)
	}
	if err != nil || !removed && !said.Left && !said.Late() {
		return false, err
	}
	last := event.Event{ID: rand.Text(), Time: i.log.Now(), Data: event.ImportedData{Position: position, Last: true, Left: !removed}}
	events := []event.Event{last}
	if !removed {
		events = append(events, event.Event{ID: rand.Text(), Time: i.log.Now(), Data: event.AlarmData{Code: alarmLeft}})
	}
	_, err = i.log.Record(ctx, events...)
	return err == nil, err
}

// said is what the record says of the import; an error while it does not say all.
func (i *Importer) said() (state.Importing, error) {
	if all, from, _ := i.log.state.KnowsAll(); !all {
		return state.Importing{}, fmt.Errorf("the record does not say yet what was imported before %d, where this replica began to read", from)
	}
	return i.log.state.Import(), nil
}
