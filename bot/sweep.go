package bot

import (
	"context"
	"runtime/debug"
	"time"
)

// sweepAfter is how long what a Visit held may lie about in memory.
const sweepAfter = 10 * time.Second

// A sweeper has codes, STS's answers and rendered replies leave memory soon after
// the Visit that they were for. Nothing refers to them any more then, but Go's
// collector may take minutes to come, and keeps what it freed; idle connections
// keep what went over them last. Strings cannot be overwritten, so this is what
// can be done.
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

// run sweeps once within sweepAfter of each touch, until ctx ends.
func (s *sweeper) run(ctx context.Context) {
	var due <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.touched:
			if due == nil {
				due = time.After(sweepAfter)
			}
		case <-due:
			due = nil
			s.sweep()
		}
	}
}

// sweepMemory drops idle connections, collects, and gives back what is free.
func (b *core) sweepMemory() {
	b.web.CloseIdle()
	debug.FreeOSMemory()
}
