package record

import (
	"context"
	"fmt"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/published"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// A store that lost entries has lost what was published with them. Whoever signs goes on
// from what is left: an older checkpoint, or that of the archive, or the empty tree. The
// tiles from there on are made again of the entries, which were put back (mend.go). What
// is signed again for a size is the same, byte for byte: it is of the tree that was read.

const alarmCheckpoint = "checkpoint_put_back"

// newest is the newest checkpoint that this process knows, and what was published with it.
func (p *Publisher) newest() (tree.Checkpoint, published.State) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen, p.last
}

func (p *Publisher) remember(c tree.Checkpoint, now published.State) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.Size >= p.seen.Size {
		p.seen, p.last = c, now
	}
}

// base is what to go on from where nothing is published: not yet, or not any more. last is
// what was.
func (p *Publisher) base(ctx context.Context, last published.State) (published.State, error) {
	from := published.State{Starts: last.Starts, Witnesses: last.Witnesses}
	if p.Archive == nil {
		if oldest := p.Log.mending.oldest.Load(); last.Note != nil && oldest > 0 {
			return from, p.Log.stop(fmt.Errorf("%w: the tiles of the tree are lost, and the entries before %d that they were made of; %s",
				tree.ErrRewound, oldest, whatToDo))
		}
		return from, nil
	}
	c, err := p.Archive.Checkpoint(ctx)
	if err != nil || c.Size == 0 {
		return from, err
	}
	edge, err := p.Archive.Edge(ctx, c)
	if err != nil {
		return from, err
	}
	if err := p.Log.checkTree(ctx, c.Tree()); err != nil {
		return from, err
	}
	from.Note = c.Note
	from.Edge, err = edge.MarshalBinary()
	return from, err
}

// wasLost raises an alarm about a checkpoint that was gone, once there is another.
func (p *Publisher) wasLost(found, seen tree.Checkpoint) {
	if found.Size >= seen.Size {
		return
	}
	p.Out.Error("the store had lost the newest checkpoint of the record: it was put back", "size", seen.Size, "found", found.Size)
	p.Log.alarm(event.AlarmData{Code: alarmCheckpoint, Size: seen.Size})
}

// pause waits until it is time to sign again.
func (p *Publisher) pause(ctx context.Context) {
	signed, _ := p.newest()
	size := signed.Size + 1
	if !p.Eager {
		size = tree.MaxSize
	}
	p.Log.awaitFrom(ctx, size, publishEvery)
}
