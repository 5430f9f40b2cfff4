package bot

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/assumebot/assumebot/bot/socketmode"
)

// What was acknowledged is answered, whatever becomes of this process: so a command or a press
// is acknowledged once its answer is on the ledger, in the trip to the store that its Visit
// begins with, or while it waits for its turn. A process that dies before has not acknowledged
// it: Slack hands it to another, or tells the person that it failed.
//
// Two go before that: a store that does not answer soon, since Slack waits for 3 s, and a burst,
// which is acknowledged first and put on the ledger then.

// ackWithin is how long an acknowledgement waits for the ledger.
const ackWithin = 250 * time.Millisecond

// An accepted is an acknowledgement that is due. nil is none.
type accepted struct {
	once   sync.Once
	of     socketmode.Envelope
	within time.Duration
	done   func() // it is on a socket
	log    *slog.Logger
}

// accept has a acknowledged later. false is that no socket could carry that: then whoever acted
// is told that it failed, or Slack sends it again, so nothing may come of this one.
func (i *intake) accept(a *arrival) bool {
	if !a.Carried() {
		i.log.Warn("envelope not acknowledged, so it is not served", "type", a.Kind)
		return false
	}
	// The socket stays open until the acknowledgement is on it.
	a.accepted = &accepted{of: a.Envelope, within: i.ackWithin, done: a.Answering(), log: i.log}
	return true
}

// say acknowledges it, the first time. Should Slack not hear of it, the answer goes out all the
// same: a second delivery is known to be one.
func (a *accepted) say() {
	if a == nil {
		return
	}
	a.once.Do(func() {
		defer a.done()
		if err := a.of.Ack(nil); err != nil {
			a.log.Warn("envelope not acknowledged; it is served all the same", "type", a.of.Kind, "error", err)
		}
	})
}

// hurry acknowledges what stands still for a burst.
func hurry(a arrival) { a.accepted.say() }

// atLatest has it acknowledged in time if it came then, unless stop is called before.
func (a *accepted) atLatest(came time.Time) (stop func()) {
	if a == nil {
		return func() {}
	}
	timer := time.AfterFunc(time.Until(came.Add(a.within)), a.say)
	return func() { timer.Stop() }
}

// accepted acknowledges what is owed by now.
func (*door) accepted(a arrival) step {
	return func(context.Context, *conversation) error {
		a.accepted.say()
		return nil
	}
}
