package record

import (
	"context"
	"crypto/rand"
	"slices"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/published"
)

// Where replicas begin to read: at a checkpoint after which what restricts was restated. Entries
// from before are let go of once nobody needs them.

const (
	// restateEvery is how often what restricts is restated.
	restateEvery = 6 * time.Hour
	// restateAfter is how many entries are written at most until it is, so that a replica that
	// starts has read them within a second, however much is asked of the bot.
	restateAfter = 4096
	// startsKept bounds how many starts are kept: about as many as every six hours make.
	startsKept = 16
)

// starts moves on where replicas begin to read.
type starts struct {
	log    *Log
	store  published.Store
	keys   ownKeys
	needed func(ctx context.Context) (int64, error) // see PublisherDeps
	// candidate is a checkpoint that becomes a start once what restricts was restated.
	candidate *published.Start
}

// move restates what restricts when it is time, and makes the checkpoint before that
// a start.
func (s *starts) move(ctx context.Context, next *published.State) error {
	now := s.log.Now()
	if s.log.NewerStop() != "" {
		return nil // what this program does not know it cannot restate
	}
	if s.candidate == nil && (isOld(*next, now) || s.isFar(*next)) {
		s.candidate = &published.Start{Note: next.Note, Edge: next.Edge, At: now}
	}
	if s.candidate == nil {
		return nil
	}
	c, _, err := s.keys.check(published.State{Note: s.candidate.Note, Edge: s.candidate.Edge})
	if err != nil {
		return err
	}
	if n := len(next.Starts); n > 0 {
		newest, _, err := s.keys.check(published.State{Note: next.Starts[n-1].Note, Edge: next.Starts[n-1].Edge})
		if err != nil || c.Size <= newest.Size {
			s.candidate = nil // another replica has moved it on meanwhile
			return err
		}
	}
	if open := s.log.state.Intents(); len(open) > 0 && open[0].Number < c.Size {
		return nil // its outcome would tell a reader from there nothing
	}
	events, err := event.Split(event.Event{ID: rand.Text(), Time: now, Data: s.log.restatement()})
	if err != nil {
		return err
	}
	receipt, err := s.log.Record(ctx, events...)
	if err != nil {
		return err
	}
	s.candidate.Restated = receipt.Number + int64(len(events)) - 1
	next.Starts = append(stillNeeded(next.Starts, now), *s.candidate)
	s.candidate = nil
	return nil
}

// stillNeeded are the starts that are needed still: of those before which entries may be let go,
// the newest alone. Of too many, those go that have another close before and after them: the
// oldest is where entries are let go of once the next is old enough.
func stillNeeded(starts []published.Start, now time.Time) []published.Start {
	starts = slices.Clone(starts)
	for len(starts) > 1 && now.Sub(starts[1].At) >= published.KeptFor {
		starts = starts[1:]
	}
	for len(starts) >= startsKept {
		closest := 1
		for i := 1; i < len(starts)-1; i++ {
			if starts[i+1].At.Sub(starts[i-1].At) < starts[closest+1].At.Sub(starts[closest-1].At) {
				closest = i
			}
		}
		starts = slices.Delete(starts, closest, closest+1)
	}
	return starts
}

// isFar reports whether a replica that starts has much to read. Whoever can write to the store
// can have it restated sooner, or later, and nothing else.
func (s *starts) isFar(now published.State) bool {
	n := len(now.Starts)
	return n > 0 && s.log.newestSigned().N-now.Starts[n-1].Restated >= restateAfter
}

// isOld reports whether it is time for another start than those of now.
func isOld(now published.State, at time.Time) bool {
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
func (s *starts) trim(ctx context.Context, now published.State) error {
	var before int64
	for _, each := range now.Starts {
		if s.log.Now().Sub(each.At) < published.KeptFor {
			break
		}
		c, _, err := s.keys.check(published.State{Note: each.Note, Edge: each.Edge})
		if err != nil {
			return s.log.stop(err)
		}
		before = c.Size
	}
	if before -= entry.Window; before <= 0 { // who begins there reads the IDs of those before
		return nil
	}
	needed, err := s.needed(ctx)
	if err != nil {
		return err
	}
	return s.store.Trim(ctx, min(before, needed))
}
