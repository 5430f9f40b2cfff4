package broker

import (
	"context"
	"time"
)

// What follows STS are five round trips to the store: orders, the outcome, the
// Grant, its holder, orders again. A store that took long for what came before
// would take longer than there is for them, and credentials would exist that
// nobody could be shown. So AWS is not asked then.
const (
	// slowStore is what the claims and the intent may take together, up to five
	// round trips as well: no more than half of what follows has.
	slowStore = afterwards / 2
	// timeForAWS is what must be left of a Request's own time when AWS is asked.
	timeForAWS = 4 * time.Second
)

// tooLate says that AWS is not asked any more, since the store took too long
// since began, or the Request's time is almost over; nil when it may be.
func (b *Broker) tooLate(ctx context.Context, r Request, began time.Time) error {
	if b.now().Sub(began) <= slowStore {
		// By the clock of the runtime, as the deadline is.
		if by, bounded := ctx.Deadline(); !bounded || time.Until(by) >= timeForAWS {
			return nil
		}
	}
	return b.asError(r, &Error{
		Code: CodeStore,
		What: Say("The bot's own store is too slow right now, so AWS was not asked and nothing was issued."),
		Hint: Say("Your code was not used. Try again in a minute."),
	})
}
