package record

import (
	"time"

	"github.com/assumebot/assumebot/broker/event"
)

// A state is what the Events until here say about now: which Attempts are open, and
// what restricts. It is built of what was read alone, in its order, and so is the same on
// every replica. It grows with people, and with what was ended and would still run.
type state struct {
	open map[string]opened // by Attempt
	// unknownStop is a kind that restricts and that this program does not know; "" while
	// there was none.
	unknownStop event.Kind
	// from is where this reader begins. What restricts from before it knows only once it
	// has read a restatement as of then or later, to its last part; whole is the number of
	// that part, 0 while there was none. restating is the restatement that is being read.
	from      int64
	whole     int64
	restating event.RestatedData
	importing importing
	restricted
}

// An opened is an intent without an outcome.
type opened struct {
	number int64
	intent event.Event
	read   time.Time // by this reader's clock
}

func newState() *state {
	return &state{open: map[string]opened{}, restricted: newRestricted()}
}

// apply is what an Event changes. first reports whether a closing Event is the first of
// its Attempt.
func (s *state) apply(number int64, e event.Event, now time.Time) (first bool) {
	if _, other := e.Data.(event.Other); other {
		if e.Stop && s.unknownStop == "" {
			s.unknownStop = e.Kind
		}
		return false
	}
	switch attempt := e.Attempt(); {
	case attempt == "":
	case e.Kind == event.Intent:
		s.open[attempt] = opened{number: number, intent: e, read: now}
		s.approvals.claimed(number, e, now)
	default:
		var o opened
		if o, first = s.open[attempt]; !first {
			s.second(number, e, now)
			return false
		}
		delete(s.open, attempt)
		s.approvals.givenBack(o.intent.Data.(event.IntentData), e)
		if granted, ok := e.Data.(event.GrantedData); ok {
			s.endings.sessionBegan(number, o.number, e, granted, now)
		}
	}
	switch d := e.Data.(type) {
	case event.ImportedData:
		s.importing.imported(e, d)
	case event.RestatedData:
		s.importing.restated(d.Import)
		s.restatedAll(number, d)
	}
	s.restrict(number, e, now)
	return first
}

// restatedAll notes the first restatement that was read whole and leaves nothing out that
// was before from.
func (s *state) restatedAll(number int64, d event.RestatedData) {
	follows := d.Part <= 1 || d.Part == s.restating.Part+1 && d.Parts == s.restating.Parts && d.Since == s.restating.Since
	s.restating = event.RestatedData{Piece: d.Piece, Since: d.Since}
	if !follows {
		s.restating = event.RestatedData{}
		return
	}
	if s.whole == 0 && d.Part == d.Parts && d.Since >= s.from-1 {
		s.whole = number
	}
}

// knowsAll reports whether s knows all that restricts.
func (s *state) knowsAll() bool { return s.from == 0 || s.whole > 0 }

// second takes in an Event that closes an Attempt which was closed before. What it tells
// does not count, but that the owner threw away what it had kept.
func (s *state) second(number int64, e event.Event, now time.Time) {
	if failed, ok := e.Data.(event.FailedData); ok {
		s.endings.thrownAway(number, e, failed, now)
	}
}
