package bot

import (
	"context"
	"time"
)

// sweepAfter is how long what a start or a Visit held may lie about in memory.
const sweepAfter = 10 * time.Second

// A sweeper has codes, STS's answers and rendered replies leave memory soon after
// the Visit that they were for. Nothing refers to them any more then, but Go's
// collector may take minutes to come, and keeps what it freed. An unused connection
// keeps what went over it last, and ends by itself before the sweep. Strings cannot be
// overwritten, so this is what can be done.
type sweeper struct {
	touched chan struct{}
	sweep   func()
}

func newSweeper(sweep func()) *sweeper {
	return &sweeper{touched: make(chan struct{}, 1), sweep: sweep}
}

// touch says that a Visit ended; it does not block.
func (s *sweeper) touch() {
	select {
	case s.touched <- struct{}{}:
	default: // one that was not seen yet stands for this one too
	}
}

// run sweeps sweepAfter after it began, since a start has read tokens and keys, and after
// each touch, until ctx ends. A touch in between is followed by a sweep of its own, since
// the connections of that Visit are still there.
func (s *sweeper) run(ctx context.Context) {
	due := time.After(sweepAfter)
	var touched chan struct{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-touched:
			due, touched = time.After(sweepAfter), nil
		case <-due:
			due, touched = nil, s.touched
			s.sweep()
		}
	}
}
