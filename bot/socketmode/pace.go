package socketmode

import (
	"context"
	"sync"
	"time"

	"github.com/assumebot/assumebot/broker"
)

// Slack lets an app ask for 50 sockets a minute, all replicas together
// (apps.connections.open is Tier 3: https://docs.slack.dev/apis/web-api/rate-limits).
// Short windows spread them: a burst must not leave the rest of a minute deaf.
const (
	dialRate   = "socket-dials"
	dialWindow = 6 * time.Second
	dialsEach  = 5 // in a window: 50 a minute
	// spareDials is how many of those a socket takes that has another beside it;
	// the others are for whoever would be deaf.
	spareDials = 3
	// paceTimeout is what asking the store may cost a dial.
	paceTimeout = 500 * time.Millisecond
	// crowdedPause is how long the last socket waits where ten are open already.
	crowdedPause = 6 * time.Second
)

// A pace bounds how often sockets are opened. All replicas share it through the
// store; while the store does not answer, each keeps to it by itself.
type pace struct {
	counters broker.Counters
	now      func() time.Time

	mu    sync.Mutex
	until time.Time   // Slack said to stay away until then
	alone []time.Time // dials that the store did not count
}

// take counts a dial and returns 0, or returns how long to wait before asking
// again. last is whether no other socket serves.
func (p *pace) take(ctx context.Context, last bool) time.Duration {
	limit := spareDials
	if last {
		limit = dialsEach
	}
	if wait := p.away(); wait > 0 {
		return wait
	}
	ctx, cancel := context.WithTimeout(ctx, paceTimeout)
	defer cancel()
	rate, err := p.counters.TakeRate(ctx, dialRate, broker.NewID(), limit, dialWindow)
	switch {
	case err != nil:
		return p.takeAlone(limit)
	case rate.Taken:
		return 0
	}
	return max(rate.Wait, 10*time.Millisecond)
}

func (p *pace) takeAlone(limit int) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	p.alone = since(p.alone, now.Add(-dialWindow))
	if len(p.alone) >= limit {
		return max(p.alone[len(p.alone)-limit].Add(dialWindow).Sub(now), 10*time.Millisecond)
	}
	p.alone = append(p.alone, now)
	return 0
}

// stayAway notes Slack's Retry-After.
func (p *pace) stayAway(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := p.now().Add(d); until.After(p.until) {
		p.until = until
	}
}

func (p *pace) away() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.until.Sub(p.now())
}
