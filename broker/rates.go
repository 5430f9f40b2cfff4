package broker

import (
	"context"
	"time"
)

// Rates bound how often a thing is done, all replicas together.
type Rates interface {
	// TakeRate counts the Request requestID under name unless limit others were
	// counted within the last per; one that was counted already is not counted
	// again. It goes by the store's own clock.
	TakeRate(ctx context.Context, name, requestID string, limit int, per time.Duration) (Rate, error)
}

// A Rate is what TakeRate answers.
type Rate struct {
	Taken bool
	Wait  time.Duration // until there is room again, when it was not taken
	First bool          // the first that was not taken within per
}
