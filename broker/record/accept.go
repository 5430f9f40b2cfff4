package record

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/archive"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/published"
	"github.com/assumebot/assumebot/broker/record/state"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// A record that lost entries for good goes on in another log, once a person has accepted
// that. The old log is closed and stays as it is. The new one has the next origin, and
// begins with an Event that says which log it follows, what of it is lost and who
// accepted it, and with all that still restricted anybody, as far as it can be read.
//
// What lifts something counts up to the first entry that does not check out, and not
// after: nobody is unblocked since entries are lost.
//
// Replicas that run on the old log are refused by the store, and stop; they are started
// again. What was given under the old log counts for nothing in the new one, since the
// entry that gave it is not there.

// Logs are the logs of a record, one after another: the last is the one that is written to.
type Logs interface {
	// Origin names the log that is written to; "" where there is none. It is not to be
	// trusted.
	Origin(ctx context.Context) (string, error)
	// Open closes the log called old, which is "" where none is left, and keeps it as the
	// log of that number; it begins the one called next with entries, in one atomic step.
	// It returns false, and changes nothing, when another than old is there by now. A
	// repeat is answered as the first time.
	Open(ctx context.Context, old string, number int, next string, entries []entry.Sealed) (bool, error)
}

// CurrentOrigin is the origin of the log that is written to, of the keys of that name.
func CurrentOrigin(ctx context.Context, logs Logs, name string) (string, error) {
	origin, err := logs.Origin(ctx)
	switch {
	case err != nil:
		return "", err
	case origin == "":
		return name, nil
	case !tree.IsOriginOf(name, origin):
		return "", fmt.Errorf("%w: it is %.64q, and the key is that of %s", entry.ErrForeign, origin, name)
	}
	return origin, nil
}

// nextOrigin is the origin of the log after origin, and the number of that one.
func nextOrigin(name, origin string) (next string, number int, err error) {
	number = 1
	if digits, ok := strings.CutPrefix(origin, name+"/"); ok {
		number, err = strconv.Atoi(digits)
	}
	next = fmt.Sprintf("%s/%d", name, number+1)
	if err != nil || !tree.IsOriginOf(name, origin) || !tree.IsOriginOf(name, next) {
		return "", 0, fmt.Errorf("no log can follow %.64q", origin)
	}
	return next, number, nil
}

// An Acceptance is what Accept needs. All but the archive is needed.
type Acceptance struct {
	Logs        Logs
	Entries     entry.Store
	Checkpoints published.Store
	Archive     *archive.Archive // of the log that is closed; nil where there is none
	Keys        entry.Keys
	Public      tree.PublicKeys
	By          string // who accepts
	// Lost is what is lost, as the bot said when it stopped; none: what can be told from
	// the newest checkpoint.
	Lost event.Range
	Now  func() time.Time
	Log  *slog.Logger
}

// An Accepted is what came of it.
type Accepted struct {
	Old, Origin string // of the log that was closed, and of the one that was opened
	Lost        event.Range
	Restated    event.RestatedData // what restricts in the new log

	kept   string // the origin in the store, which may be lost
	number int    // of the old log
	signed []byte
}

// Accept closes the log that is written to and opens the next one.
func Accept(ctx context.Context, a Acceptance) (Accepted, error) {
	out, err := Consider(ctx, a)
	if err != nil {
		return Accepted{}, err
	}
	opened := event.OpenedData{Origin: out.Origin, After: &event.Earlier{
		Origin:     out.Old,
		Checkpoint: string(out.signed),
		Lost:       out.Lost,
		AcceptedBy: a.By,
	}}
	entries, err := a.begin(out.Origin, opened, out.Restated)
	if err != nil {
		return Accepted{}, err
	}
	ok, err := a.Logs.Open(ctx, out.kept, out.number, out.Origin, entries)
	if err == nil && !ok {
		err = errors.New("somebody else has opened a log meanwhile")
	}
	return out, err
}

// Consider says what Accept would do, and does nothing.
func Consider(ctx context.Context, a Acceptance) (Accepted, error) {
	kept, err := a.Logs.Origin(ctx)
	if err != nil {
		return Accepted{}, err
	}
	old, err := CurrentOrigin(ctx, a.Logs, a.Public.Name())
	if err != nil {
		return Accepted{}, err
	}
	next, number, err := nextOrigin(a.Public.Name(), old)
	if err != nil {
		return Accepted{}, err
	}
	left, err := a.read(ctx, old)
	if err != nil {
		return Accepted{}, fmt.Errorf("read what is left of the record: %w", err)
	}
	return Accepted{
		Old:      old,
		Origin:   next,
		Lost:     left.lost(a.Lost),
		Restated: left.restated(),
		kept:     kept,
		number:   number,
		signed:   left.signed.Note,
	}, nil
}

// begin seals the first entries of the log called origin.
func (a Acceptance) begin(origin string, data ...event.Payload) ([]entry.Sealed, error) {
	var (
		none tree.Edge
		out  []entry.Sealed
	)
	root := none.Root()
	for _, d := range data {
		events, err := event.Split(event.Event{ID: rand.Text(), Time: a.Now(), Data: d})
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			parts, err := sealingOf(e)
			if err != nil {
				return nil, err
			}
			s, err := entry.Seal(a.Keys, origin, parts.leaf, parts.aside, -1, root[:])
			if err != nil {
				return nil, err
			}
			out = append(out, s)
		}
	}
	if len(out) > entry.MaxBatch {
		return nil, fmt.Errorf("what restricts takes %d entries, and %d fit", len(out), entry.MaxBatch)
	}
	return out, nil
}

// A remnant is what can be read of a log.
type remnant struct {
	Acceptance
	origin string
	view   *entry.View
	state  *state.State
	whole  bool // so far all checks out
	next   int64
	signed tree.Checkpoint // the newest that is known
	seen   map[string]bool
}

// read reads what is left of the log called origin: from where a replica could begin that
// needs nothing older. If it does not check out as far as that needs, all that is there.
func (a Acceptance) read(ctx context.Context, origin string) (*remnant, error) {
	signed, starts, err := a.newest(ctx, origin)
	if err != nil {
		return nil, err
	}
	oldest, err := a.Entries.Read(ctx, 0, 1)
	if err != nil {
		return nil, err
	}
	var first int64
	if len(oldest) > 0 && oldest[0].Number > a.Archive.Size() {
		first = oldest[0].Number
	}
	var at tree.Edge
	needed := first
	for _, s := range starts {
		if _, edge, err := a.Public.CheckEdge(s.Note, s.Edge, origin); first > 0 && err == nil && edge.Size() >= first {
			at, needed = edge, s.Restated+1
			break
		}
	}
	r, err := a.readFrom(ctx, origin, signed, at, at.Size(), true)
	if err == nil && (r.view.Size() < needed || at.Size() < first || !r.knowsAll()) {
		r, err = a.readFrom(ctx, origin, signed, tree.Edge{}, first, false)
	}
	return r, err
}

// newest returns the newest checkpoint that is known, and the starts beside it.
func (a Acceptance) newest(ctx context.Context, origin string) (signed tree.Checkpoint, starts []published.Start, err error) {
	raw, err := a.Checkpoints.Checkpoint(ctx)
	if err != nil {
		return tree.Checkpoint{}, nil, err
	}
	if p, err := published.Parse(raw); raw != nil && err == nil {
		if c, _, err := a.Public.CheckEdge(p.Note, p.Edge, origin); err == nil {
			signed, starts = c, p.Starts
		}
	}
	if a.Archive == nil {
		return signed, starts, nil
	}
	c, err := a.Archive.Checkpoint(ctx)
	switch {
	case errors.Is(err, archive.ErrOther):
		a.Log.Warn("the archive is that of another record, and is not read", "error", err)
	case err != nil:
		return tree.Checkpoint{}, nil, err
	case c.Size > signed.Size:
		signed = c
	}
	return signed, starts, nil
}

func (a Acceptance) readFrom(ctx context.Context, origin string, signed tree.Checkpoint, at tree.Edge, from int64, whole bool) (*remnant, error) {
	r := &remnant{
		Acceptance: a,
		origin:     origin,
		view:       entry.NewView(a.Keys, origin),
		state:      state.New(),
		whole:      whole,
		next:       from,
		signed:     signed,
		seen:       map[string]bool{},
	}
	r.view.BeginAt(at, signed.Tree())
	if whole {
		r.state.BeginAt(at.Size())
	}
	for kept := (kept{a.Entries, a.Archive}); ; {
		entries, _, err := kept.read(ctx, r.next, entry.PageMost)
		if err != nil {
			return nil, err
		}
		before := r.next
		for _, e := range entries {
			if e.Number >= r.next {
				r.take(e)
				r.next = e.Number + 1
			}
		}
		if r.next == before {
			return r, nil
		}
	}
}

func (r *remnant) knowsAll() bool {
	all, _, _ := r.state.KnowsAll()
	return all
}

// take takes in an entry: all that it says while everything checked out, and after that
// only what restricts.
func (r *remnant) take(e entry.Entry) {
	if r.whole {
		_, ev, err := r.view.Take(e)
		if err == nil {
			r.state.Apply(e.Number, ev, r.Now())
			r.seen[e.ID] = true
			return
		}
		r.whole = false
		r.Log.Warn("from here on only what restricts counts", "entry", e.Number, "error", err)
	}
	if r.seen[e.ID] || e.Check(r.Keys, r.origin) != nil {
		return
	}
	r.seen[e.ID] = true
	ev, err := event.Decode(e.Leaf, nil)
	if err != nil || !restricts(ev) {
		return
	}
	if ev.Kind == event.KeyChanged { // the intent that it closes may be lost
		r.state.Impose(e.Number, ev, r.Now())
		return
	}
	r.state.Apply(e.Number, ev, r.Now())
}

// restricts reports whether an Event takes from somebody, and gives nobody anything.
func restricts(e event.Event) bool {
	switch d := e.Data.(type) {
	case event.KeyChangedData:
		return d.Key != ""
	case event.IntentData, event.BlockedData, event.PausedData, event.LockedOutData, event.EndedData,
		event.RevokingData, event.RevokedData, event.ApprovalData, event.RestatedData:
		return true
	}
	return false
}

// lost is what is lost: what somebody says, or what was signed and is not there, or what
// does not check out.
func (r *remnant) lost(said event.Range) event.Range {
	switch {
	case said.Count > 0:
		return said
	case r.signed.Size > r.next:
		return event.Range{First: r.next, Count: r.signed.Size - r.next}
	case !r.whole:
		return event.Range{First: r.view.Size(), Count: r.next - r.view.Size()}
	}
	return event.Range{First: r.next}
}

// restated is what restricts, as the second entry of the next log. Numbers of entries are
// those of a log: there it is all of the first.
func (r *remnant) restated() event.RestatedData {
	d := r.state.Restatement(0, r.Now())
	if d.Pause != nil {
		d.Pause.Entry = 0
	}
	for i := range d.Blocks {
		d.Blocks[i].Entry = 0
	}
	for i := range d.LockOuts {
		d.LockOuts[i].Entry = 0
	}
	for i := range d.Keys {
		d.Keys[i].Entry = 0
	}
	for i := range d.Ended {
		d.Ended[i].Entry = 0
	}
	for i := range d.Taken {
		d.Taken[i].Entry, d.Taken[i].Gone = 0, 0
	}
	return d
}
