package record

import (
	"slices"
	"time"

	"github.com/assumebot/assumebot/broker/record/state"
)

// OutcomeDue is how long an intent may stay without an outcome where no process is known to
// have died over it: longer than any Request takes, which bot makes sure of.
const OutcomeDue = 2 * time.Minute

// Overdue returns the intents whose outcome should have been there when this replica last had
// read everything: it goes by its own clock, from when it read each, since one that is behind
// would find the outcome later. They are to be interrupted.
func (l *Log) Overdue() []state.Opened {
	at := l.readUpTo() // and only then which are open: an outcome that is read meanwhile counts
	return slices.DeleteFunc(l.state.Intents(), func(o state.Opened) bool { return at.Before(o.Read.Add(OutcomeDue)) })
}
