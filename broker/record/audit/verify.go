package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/published"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// Verifying needs a Source, which is not trusted, and public keys. The checkpoint is
// checked by its signatures, the tiles by the root that it signs, each entry by its tile.
// What was written after the checkpoint nobody has signed yet: it is checked as a replica
// does, and what it is worth rests on its MACs.
//
// Memory does not grow with the record.

// ErrOtherLog says that the older checkpoint is of another log of this name: one was closed
// since entries of it are lost, and the next opened.
var ErrOtherLog = errors.New("nothing was compared with the older checkpoint")

// A Verification is what is to be verified, and against what.
type Verification struct {
	Source Source
	Keys   tree.PublicKeys // of the log, and of the witnesses that must have cosigned
	Since  []byte          // an older checkpoint that the record has to go on from; nil: none
	Seal   entry.Keys      // for the MACs of what is not signed yet; nil: they are not checked
	// Trimmed is for a Source that may let entries go, as of a time: the oldest that it
	// has must be old then. Zero: all entries must be there.
	Trimmed time.Time
}

// A Verified is what was verified.
type Verified struct {
	Checkpoint tree.Checkpoint // the newest; zero where none is signed
	First      int64           // number of the first entry that is there
	Signed     int64           // how many entries are those that were signed
	Unsigned   int64           // how many follow, and are in order
	Findings   []Finding       // what is wrong; none where all is right
}

// Verify reads all of a record. It stops at the first entry that is wrong. Its error is
// that of a Source that is away, which says nothing about the record.
func Verify(ctx context.Context, v Verification) (Verified, error) {
	r := &verifying{Verification: v}
	if file, ok := v.Source.(*FileSource); ok && file.Filter() != "" {
		r.found(&Finding{Fault: FaultPart, Entry: -1, Err: fmt.Errorf("the export left out what is not %s", file.Filter())})
		return r.Verified, nil
	}
	if signed, err := r.checkpoint(ctx); err != nil || !signed {
		return r.Verified, err
	}
	r.pages = NewPages(ctx, v.Source, r.Checkpoint.Tree())
	if err := r.history(); err != nil {
		return r.Verified, err
	}
	first, next, err := v.Source.Bounds(ctx)
	if err != nil {
		return r.Verified, err
	}
	r.First = first
	if err := r.signed(ctx); err != nil {
		return r.Verified, err
	}
	if !r.stopped {
		return r.Verified, r.unsigned(ctx, next)
	}
	if now, _, err := v.Source.Bounds(ctx); err == nil && now > first && !v.Trimmed.IsZero() {
		return Verify(ctx, v) // entries were let go meanwhile
	}
	return r.Verified, nil
}

type verifying struct {
	Verification
	Verified
	pages    *Pages
	edge     tree.Edge   // of the entries until here
	view     *entry.View // of the last Window of them; nil before
	tileless bool        // the tiles are wrong, and only the root can tell
	textless bool        // a text is wrong, and no others are looked at
	stopped  bool        // an entry is wrong
}

func (r *verifying) found(f *Finding) {
	if f == nil {
		return
	}
	r.Findings = append(r.Findings, *f)
	switch f.Fault {
	case FaultMissing, FaultDoubled, FaultMoved, FaultInserted, FaultBroken, FaultTree:
		r.stopped = true
	}
}

// checkpoint reports whether there is one that was signed.
func (r *verifying) checkpoint(ctx context.Context) (bool, error) {
	raw, err := r.Source.Checkpoint(ctx)
	if err != nil && !errors.Is(err, ErrDamaged) {
		return false, err
	}
	switch {
	case err == nil && raw == nil:
		err = tree.ErrNoCheckpoint
	case err == nil:
		r.Checkpoint, err = r.Keys.CheckAny(raw)
	}
	if err != nil {
		r.found(&Finding{Fault: FaultUnsigned, Entry: -1, Err: err})
		return false, nil //nolint:nilerr // it was found
	}
	for _, name := range r.Keys.Uncosigned(r.Checkpoint) {
		r.found(&Finding{Fault: FaultWitness, Entry: -1, Err: fmt.Errorf("witness %s has not signed it", name)})
	}
	return true, nil
}

// history checks that the record goes on from the older checkpoint.
func (r *verifying) history() error {
	if r.Since == nil {
		return nil
	}
	old, err := r.Keys.CheckAny(r.Since)
	switch {
	case err != nil:
	case old.Origin != r.Checkpoint.Origin:
		err = fmt.Errorf("%w: it is of %s, and this record is %s", ErrOtherLog, old.Origin, r.Checkpoint.Origin)
	default:
		_, err = tree.ProveConsistency(old.Tree(), r.Checkpoint.Tree(), r.pages.hashes)
	}
	if r.pages.tiles.away != nil {
		return r.pages.tiles.away
	}
	if err != nil {
		r.found(&Finding{Fault: FaultHistory, Entry: -1, Err: err})
	}
	return nil
}

// signed checks the entries that were signed.
func (r *verifying) signed(ctx context.Context) error {
	if r.First > 0 {
		if err := r.beginning(ctx); err != nil {
			return err
		}
	}
	size := r.Checkpoint.Size
	for from := min(r.First, size); from < size && !r.stopped; from = r.edge.Size() {
		var hashes []tlog.Hash
		if !r.tileless {
			var f *Finding
			var err error
			if hashes, f, err = r.pages.Expected(from); err != nil {
				return err
			}
			r.tileless = f != nil
			r.found(f)
		}
		entries, f, err := r.pages.Check(ctx, from, hashes)
		if err != nil {
			return err
		}
		r.found(f)
		if err := r.take(ctx, entries); err != nil {
			return err
		}
	}
	if r.tileless && !r.stopped && r.edge.Tree() != r.Checkpoint.Tree() {
		r.Signed = 0
		r.found(&Finding{Fault: FaultTree, Entry: r.First, Last: size - 1})
	}
	return nil
}

// beginning finds the edge before the first entry, and says what is missing before it.
func (r *verifying) beginning(ctx context.Context) error {
	missing := Finding{Fault: FaultMissing, Last: r.First - 1}
	if r.First > r.Checkpoint.Size {
		missing.Err = errors.New("the checkpoint does not reach what is left")
		r.found(&missing)
		return nil
	}
	edge, err := tree.EdgeAt(r.First, r.pages.hashes)
	if r.pages.tiles.away != nil {
		return r.pages.tiles.away
	}
	if err != nil {
		r.found(&Finding{Fault: FaultTiles, Entry: r.First, Last: r.First, Err: err})
		r.stopped = true
		return nil //nolint:nilerr // it was found
	}
	r.edge = edge
	if r.Trimmed.IsZero() {
		r.found(&Finding{Fault: FaultPart, Entry: r.First, Err: fmt.Errorf("it begins at entry %d", r.First)})
		return nil
	}
	return r.trimmed(ctx, missing)
}

// trimmedSlack is how much younger the first entry may be than what the store has to keep:
// clocks of replicas differ, and an Event is older than its entry.
const trimmedSlack = time.Hour

// trimmed checks that the store let go of nothing too early: by the time in the oldest
// entry that is left, which is checked by its hash as all others are.
func (r *verifying) trimmed(ctx context.Context, missing Finding) error {
	entries, err := r.Source.Read(ctx, r.First, 1)
	if err != nil || len(entries) == 0 {
		return err
	}
	e, err := event.Decode(entries[0].Leaf, nil)
	if err != nil {
		return nil //nolint:nilerr // it is found to be broken, or was signed so
	}
	if age := r.Trimmed.Sub(e.Time); age < published.KeptFor-trimmedSlack {
		missing.Err = fmt.Errorf("the store keeps entries for %s, and entry %d is %s old", published.KeptFor, r.First, age.Round(time.Minute))
		r.found(&missing)
		r.stopped = true
	}
	return nil
}

// take goes on by entries that are as they should be.
func (r *verifying) take(ctx context.Context, entries []entry.Entry) error {
	if r.view == nil && r.edge.Size()+int64(len(entries)) > r.Checkpoint.Size-entry.Window {
		r.view = entry.NewView(r.seal(), r.Checkpoint.Origin)
		r.view.BeginAt(r.edge, tlog.Tree{})
	}
	for _, e := range entries {
		if err := r.edge.Append(tlog.RecordHash(e.Leaf)); err != nil {
			return err
		}
		if r.view != nil {
			if err := r.view.Add(e); err != nil {
				return err
			}
		}
		r.Signed++
	}
	return r.texts(ctx, entries)
}

// unsigned checks what was written after the checkpoint, before next.
func (r *verifying) unsigned(ctx context.Context, next int64) error {
	if next <= r.Checkpoint.Size {
		return nil
	}
	if r.view == nil {
		r.view = entry.NewView(r.seal(), r.Checkpoint.Origin)
		r.view.BeginAt(r.edge, tlog.Tree{})
	}
	for r.view.Size() < next {
		entries, err := r.Source.Read(ctx, r.view.Size(), entry.PageMost)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			r.found(&Finding{Fault: FaultMissing, Entry: r.view.Size(), Last: next - 1})
			return nil
		}
		for _, e := range entries {
			if f := r.follow(e); f != nil {
				r.found(f)
				return nil
			}
			r.Unsigned++
		}
		if err := r.texts(ctx, entries); err != nil {
			return err
		}
	}
	return nil
}

// follow takes an entry that is not signed yet, or says what is wrong with it.
func (r *verifying) follow(e entry.Entry) *Finding {
	size := r.view.Size()
	if e.Number > size {
		return &Finding{Fault: FaultMissing, Entry: size, Last: e.Number - 1}
	}
	if at, ok := r.view.IDs[e.ID]; ok && e.ID != "" {
		return &Finding{Fault: FaultDoubled, Entry: size, Last: size, Of: at}
	}
	taken, _, err := r.view.Take(e)
	if err == nil && !taken {
		err = fmt.Errorf("what stands there is numbered %d", e.Number)
	}
	if err != nil {
		return Broken(size, err)
	}
	return nil
}

// unsealed are for whoever has no seal keys.
type unsealed struct{}

func (unsealed) MACs([]byte) string        { return "" }
func (unsealed) Check(string, []byte) bool { return true }

func (r *verifying) seal() entry.Keys {
	if r.Seal == nil {
		return unsealed{}
	}
	return r.Seal
}

// texts checks the free texts of entries, until one is wrong.
func (r *verifying) texts(ctx context.Context, entries []entry.Entry) error {
	var numbers []int64
	for _, e := range entries {
		if bytes.Contains(e.Leaf, []byte(`"sha256":`)) {
			numbers = append(numbers, e.Number)
		}
	}
	if len(numbers) == 0 || r.textless {
		return nil
	}
	asides, err := r.Source.Asides(ctx, numbers)
	if err != nil {
		return err
	}
	for _, e := range entries {
		aside, ok := asides[e.Number]
		if !ok {
			continue
		}
		ev, err := event.Decode(e.Leaf, aside)
		if err != nil {
			continue
		}
		for _, text := range ev.Texts() {
			if text.Altered() && !r.textless {
				r.textless = true
				r.found(&Finding{Fault: FaultText, Entry: e.Number, Last: e.Number})
			}
		}
	}
	return nil
}
