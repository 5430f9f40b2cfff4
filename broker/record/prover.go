package record

import (
	"context"
	"fmt"
	"time"

	"github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/published"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/broker/retry"
)

// Receipts. Whoever acted can have the proof that an entry is on the record. It is made of what
// stands in the store and in the archive, by whichever replica is asked, and checked by the
// public keys before it is handed out. A replica whose Log has stopped makes them too: what was
// signed stays provable.

const (
	// provedWithin is how long somebody waits for a checkpoint that covers an entry, and for
	// the cosignatures of all witnesses: a turn of the publisher, with some time to sign.
	provedWithin = publishEvery + 2*time.Second
	// lookEvery is how often they look for it.
	lookEvery = 250 * time.Millisecond
)

// A Prover proves entries of the log that is open.
type Prover struct {
	entries entries
	keys    func() (tree.PublicKeys, error) // of the log, and of its witnesses
	within  time.Duration                   // a test waits less
}

// Prover is one of what p signs. It does not need p to run.
func (p *Publisher) Prover() *Prover {
	return &Prover{
		entries: entries{
			Source:    audit.FromStore(p.Log.Entries, p.Store),
			kept:      kept{p.Log.Entries, p.Archive},
			published: p.Store,
		},
		keys:   func() (tree.PublicKeys, error) { return p.Signer.PublicKeys(p.Witnesses.Keys()...) },
		within: provedWithin,
	}
}

// Written returns the Event of an entry as it stands there, which nothing proves;
// [entry.ErrNone] where nobody has it.
func (p *Prover) Written(ctx context.Context, n int64) ([]byte, error) {
	if n < 0 {
		return nil, fmt.Errorf("%w as %d", entry.ErrNone, n)
	}
	found, err := p.entries.Read(ctx, n, 1)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 || found[0].Number != n {
		return nil, fmt.Errorf("%w as %d, or it is not kept any more", entry.ErrNone, n)
	}
	return found[0].Leaf, nil
}

// Prove proves an entry by the newest checkpoint, if all witnesses have cosigned one that
// covers it by the newest such. It waits some seconds for that, and is content then with what
// there is; [audit.ErrUnsigned] says that no checkpoint covers the entry.
func (p *Prover) Prove(ctx context.Context, n int64) (audit.Proof, error) {
	keys, err := p.keys()
	if err != nil {
		return audit.Proof{}, err
	}
	for until := time.Now().Add(p.within); ; retry.Sleep(ctx, lookEvery) {
		last := !time.Now().Before(until) || ctx.Err() != nil
		note, err := p.covering(ctx, keys, n, last)
		if err != nil {
			return audit.Proof{}, err
		}
		if note != nil || last {
			return audit.ProveBy(ctx, p.entries, keys, note, n)
		}
	}
}

// covering is the checkpoint that proves an entry best; nil where it is worth to wait for one.
// At last it is the newest, whatever it covers.
func (p *Prover) covering(ctx context.Context, keys tree.PublicKeys, n int64, last bool) ([]byte, error) {
	now, err := p.entries.state(ctx)
	if err != nil {
		return nil, err
	}
	for _, note := range [][]byte{now.Note, now.Cosigned} {
		c, err := keys.CheckAny(note)
		if note != nil && err != nil {
			return nil, err
		}
		if n < c.Size && len(keys.Uncosigned(c)) == 0 {
			return note, nil
		}
	}
	if last {
		return now.Note, nil
	}
	return nil, nil
}

// entries is what is kept of a record, wherever that is.
type entries struct {
	audit.Source
	kept      kept
	published published.Store
}

func (e entries) state(ctx context.Context) (published.State, error) {
	raw, err := e.published.Checkpoint(ctx)
	if err != nil || raw == nil {
		return published.State{}, err
	}
	return published.Parse(raw)
}

// Read implements audit.Source.
func (e entries) Read(ctx context.Context, from int64, limit int) ([]entry.Entry, error) {
	found, _, err := e.kept.read(ctx, from, limit)
	if err != nil || len(found) > 0 && found[0].Number <= from || e.kept.archive == nil || from < e.kept.archive.Size() {
		return found, err
	}
	if _, err := e.kept.archive.Checkpoint(ctx); err != nil { // another replica may have archived it
		return nil, err
	}
	found, _, err = e.kept.read(ctx, from, limit)
	return found, err
}
