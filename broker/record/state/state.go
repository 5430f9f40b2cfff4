package state

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/assumebot/assumebot/broker/event"
)

// A State is what the Events until here say about now: which Attempts are open, and
// what restricts. It is built of what was read alone, in its order, and so is the same on
// every replica. It grows with people, and with what was ended and would still run. It is
// safe for concurrent use.
type State struct {
	mu   sync.Mutex
	open map[string]Opened // by Attempt
	// unknownStop is a kind that restricts and that this program does not know; "" while
	// there was none.
	unknownStop event.Kind
	// from is where this reader begins. What restricts from before it knows only once it
	// has read a restatement as of then or later, to its last part; whole is the number of
	// that part, 0 while there was none. restating is the restatement that is being read.
	from      int64
	whole     int64
	restating event.RestatedData
	importing Importing
	// interrupted are Requests whose process died: what they begin since is not done.
	interrupted map[string]until
	restricted
}

// An Opened is an intent without an outcome.
type Opened struct {
	Number int64
	Intent event.Event
	Read   time.Time // by this reader's clock
}

// New returns a state before the first Event.
func New() *State {
	return &State{open: map[string]Opened{}, interrupted: map[string]until{}, restricted: newRestricted()}
}

// Apply is what an Event changes. late reports whether it comes second: it closes an Attempt
// that was closed before, or begins or shows something for a Request that was interrupted.
func (s *State) Apply(number int64, e event.Event, now time.Time) (late bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, other := e.Data.(event.Other); other {
		if e.Stop && s.unknownStop == "" {
			s.unknownStop = e.Kind
		}
		return false
	}
	if event.Gives(e.Kind) && e.Request != "" {
		_, late = s.interrupted[e.Request]
	}
	switch attempt := e.Attempt(); {
	case attempt == "":
	case e.Kind == event.Intent:
		s.open[attempt] = Opened{Number: number, Intent: e, Read: now}
		s.approvals.claimed(number, e, now)
	default:
		o, first := s.open[attempt]
		if !first {
			s.second(number, e, now)
			return true
		}
		delete(s.open, attempt)
		s.approvals.givenBack(o.Intent.Data.(event.IntentData), e)
		if granted, ok := e.Data.(event.GrantedData); ok {
			s.endings.sessionBegan(number, o.Number, e, granted, now)
		}
	}
	switch d := e.Data.(type) {
	case event.InterruptedData:
		forget(s.interrupted, now)
		s.interrupted[e.Request] = until{number, now.Add(interruptedFor)}
	case event.ImportedData:
		s.importing.imported(e, d)
	case event.RestatedData:
		s.importing.restated(d.Import)
		s.restatedAll(number, d)
	}
	s.restrict(number, e, now)
	return late
}

// interruptedFor is how long a process may stand still and then go on with a Request.
const interruptedFor = 72 * time.Hour

// restatedAll notes the first restatement that was read whole and leaves nothing out that
// was before from.
func (s *State) restatedAll(number int64, d event.RestatedData) {
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

// Impose takes in what an Event imposes or lifts, and nothing else that it says.
func (s *State) Impose(number int64, e event.Event, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.restrict(number, e, now)
}

// BeginAt notes that the reader has read nothing before an entry.
func (s *State) BeginAt(from int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.from = from
}

// KnowsAll reports whether s knows all that restricts. from is where its reader began, and
// whole the number of the entry that then told the rest; 0 where none did or had to.
func (s *State) KnowsAll() (all bool, from, whole int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.from == 0 || s.whole > 0, s.from, s.whole
}

// Intents returns those without an outcome, in their order.
func (s *State) Intents() []Opened {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.SortedFunc(maps.Values(s.open), func(a, b Opened) int { return cmp.Compare(a.Number, b.Number) })
}

// Intent returns that of an Attempt; false where it has an outcome, or was not read.
func (s *State) Intent(attempt string) (Opened, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.open[attempt]
	return o, ok
}

// Import is what the record says of the import of the former record.
func (s *State) Import() Importing {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.importing
}

// Restatement returns what restates all that s knows to restrict now, as of an entry.
func (s *State) Restatement(since int64, now time.Time) event.RestatedData {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endPause(now)
	d := s.restatement(since)
	d.Import = s.importing.restate()
	return d
}

// second takes in an Event that closes an Attempt which was closed before. What it tells
// does not count, but that the owner threw away what it had kept.
func (s *State) second(number int64, e event.Event, now time.Time) {
	if failed, ok := e.Data.(event.FailedData); ok {
		s.endings.thrownAway(number, e, failed, now)
	}
}
