package record

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/record/archive"
	"github.com/assumebot/assumebot/broker/record/published"
	"github.com/assumebot/assumebot/broker/retry"
)

// Archiving. One replica at a time copies what is published to the archive: the entries,
// their free text, the tiles, and last the checkpoint, which is how far the archive goes.
// Each object is written once and never changes, so it does not matter who was killed
// where, or whether two wrote at once: what is there already is the same. If it is not,
// somebody else writes there. That is an alarm, and the end of archiving until a
// restart; the bot goes on.
//
// Full tiles are let go from the store once the archive has them.

const (
	archiveLease = "record-archive"
	archiveTTL   = 15 * time.Second
	// archiveEvery is how often what is new is archived, and how far the archive goes is read.
	archiveEvery = 5 * time.Second
	// flushEvery is how often it is while somebody waits.
	flushEvery = 100 * time.Millisecond

	alarmArchive = "archive_other"  // it has what this record has not
	alarmMissed  = "archive_missed" // entries were gone before they were archived
	alarmMemory  = "archive_away"   // it does not follow, and the memory of the store is half full
	aboutArchive = "archive"
)

// An Archiver copies the record to an archive. How far that goes, and what waits for it, is its
// coverage.
type Archiver struct {
	ArchiverDeps
	*coverage
	lease *lease.Lease

	fullAlarm atomic.Bool // it was raised since the archive followed last

	partial []string // that stand for full ones which are not there yet; of the holder alone
}

// ArchiverDeps is what an Archiver is made of. All of it is needed.
type ArchiverDeps struct {
	Log      *Log // that has Archive too
	Store    published.Store
	Archive  *archive.Archive
	Leases   lease.Leases
	Required bool // nothing is given to anybody while the archive does not follow
	// Memory tells how many bytes the store holds, and how many it may; 0 when nobody knows.
	Memory func(ctx context.Context) (used, most int64, err error)
	Out    *slog.Logger
}

// NewArchiver returns an Archiver; it does nothing yet.
func NewArchiver(d ArchiverDeps) *Archiver {
	d.Out = d.Out.With("part", "archive")
	d.Store = archive.WithTiles(d.Store, d.Archive)
	return &Archiver{
		ArchiverDeps: d,
		coverage:     &coverage{log: d.Log, archive: d.Archive, required: d.Required, out: d.Out},
		lease:        lease.New(d.Leases, archiveLease, archiveTTL, d.Out),
	}
}

// Run archives while this replica has the lease, and compares the archive with what this
// replica has read, until ctx ends.
func (a *Archiver) Run(ctx context.Context) {
	var watching sync.WaitGroup
	watching.Go(func() { a.watchAll(ctx) })
	waits := storePace().Waits()
	a.lease.Run(ctx, archiveEvery, func(err error) time.Duration {
		return retryIn(a.Out, waits, "the record is not archived", err)
	}, func(ctx context.Context, h *lease.Hold) error {
		for ctx.Err() == nil {
			if err := a.Copy(ctx, h); err != nil {
				return a.failed(ctx, err)
			}
			waits.Reset()
			a.pause(ctx)
		}
		return nil
	})
	watching.Wait()
	a.copyLast(context.WithoutCancel(ctx))
}

// copyLast archives what is new when the process ends.
func (a *Archiver) copyLast(ctx context.Context) {
	if a.Log.Size() <= a.Archive.Size() || a.Log.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lastTurn)
	defer cancel()
	if err := a.lease.Do(ctx, a.Copy); err != nil && !errors.Is(err, lease.ErrTaken) {
		a.Out.Warn("what was written last is archived by whoever runs next", "error", err)
	}
}

// pause waits until there may be something to archive.
func (a *Archiver) pause(ctx context.Context) {
	if !a.Required {
		retry.Sleep(ctx, archiveEvery)
		return
	}
	a.Log.awaitFrom(ctx, a.Archive.Size()+1, archiveEvery)
	retry.Sleep(ctx, flushEvery) // it is not published at once
}

// failed says what comes of an error: where the archive is not ours, the lease is kept for
// nothing, so that no other replica raises the alarm again.
func (a *Archiver) failed(ctx context.Context, err error) error {
	if errors.Is(err, archive.ErrOtherBytes) || errors.Is(err, archive.ErrOther) {
		a.Out.Error("nothing is archived until a restart: somebody else writes to the archive", "error", err)
		a.alarm(ctx, event.AlarmData{Code: alarmArchive, About: aboutArchive})
		<-ctx.Done()
		return nil
	}
	a.watchMemory(ctx)
	return err
}

// watchMemory raises an alarm while the archive does not follow and the store has half
// of the memory that it may have: it cannot let go of anything.
func (a *Archiver) watchMemory(ctx context.Context) {
	used, most, err := a.Memory(ctx)
	if err != nil || most <= 0 || used < most/2 || !a.Required {
		return
	}
	if !a.fullAlarm.Swap(true) {
		a.alarm(ctx, event.AlarmData{Code: alarmMemory, About: aboutArchive, Entries: a.missing()})
	}
}

// missing is what the archive has not.
func (a *Archiver) missing() *event.Range {
	first := a.Archive.Size()
	return &event.Range{First: first, Count: max(a.Log.Size()-first, 0)}
}

func (a *Archiver) alarm(ctx context.Context, data event.AlarmData) {
	a.Out.Error("about the archive of the record", "alarm", data.Code)
	if _, err := a.Log.Record(ctx, event.Event{ID: rand.Text(), Time: a.Log.Now(), Data: data}); err != nil {
		a.Out.Error("an alarm is not on the record", "alarm", data.Code, "error", err)
	}
}
