package record

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/record/archive"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/published"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/broker/record/witness"
	"github.com/assumebot/assumebot/broker/retry"
)

// Publishing. One replica at a time signs what the record has come to: it checks that this
// goes on from what was signed last, keeps the tiles of the tree, signs, and puts the
// checkpoint in the place of the last one, if nobody else had a turn meanwhile. All replicas
// compare what was signed with what they have read. A replica that has stopped, or has to stop
// for the mark of another, signs and archives nothing: its tree may be the wrong one.
//
// With the checkpoints it moves on where replicas begin to read, and lets go of entries that
// nobody needs any more.

const (
	publishTTL = 15 * time.Second
	// publishEvery is how often what is new is signed, and compared.
	publishEvery = 5 * time.Second
	// restateEvery is how often what restricts is restated.
	restateEvery = 6 * time.Hour
	// growAtOnce is how many entries are added to the tiles at once.
	growAtOnce = 4096
	// lastTurn is how long signing what was written last may take when the process ends, and
	// how long archiving it may.
	lastTurn = 3 * time.Second
)

// A Publisher signs checkpoints of the record.
type Publisher struct {
	PublisherDeps
	lease *lease.Lease

	mu   sync.Mutex
	seen tree.Checkpoint // the newest that this process knows
	last published.State // what stood in the store then
	// candidate is a checkpoint that becomes a start once what restricts was restated.
	candidate *published.Start
	alarmed   map[string]string // by witness: what is wrong with it
	// cosigned is what was last known to be, and uncosigned since when there is more.
	cosigned   int64
	uncosigned time.Time
	asked      bool // all witnesses have answered since the start
	checked    recheck
	lostTiles  tree.Span // that an alarm was about
}

// PublisherDeps is what a Publisher is made of. There may be no Witnesses and no Archive;
// all else is needed.
type PublisherDeps struct {
	Log    *Log
	Store  published.Store
	Signer *tree.Signer
	Leases lease.Leases
	// Needed is the number of the oldest entry that a reader outside of the Log still
	// needs.
	Needed    func(ctx context.Context) (int64, error)
	Witnesses witness.Set
	Required  bool             // nothing is issued while entries are not cosigned
	Archive   *archive.Archive // which has what the store lost or let go; nil where there is none
	Eager     bool             // what is new is signed at once: somebody waits until it is archived
	Out       *slog.Logger
}

// NewPublisher returns a Publisher; it does nothing yet.
func NewPublisher(d PublisherDeps) *Publisher {
	d.Out = d.Out.With("part", "checkpoints")
	if d.Archive != nil {
		d.Store = archive.WithTiles(d.Store, d.Archive)
	}
	return &Publisher{
		PublisherDeps: d,
		alarmed:       map[string]string{},
		checked:       recheck{atOnce: recheckAtOnce},
		lease:         lease.New(d.Leases, published.Lease, publishTTL, d.Out),
	}
}

// Run signs while this replica has the lease, and compares what others signed, until ctx
// ends. Then what was read is signed once more, unless another replica has the lease.
func (p *Publisher) Run(ctx context.Context) {
	var comparing sync.WaitGroup
	comparing.Go(func() { p.compareAll(ctx) })
	waits := storePace().Waits()
	p.lease.Run(ctx, publishEvery, func(err error) time.Duration {
		return retryIn(p.Out, waits, "the record is not signed", err)
	}, func(ctx context.Context, h *lease.Hold) error {
		p.candidate = nil // of an earlier turn
		for ctx.Err() == nil {
			if err := p.Publish(ctx, h); err != nil {
				return err
			}
			waits.Reset()
			p.pause(ctx)
		}
		return nil
	})
	comparing.Wait()
	p.signLast(context.WithoutCancel(ctx))
}

// signLast signs what is new when the process ends.
func (p *Publisher) signLast(ctx context.Context) {
	if signed, _ := p.newest(); p.Log.Size() <= signed.Size || p.Log.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lastTurn)
	defer cancel()
	err := p.lease.Do(ctx, func(ctx context.Context, h *lease.Hold) error {
		_, _, err := p.sign(ctx, h, func(context.Context, *published.State) error { return nil }) // nothing is written after it
		return err
	})
	if err != nil && !errors.Is(err, lease.ErrTaken) {
		p.Out.Warn("what was written last is signed by whoever runs next", "error", err)
	}
}

// compareAll compares what was signed with what this replica has read, now and then.
func (p *Publisher) compareAll(ctx context.Context) {
	for retry.Sleep(ctx, publishEvery); ctx.Err() == nil; retry.Sleep(ctx, publishEvery) {
		if p.mustAsk() {
			_ = p.Ask(ctx) // it says so itself, and is asked again
		}
		if _, _, err := p.load(ctx); err != nil && ctx.Err() == nil && p.Log.Err() == nil {
			p.Out.Warn("what was signed of the record is not compared", "error", err)
		}
	}
}

// load returns what is published, checked against what this process knows; raw is as it
// stands in the store, nil where nothing does.
func (p *Publisher) load(ctx context.Context) (raw []byte, now published.State, err error) {
	raw, err = p.Store.Checkpoint(ctx)
	if err != nil {
		return nil, published.State{}, err
	}
	seen, last := p.newest()
	if raw == nil {
		now, err = p.base(ctx, last)
		if err == nil && seen.Size > 0 {
			err = p.Log.checkTree(ctx, seen.Tree())
		}
		p.watchCosigned(now)
		return nil, now, err
	}
	if now, err = published.Parse(raw); err != nil {
		return nil, published.State{}, p.Log.stop(err)
	}
	c, _, err := p.check(now)
	if err != nil {
		return nil, published.State{}, p.Log.stop(err)
	}
	if c.Size < seen.Size {
		now.Starts, now.Witnesses = last.Starts, last.Witnesses
		if err := p.Log.checkTree(ctx, seen.Tree()); err != nil {
			return nil, published.State{}, err
		}
	}
	if err := p.Log.checkTree(ctx, c.Tree()); err != nil {
		return nil, published.State{}, err
	}
	p.remember(c, now)
	p.watchCosigned(now)
	return raw, now, nil
}

// check returns the checkpoint of what is published; the empty tree's where nothing is.
func (p *Publisher) check(now published.State) (tree.Checkpoint, tree.Edge, error) {
	keys, err := p.Signer.PublicKeys()
	if err != nil {
		return tree.Checkpoint{}, tree.Edge{}, err
	}
	if now.Note == nil {
		empty, err := p.Signer.Empty(p.Log.Origin)
		if err != nil {
			return tree.Checkpoint{}, tree.Edge{}, err
		}
		c, err := keys.Check(empty, p.Log.Origin)
		return c, tree.Edge{}, err
	}
	return keys.CheckEdge(now.Note, now.Edge, p.Log.Origin)
}

// Publish signs what is new, once, as the holder h. What was read but not signed yet when
// it is called is signed when it returns.
func (p *Publisher) Publish(ctx context.Context, h *lease.Hold) error {
	next, signed, err := p.sign(ctx, h, p.moveStart)
	if err != nil {
		return err
	}
	if err := p.trim(ctx, next); err != nil {
		return err
	}
	return p.recheck(ctx, next, signed)
}

// sign signs what is new and has it cosigned. move says where replicas begin to read.
func (p *Publisher) sign(ctx context.Context, h *lease.Hold, move func(context.Context, *published.State) error) (published.State, tree.Edge, error) {
	if err := p.Log.marks.goesOn(ctx); err != nil {
		return published.State{}, tree.Edge{}, err
	}
	raw, was, err := p.load(ctx)
	if err != nil {
		return was, tree.Edge{}, err
	}
	old, edge, err := p.check(was)
	if err != nil {
		return was, tree.Edge{}, err
	}
	to := p.Log.tree()
	next := was
	if to.N > old.Size {
		if next.Note, edge, err = p.grow(ctx, old, edge, to); err != nil {
			return was, tree.Edge{}, err
		}
		if next.Edge, err = edge.MarshalBinary(); err != nil {
			return was, tree.Edge{}, err
		}
	}
	if err := move(ctx, &next); err != nil {
		return was, tree.Edge{}, err
	}
	seen, _ := p.newest()
	if raw, err = p.replace(ctx, h, raw, next); err != nil {
		return was, tree.Edge{}, err
	}
	p.wasLost(old, seen)
	p.dropPartial(ctx, old.Size, edge.Size())
	if next, err = p.cosign(ctx, h, next); err != nil {
		return was, tree.Edge{}, err
	}
	_, err = p.replace(ctx, h, raw, next)
	return next, edge, err
}

// replace puts next in the place of raw, if anything changed, and returns what stands
// there then.
func (p *Publisher) replace(ctx context.Context, h *lease.Hold, raw []byte, next published.State) ([]byte, error) {
	if next.Note == nil {
		return raw, nil
	}
	data, err := json.Marshal(next)
	if err != nil || bytes.Equal(data, raw) {
		return raw, err
	}
	if err := p.Log.Err(); err != nil {
		return nil, err
	}
	turn, err := h.Fence()
	if err != nil {
		return nil, err
	}
	ok, err := p.Store.Publish(ctx, turn, raw, data)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, lease.ErrLost
	}
	c, _, err := p.check(next)
	if err == nil {
		p.remember(c, next)
	}
	return data, err
}

// grow adds the entries between old and to to the tiles, and signs to.
func (p *Publisher) grow(ctx context.Context, old tree.Checkpoint, edge tree.Edge, to tlog.Tree) (note []byte, _ tree.Edge, err error) {
	for edge.Size() < to.N {
		leaves, err := p.leaves(ctx, edge.Size(), min(to.N, edge.Size()+growAtOnce))
		if err != nil {
			return nil, tree.Edge{}, err
		}
		var grown tree.Edge
		var tiles map[string][]byte
		err = p.onTiles(ctx, edge, func() (err error) {
			grown, tiles, err = tree.Grow(ctx, edge, leaves, p.Store.Tiles)
			return err
		}, edge.Size()-1)
		if err != nil {
			return nil, tree.Edge{}, err
		}
		if err := p.Store.SaveTiles(ctx, tiles); err != nil {
			return nil, tree.Edge{}, err
		}
		edge = grown
	}
	if edge.Root() != to.Hash {
		return nil, tree.Edge{}, p.Log.stop(entry.Disagrees(fmt.Errorf("%w: the store has other %d entries than this replica has read", tree.ErrForked, to.N)))
	}
	err = p.onTiles(ctx, edge, func() (err error) {
		note, err = p.Signer.Advance(old, to, tree.HashReader(ctx, to, p.Store.Tiles))
		return err
	}, max(old.Size-1, 0), to.N-1)
	return note, edge, err
}

// leaves returns the hashes of the entries from one number up to another.
func (p *Publisher) leaves(ctx context.Context, from, to int64) ([]tlog.Hash, error) {
	var out []tlog.Hash
	for at := from; at < to; {
		entries, _, err := p.Log.kept.read(ctx, at, int(min(to-at, entry.PageMost)))
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if e.Number != at {
				return nil, p.Log.mending.missing(ctx, at)
			}
			out = append(out, tlog.RecordHash(e.Leaf))
			at++
		}
		if len(entries) == 0 {
			return nil, p.Log.mending.missing(ctx, at)
		}
	}
	return out, nil
}

// dropPartial forgets the partial tiles of a tree that has grown.
func (p *Publisher) dropPartial(ctx context.Context, was, now int64) {
	if was == now {
		return
	}
	var paths []string
	for level, size := 0, was; size > 0; level, size = level+1, size>>tree.TileHeight {
		if width := int(size % tree.TileWidth); width > 0 && now>>(tree.TileHeight*level) != size {
			paths = append(paths, tree.TilePath(tlog.Tile{H: tree.TileHeight, L: level, N: size / tree.TileWidth, W: width}))
		}
	}
	if len(paths) == 0 {
		return
	}
	if err := p.Store.DeleteTiles(ctx, paths); err != nil {
		p.Out.Warn("partial tiles of the record stay until the next are dropped", "error", err)
	}
}

// moveStart restates what restricts when it is time, and makes the checkpoint before that
// a start.
func (p *Publisher) moveStart(ctx context.Context, next *published.State) error {
	now := p.Log.Now()
	if p.Log.NewerStop() != "" {
		return nil // what this program does not know it cannot restate
	}
	if p.candidate == nil && p.startIsOld(*next, now) {
		p.candidate = &published.Start{Note: next.Note, Edge: next.Edge, At: now}
	}
	if p.candidate == nil {
		return nil
	}
	c, _, err := p.check(published.State{Note: p.candidate.Note, Edge: p.candidate.Edge})
	if err != nil {
		return err
	}
	if n := len(next.Starts); n > 0 {
		newest, _, err := p.check(published.State{Note: next.Starts[n-1].Note, Edge: next.Starts[n-1].Edge})
		if err != nil || c.Size <= newest.Size {
			p.candidate = nil // another replica has moved it on meanwhile
			return err
		}
	}
	if open := p.Log.state.Intents(); len(open) > 0 && open[0].Number < c.Size {
		return nil // its outcome would tell a reader from there nothing
	}
	events, err := event.Split(event.Event{ID: rand.Text(), Time: now, Data: p.Log.restatement()})
	if err != nil {
		return err
	}
	receipt, err := p.Log.Record(ctx, events...)
	if err != nil {
		return err
	}
	p.candidate.Restated = receipt.Number + int64(len(events)) - 1
	next.Starts = append(needed(next.Starts, now), *p.candidate)
	p.candidate = nil
	return nil
}

// needed are the starts that are needed still: of those before which entries may be let go,
// the newest alone.
func needed(starts []published.Start, now time.Time) []published.Start {
	for len(starts) > 1 && now.Sub(starts[1].At) >= published.KeptFor || len(starts) >= published.StartsMost {
		starts = starts[1:]
	}
	return slices.Clone(starts)
}

// startIsOld reports whether it is time for another start.
func (p *Publisher) startIsOld(now published.State, at time.Time) bool {
	if now.Note == nil {
		return false
	}
	if len(now.Starts) == 0 {
		return true
	}
	since := at.Sub(now.Starts[len(now.Starts)-1].At)
	return since >= restateEvery || since < 0
}

// trim forgets entries before the newest start that is old enough, and before what
// readers need.
func (p *Publisher) trim(ctx context.Context, now published.State) error {
	var before int64
	for _, s := range now.Starts {
		if p.Log.Now().Sub(s.At) < published.KeptFor {
			break
		}
		c, _, err := p.check(published.State{Note: s.Note, Edge: s.Edge})
		if err != nil {
			return p.Log.stop(err)
		}
		before = c.Size
	}
	if before -= entry.Window; before <= 0 { // who begins there reads the IDs of those before
		return nil
	}
	needed, err := p.Needed(ctx)
	if err != nil {
		return err
	}
	return p.Store.Trim(ctx, min(before, needed))
}
