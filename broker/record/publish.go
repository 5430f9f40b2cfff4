package record

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/record/archive"
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
	// lastTurn is how long signing what was written last may take when the process ends, and
	// how long archiving it may.
	lastTurn = 3 * time.Second
)

// A Publisher signs checkpoints of the record. It has a part for each thing that is done about
// one: what stands in the store (board), the tiles of the tree (tiling), what witnesses say
// (cosigning), where replicas begin to read (starts), and what is read again (rechecking).
type Publisher struct {
	PublisherDeps
	lease      *lease.Lease
	board      *board
	tiling     *tiling
	cosigning  *cosigning
	starts     *starts
	rechecking *rechecking
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
	keys := ownKeys{d.Signer, d.Log.Origin}
	tiling := &tiling{log: d.Log, store: d.Store, out: d.Out}
	cosigning := &cosigning{
		log:       d.Log,
		store:     d.Store,
		keys:      keys,
		witnesses: d.Witnesses,
		required:  d.Required,
		out:       d.Out,
		alarmed:   map[string]string{},
	}
	return &Publisher{
		PublisherDeps: d,
		lease:         lease.New(d.Leases, published.Lease, publishTTL, d.Out),
		board:         &board{log: d.Log, store: d.Store, keys: keys, archive: d.Archive, watch: cosigning.watch, out: d.Out},
		tiling:        tiling,
		cosigning:     cosigning,
		starts:        &starts{log: d.Log, store: d.Store, keys: keys, needed: d.Needed},
		rechecking: &rechecking{
			log:      d.Log,
			store:    d.Store,
			keys:     keys,
			tiling:   tiling,
			archived: d.Archive != nil,
			out:      d.Out,
			checked:  recheck{atOnce: recheckAtOnce},
		},
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
		p.starts.candidate = nil // of an earlier turn
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
	if signed, _ := p.board.newest(); p.Log.Size() <= signed.Size || p.Log.Err() != nil {
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
	for retry.Tick(ctx, publishEvery); ctx.Err() == nil; retry.Tick(ctx, publishEvery) {
		if p.cosigning.mustAsk() {
			_ = p.Ask(ctx) // it says so itself, and is asked again
		}
		if _, _, err := p.board.load(ctx); err != nil && ctx.Err() == nil && p.Log.Err() == nil {
			p.Out.Warn("what was signed of the record is not compared", "error", err)
		}
	}
}

// Ask asks the witnesses before this replica issues anything whether they have seen more
// of the record than the store has, or anything else. It stops the Log then. With
// required witnesses that do not answer it holds the Log, and so does Run until they do.
func (p *Publisher) Ask(ctx context.Context) error {
	if len(p.Witnesses.Each) == 0 {
		return nil
	}
	_, now, err := p.board.load(ctx)
	if err != nil {
		return err
	}
	return p.cosigning.ask(ctx, now)
}

// Publish signs what is new, once, as the holder h. What was read but not signed yet when
// it is called is signed when it returns.
func (p *Publisher) Publish(ctx context.Context, h *lease.Hold) error {
	next, signed, err := p.sign(ctx, h, p.starts.move)
	if err != nil {
		return err
	}
	if err := p.starts.trim(ctx, next); err != nil {
		return err
	}
	return p.rechecking.recheck(ctx, next, signed)
}

// sign signs what is new and has it cosigned. move says where replicas begin to read.
func (p *Publisher) sign(ctx context.Context, h *lease.Hold, move func(context.Context, *published.State) error) (published.State, tree.Edge, error) {
	if err := p.Log.marks.goesOn(ctx); err != nil {
		return published.State{}, tree.Edge{}, err
	}
	raw, was, err := p.board.load(ctx)
	if err != nil {
		return was, tree.Edge{}, err
	}
	old, edge, err := p.board.keys.check(was)
	if err != nil {
		return was, tree.Edge{}, err
	}
	to := p.Log.tree()
	next := was
	if to.N > old.Size {
		if edge, err = p.tiling.grow(ctx, edge, to); err != nil {
			return was, tree.Edge{}, err
		}
		if next.Note, err = p.tiling.sign(ctx, p.Signer, old, edge); err != nil {
			return was, tree.Edge{}, err
		}
		if next.Edge, err = edge.MarshalBinary(); err != nil {
			return was, tree.Edge{}, err
		}
	}
	if err := move(ctx, &next); err != nil {
		return was, tree.Edge{}, err
	}
	seen, _ := p.board.newest()
	if raw, err = p.board.replace(ctx, h, raw, next); err != nil {
		return was, tree.Edge{}, err
	}
	p.board.wasLost(old, seen)
	p.tiling.dropPartial(ctx, old.Size, edge.Size())
	if next, err = p.cosigning.cosign(ctx, h, next); err != nil {
		return was, tree.Edge{}, err
	}
	_, err = p.board.replace(ctx, h, raw, next)
	return next, edge, err
}

// pause waits until it is time to sign again.
func (p *Publisher) pause(ctx context.Context) {
	signed, _ := p.board.newest()
	size := signed.Size + 1
	if !p.Eager {
		size = tree.MaxSize
	}
	p.Log.awaitFrom(ctx, size, publishEvery)
}
