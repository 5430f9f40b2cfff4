package directory

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/assumebot/assumebot/broker/share"
)

// What Slack said is kept in each process, so that a Request reads it without asking
// anybody, and in the store, for all replicas. What a replica learns of a change it
// tells the others through the store: each name of a copy has a version there, which is
// another one after a change. What a process keeps counts while the version of its name
// is the one from before it was asked for. The versions are asked for once a second at
// most, of all names at once; so a change counts at once on the replica that Slack told,
// and within a second on the others. While the store does not answer nothing counts.
//
// In the same way all replicas leave a method of Slack's alone when it told one so.

const (
	// newsAge is how long versions count, from before they were asked for. From half of
	// that on they are asked for anew beside a Request that does not wait for them.
	newsAge    = time.Second
	newsWithin = 5 * time.Second
	// longestAway is the longest that one answer of Slack's has a method left alone; it
	// asks for a minute at most. https://docs.slack.dev/apis/web-api/rate-limits
	longestAway = 5 * time.Minute
	// mostUntold bounds the names that the store was not told of.
	mostUntold = 100_000
	// tellingAtOnce are told to the store at the same time.
	tellingAtOnce = 16
)

// methods are what is asked of Slack.
var methods = []string{methodGroups, methodPerson, methodPeople}

// news is what replicas tell each other.
type news struct {
	copies Copies
	now    func() time.Time
	log    *slog.Logger

	mu     sync.Mutex
	latest heard
	call   *newsCall            // under way; nil: none is
	turn   int                  // counts changes that Slack told this replica of
	untold map[string]int       // names of which the store may not know yet that they changed, and the turn
	away   map[string]time.Time // until when Slack told this replica to leave a method alone
}

// heard is what the store said at a time.
type heard struct {
	asked   time.Time // before the store was; zero: never
	turn    int
	version func(name string) string
	away    map[string]time.Time // until when a method is left alone
}

type newsCall struct {
	turn  int
	done  chan struct{}
	heard heard
	err   error
}

func newNews(copies Copies, now func() time.Time, log *slog.Logger) *news {
	return &news{copies: copies, now: now, log: log, untold: map[string]int{}, away: map[string]time.Time{}}
}

// since is how long ago then was, by the clock that shows more: the monotonic one stands
// still while a machine sleeps, and the wall clock may be set back.
func (n *news) since(then time.Time) time.Duration {
	now := n.now()
	return max(now.Sub(then), now.Round(0).Sub(then.Round(0)))
}

// current is what the store said within the last second; an error means that nothing
// that is kept counts. Nobody waits longer than ctx.
func (n *news) current(ctx context.Context) (heard, error) {
	n.mu.Lock()
	age, known := n.since(n.latest.asked), !n.latest.asked.IsZero() && n.latest.turn == n.turn
	if known && age < newsAge/2 {
		defer n.mu.Unlock()
		return n.latest, nil
	}
	call := n.call
	if call == nil || call.turn != n.turn {
		call = &newsCall{turn: n.turn, done: make(chan struct{})}
		n.call = call
		go n.ask(context.WithoutCancel(ctx), call) // it ends by itself within newsWithin
	}
	if known && age < newsAge {
		defer n.mu.Unlock()
		return n.latest, nil
	}
	n.mu.Unlock()
	select {
	case <-call.done:
		return call.heard, call.err
	case <-ctx.Done():
		return heard{}, ctx.Err()
	}
}

func (n *news) ask(ctx context.Context, call *newsCall) {
	ctx, cancel := context.WithTimeout(ctx, newsWithin)
	defer cancel()
	call.heard, call.err = n.exchange(ctx, call.turn)
	n.mu.Lock()
	if n.call == call {
		n.call = nil
	}
	if call.err == nil && call.turn == n.turn {
		n.latest = call.heard
	}
	n.mu.Unlock()
	close(call.done)
}

// exchange tells the store what it does not know yet, then asks.
func (n *news) exchange(ctx context.Context, turn int) (heard, error) {
	if err := n.tell(ctx); err != nil {
		return heard{}, err
	}
	h := heard{asked: n.now(), turn: turn, away: map[string]time.Time{}}
	version, away, err := n.copies.CopyNews(ctx, methods...)
	if err != nil {
		return heard{}, err
	}
	for method, left := range away {
		h.away[method] = h.asked.Add(left)
	}
	h.version = version
	return h, nil
}

// changed notes that what is kept under these names counts no more.
func (n *news) changed(ctx context.Context, names ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.turn++
	for _, name := range names {
		if len(n.untold) >= mostUntold {
			n.log.ErrorContext(ctx, "the other replicas are not told of a change in Slack: the store did not take thousands before it", "copy", name)
			return
		}
		n.untold[name] = n.turn
	}
}

// tell drops the copies of all names that changed.
func (n *news) tell(ctx context.Context) error {
	n.mu.Lock()
	untold := maps.Clone(n.untold)
	n.mu.Unlock()
	names := slices.Collect(maps.Keys(untold))
	errs := make([]error, len(names))
	share.Each(tellingAtOnce, len(names), func(i int) {
		if errs[i] = n.copies.DropCopy(ctx, names[i]); errs[i] != nil {
			return
		}
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.untold[names[i]] == untold[names[i]] { // it did not change again meanwhile
			delete(n.untold, names[i])
		}
	})
	return cmp.Or(errs...)
}

// limited has all replicas leave a method alone if err says so.
func (n *news) limited(ctx context.Context, method string, err error) {
	if wait, ok := retryAfter(err); ok {
		n.leave(ctx, method, wait)
	}
}

// leave has all replicas leave a method alone for a time.
func (n *news) leave(ctx context.Context, method string, wait time.Duration) {
	wait = min(wait, longestAway)
	n.mu.Lock()
	n.away[method] = n.now().Add(wait)
	n.mu.Unlock()
	if err := n.copies.StayAway(ctx, method, wait); err != nil {
		n.log.WarnContext(ctx, "the other replicas do not know that Slack is to be left alone", "method", method, "error", err)
	}
}

// wait is for how long a method is to be left alone.
func (n *news) wait(method string) time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.now()
	return max(n.latest.away[method].Sub(now), n.away[method].Sub(now), 0)
}

// askable fails while a method is to be left alone.
func (n *news) askable(method string) error {
	if wait := n.wait(method); wait > 0 {
		return &awayError{method: method, wait: wait}
	}
	return nil
}

// An awayError says that a method is left alone for some time yet.
type awayError struct {
	method string
	wait   time.Duration
}

func (e *awayError) Error() string {
	return fmt.Sprintf("%s is not called for another %s: Slack wanted that, or did not answer", e.method, e.wait.Round(time.Second))
}
