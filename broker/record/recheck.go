package record

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/published"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// Whoever signs reads again all that the store keeps, so that an entry which was changed
// after all replicas had read it is found. It does so a part at a time, with each
// checkpoint, since nothing is signed meanwhile.

const (
	// recheckEvery is how often reading all again begins.
	recheckEvery = 10 * time.Minute
	// recheckAtOnce is how many entries are read again with one checkpoint: of the 48
	// hours that the store keeps, two million in recheckEvery.
	recheckAtOnce = 1 << 14
	// recheckWithin is how long that may take: what is left is read with the next.
	recheckWithin = 3 * time.Second
	// recheckLate is how long reading all again may take before an error says so.
	recheckLate = time.Hour
	// tilesAgain is how many tiles of entries that the store has let go of are checked with
	// one checkpoint.
	tilesAgain = 64

	alarmTilesLost = "tiles_lost"
)

// A recheck is how far reading all again has come.
type recheck struct {
	begun  time.Time               // zero: never
	next   int64                   // the entry to go on from
	end    int64                   // how many entries were signed when it began
	old    int64                   // the tile of entries that were let go of to go on from
	oldEnd int64                   // and the end of those
	lost   tree.Span               // what tiles are over that cannot be made anew
	atOnce int64                   // a test reads less
	told   bool                    // that it takes too long
	roots  map[tree.Span]tlog.Hash // of what was read to make tiles anew
}

// rechecking reads again what the store keeps.
type rechecking struct {
	log       *Log
	store     published.Store
	keys      ownKeys
	tiling    *tiling
	archived  bool // there is an archive
	out       *slog.Logger
	checked   recheck
	lostTiles tree.Span // that an alarm was about
}

// recheck reads a part of the signed entries again, when it is time, and stops the Log at
// the first that is not what was signed, or that no replica could begin with. A store or an
// archive that is away keeps nobody from signing.
func (r *rechecking) recheck(ctx context.Context, now published.State, signed tree.Edge) error {
	reading, cancel := context.WithTimeout(ctx, recheckWithin)
	defer cancel()
	wrong, err := r.part(reading, now, signed)
	r.tellLate()
	if wrong != nil {
		err = r.amiss(ctx, wrong)
	}
	switch {
	case err == nil || errors.Is(err, ErrStopped):
		return err
	case reading.Err() == nil:
		r.out.Warn("what the store keeps of the record is read again later", "error", err)
	}
	return ctx.Err()
}

// tellLate says once of a round that it takes too long.
func (r *rechecking) tellLate() {
	c := &r.checked
	if c.told || c.next >= c.end && c.old >= c.oldEnd || r.log.Now().Sub(c.begun) < recheckLate {
		return
	}
	c.told = true
	r.out.Error("reading again what the store keeps of the record does not get on: an entry that is changed there is not found meanwhile",
		"since", c.begun, "entry", c.next, "of", c.end)
}

// part reads a part again, and returns what is not as it was signed.
func (r *rechecking) part(ctx context.Context, now published.State, signed tree.Edge) (*audit.Finding, error) {
	if at := r.log.Now(); r.checked.next >= r.checked.end && r.checked.old >= r.checked.oldEnd {
		r.tellLost()
		if since := at.Sub(r.checked.begun); since < recheckEvery && since >= 0 {
			return nil, nil
		}
		r.checked = recheck{begun: at, end: signed.Size(), atOnce: r.checked.atOnce, roots: map[tree.Span]tlog.Hash{}}
	}
	keys, err := r.keys.signer.PublicKeys()
	if err != nil {
		return nil, err
	}
	start, err := published.NewestStart(now, keys, r.log.Origin)
	if err != nil {
		return nil, r.log.stop(err)
	}
	first, _, err := r.log.Entries.Bounds(ctx)
	if err != nil {
		return nil, err
	}
	r.checked.next = max(r.checked.next, first)
	part := rereading{
		rechecking: r,
		signed:     signed,
		start:      start.Size(),
		tiles:      tree.NewRemaker(signed, r.store.Tiles, r.log.mending.leaves),
	}
	part.tiles.Roots = r.checked.roots
	defer r.tiling.tellMade(part.tiles)
	part.begin(ctx)
	for end := min(r.checked.end, r.checked.next+r.checked.atOnce); r.checked.next < end; {
		n, wrong, err := part.page(ctx, r.checked.next)
		if wrong != nil || err != nil {
			return wrong, err
		}
		r.checked.next += n
	}
	return nil, r.oldTiles(ctx, part.tiles, signed.Size(), first)
}

// amiss stops the Log for what is wrong, unless the store has let go of it meanwhile.
func (r *rechecking) amiss(ctx context.Context, wrong *audit.Finding) error {
	first, _, err := r.log.Entries.Bounds(ctx)
	if err != nil {
		return err
	}
	switch {
	case wrong.Entry < first:
		return nil
	case wrong.Fault == audit.FaultMissing:
		return fmt.Errorf("%w: %w", r.log.mending.missing(ctx, wrong.Entry), wrong)
	}
	return r.log.stop(entry.Disagrees(fmt.Errorf("what was read before is not there any more as it was: %w", wrong)))
}

// tellLost raises an alarm about tiles that cannot be made anew, if there was none about those.
func (r *rechecking) tellLost() {
	if r.checked.lost.Count == 0 || r.checked.lost == r.lostTiles {
		return
	}
	r.lostTiles = r.checked.lost
	lost := event.Range(r.lostTiles)
	r.out.Error("tiles of the record are lost, and their entries are not kept: these entries cannot be proved to be in it any more",
		"first", lost.First, "count", lost.Count)
	r.log.alarm(event.AlarmData{Code: alarmTilesLost, Entries: &lost})
}
