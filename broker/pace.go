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

// storeTooSlow reports whether AWS is not asked any more, since the store took too
// long since began, or the Request's time is almost over.
func (b *attempts) storeTooSlow(ctx context.Context, began time.Time) bool {
	// By the clock of the runtime, as the deadline is.
	by, bounded := ctx.Deadline()
	return b.now().Sub(began) > slowStore || bounded && time.Until(by) < timeForAWS
}
