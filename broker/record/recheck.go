package record

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

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

// recheck reads a part of the signed entries again, when it is time, and stops the Log at
// the first that is not what was signed, or that no replica could begin with. A store or an
// archive that is away keeps nobody from signing.
func (p *Publisher) recheck(ctx context.Context, now published.State, signed tree.Edge) error {
	reading, cancel := context.WithTimeout(ctx, recheckWithin)
	defer cancel()
	wrong, err := p.recheckPart(reading, now, signed)
	p.tellLate()
	if wrong != nil {
		err = p.amiss(ctx, wrong)
	}
	switch {
	case err == nil || errors.Is(err, ErrStopped):
		return err
	case reading.Err() == nil:
		p.Out.Warn("what the store keeps of the record is read again later", "error", err)
	}
	return ctx.Err()
}

// tellLate says once of a round that it takes too long.
func (p *Publisher) tellLate() {
	c := &p.checked
	if c.told || c.next >= c.end && c.old >= c.oldEnd || p.Log.Now().Sub(c.begun) < recheckLate {
		return
	}
	c.told = true
	p.Out.Error("reading again what the store keeps of the record does not get on: an entry that is changed there is not found meanwhile",
		"since", c.begun, "entry", c.next, "of", c.end)
}

func (p *Publisher) recheckPart(ctx context.Context, now published.State, signed tree.Edge) (*audit.Finding, error) {
	if at := p.Log.Now(); p.checked.next >= p.checked.end && p.checked.old >= p.checked.oldEnd {
		p.tellLost()
		if since := at.Sub(p.checked.begun); since < recheckEvery && since >= 0 {
			return nil, nil
		}
		p.checked = recheck{begun: at, end: signed.Size(), atOnce: p.checked.atOnce, roots: map[tree.Span]tlog.Hash{}}
	}
	keys, err := p.Signer.PublicKeys()
	if err != nil {
		return nil, err
	}
	start, err := published.NewestStart(now, keys, p.Log.Origin)
	if err != nil {
		return nil, p.Log.stop(err)
	}
	first, _, err := p.Log.Entries.Bounds(ctx)
	if err != nil {
		return nil, err
	}
	p.checked.next = max(p.checked.next, first)
	part := rereading{Publisher: p, signed: signed, start: start.Size(), tiles: tree.NewRemaker(signed, p.Store.Tiles, p.Log.mending.leaves)}
	part.tiles.Roots = p.checked.roots
	defer p.tellMade(part.tiles)
	part.begin(ctx)
	for end := min(p.checked.end, p.checked.next+p.checked.atOnce); p.checked.next < end; {
		n, wrong, err := part.page(ctx, p.checked.next)
		if wrong != nil || err != nil {
			return wrong, err
		}
		p.checked.next += n
	}
	return nil, p.recheckOld(ctx, part.tiles, signed.Size(), first)
}

// A rereading is what is read again at once.
type rereading struct {
	*Publisher
	signed tree.Edge
	tiles  *tree.Remaker
	pages  *audit.Pages
	start  int64 // a replica may begin there, so what is younger must have its MACs
}

func (r *rereading) begin(ctx context.Context) {
	r.pages = audit.NewPages(ctx, audit.FromStore(r.Log.Entries, r.Store), r.signed.Tree())
}

// page checks the entries of one tile, and returns how many there are.
func (r *rereading) page(ctx context.Context, at int64) (int64, *audit.Finding, error) {
	hashes, err := r.hashes(ctx, at)
	if err != nil {
		return 0, nil, err
	}
	entries, wrong, err := r.pages.Check(ctx, at, hashes)
	for _, e := range entries {
		if e.Number < r.start {
			continue
		}
		if err := e.Check(r.Log.Keys, r.Log.Origin); err != nil {
			return 0, audit.Broken(e.Number, err), nil
		}
	}
	return int64(len(entries)), wrong, err
}

// hashes are those that the entries have to have; nil when a tile is lost that proves them.
func (r *rereading) hashes(ctx context.Context, at int64) ([]tlog.Hash, error) {
	hashes, wrong, err := r.pages.Expected(at)
	if wrong == nil || err != nil {
		return hashes, err
	}
	ok, err := r.recheckTile(ctx, r.tiles, at)
	if !ok || err != nil {
		return nil, err
	}
	if err := r.makeAnew(ctx, r.tiles, r.signed.Size()-1); err != nil {
		return nil, err
	}
	r.begin(ctx) // with the tiles that were made anew
	if hashes, wrong, err = r.pages.Expected(at); wrong != nil {
		err = wrong
	}
	return hashes, err
}

// amiss stops the Log for what is wrong, unless the store has let go of it meanwhile.
func (p *Publisher) amiss(ctx context.Context, wrong *audit.Finding) error {
	first, _, err := p.Log.Entries.Bounds(ctx)
	if err != nil {
		return err
	}
	switch {
	case wrong.Entry < first:
		return nil
	case wrong.Fault == audit.FaultMissing:
		return fmt.Errorf("%w: %w", p.Log.mending.missing(ctx, wrong.Entry), wrong)
	}
	return p.Log.stop(entry.Disagrees(fmt.Errorf("what was read before is not there any more as it was: %w", wrong)))
}
