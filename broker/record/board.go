package record

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/record/archive"
	"github.com/assumebot/assumebot/broker/record/published"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// A store that lost entries has lost what was published with them. Whoever signs goes on
// from what is left: an older checkpoint, or that of the archive, or the empty tree. The
// tiles from there on are made again of the entries, which were put back (mend.go). What
// is signed again for a size is the same, byte for byte: it is of the tree that was read.

const alarmCheckpoint = "checkpoint_put_back"

// ownKeys check what this record signed.
type ownKeys struct {
	signer *tree.Signer
	origin string
}

// check returns the checkpoint of what is published; the empty tree's where nothing is.
func (k ownKeys) check(now published.State) (tree.Checkpoint, tree.Edge, error) {
	keys, err := k.signer.PublicKeys()
	if err != nil {
		return tree.Checkpoint{}, tree.Edge{}, err
	}
	if now.Note == nil {
		empty, err := k.signer.Empty(k.origin)
		if err != nil {
			return tree.Checkpoint{}, tree.Edge{}, err
		}
		c, err := keys.Check(empty, k.origin)
		return c, tree.Edge{}, err
	}
	return keys.CheckEdge(now.Note, now.Edge, k.origin)
}

// A board is what is published, as far as this replica has compared it with what it has read.
type board struct {
	log     *Log
	store   published.Store
	keys    ownKeys
	archive *archive.Archive      // nil where there is none
	watch   func(published.State) // is told what is published whenever that was compared
	out     *slog.Logger

	mu   sync.Mutex
	seen tree.Checkpoint // the newest that this process knows
	last published.State // what stood in the store then
}

// newest is the newest checkpoint that this process knows, and what was published with it.
func (b *board) newest() (tree.Checkpoint, published.State) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.seen, b.last
}

func (b *board) remember(c tree.Checkpoint, now published.State) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.Size >= b.seen.Size {
		b.seen, b.last = c, now
	}
}

// load returns what is published, checked against what this process knows; raw is as it
// stands in the store, nil where nothing does.
func (b *board) load(ctx context.Context) (raw []byte, now published.State, err error) {
	raw, err = b.store.Checkpoint(ctx)
	if err != nil {
		return nil, published.State{}, err
	}
	seen, last := b.newest()
	if raw == nil {
		now, err = b.base(ctx, last)
		if err == nil && seen.Size > 0 {
			err = b.log.checkTree(ctx, seen.Tree())
		}
		b.watch(now)
		return nil, now, err
	}
	if now, err = published.Parse(raw); err != nil {
		return nil, published.State{}, b.log.stop(err)
	}
	c, _, err := b.keys.check(now)
	if err != nil {
		return nil, published.State{}, b.log.stop(err)
	}
	if c.Size < seen.Size {
		now.Starts, now.Witnesses = last.Starts, last.Witnesses
		if err := b.log.checkTree(ctx, seen.Tree()); err != nil {
			return nil, published.State{}, err
		}
	}
	if err := b.log.checkTree(ctx, c.Tree()); err != nil {
		return nil, published.State{}, err
	}
	b.remember(c, now)
	b.watch(now)
	return raw, now, nil
}

// base is what to go on from where nothing is published: not yet, or not any more. last is
// what was.
func (b *board) base(ctx context.Context, last published.State) (published.State, error) {
	from := published.State{Starts: last.Starts, Witnesses: last.Witnesses}
	if b.archive == nil {
		if oldest := b.log.mending.oldest.Load(); last.Note != nil && oldest > 0 {
			return from, b.log.stop(fmt.Errorf("%w: the tiles of the tree are lost, and the entries before %d that they were made of; %s",
				tree.ErrRewound, oldest, whatToDo))
		}
		return from, nil
	}
	c, err := b.archive.Checkpoint(ctx)
	if err != nil || c.Size == 0 {
		return from, err
	}
	edge, err := b.archive.Edge(ctx, c)
	if err != nil {
		return from, err
	}
	if err := b.log.checkTree(ctx, c.Tree()); err != nil {
		return from, err
	}
	from.Note = c.Note
	from.Edge, err = edge.MarshalBinary()
	return from, err
}

// replace puts next in the place of raw, if anything changed, and returns what stands
// there then.
func (b *board) replace(ctx context.Context, h *lease.Hold, raw []byte, next published.State) ([]byte, error) {
	if next.Note == nil {
		return raw, nil
	}
	data, err := json.Marshal(next)
	if err != nil || bytes.Equal(data, raw) {
		return raw, err
	}
	if err := b.log.Err(); err != nil {
		return nil, err
	}
	turn, err := h.Fence()
	if err != nil {
		return nil, err
	}
	ok, err := b.store.Publish(ctx, turn, raw, data)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, lease.ErrLost
	}
	c, _, err := b.keys.check(next)
	if err == nil {
		b.remember(c, next)
	}
	return data, err
}

// wasLost raises an alarm about a checkpoint that was gone, once there is another.
func (b *board) wasLost(found, seen tree.Checkpoint) {
	if found.Size >= seen.Size {
		return
	}
	b.out.Error("the store had lost the newest checkpoint of the record: it was put back", "size", seen.Size, "found", found.Size)
	b.log.alarm(event.AlarmData{Code: alarmCheckpoint, Size: seen.Size})
}
