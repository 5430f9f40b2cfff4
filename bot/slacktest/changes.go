package slacktest

import "sync"

// ChangeKind says what a Change is.
type ChangeKind string

// The kinds of Change.
const (
	MessagePosted  ChangeKind = "message"
	MessageUpdated ChangeKind = "update"
	MessageDeleted ChangeKind = "delete"
	ViewOpened     ChangeKind = "view_opened"
	ViewUpdated    ChangeKind = "view_updated"
	ViewClosed     ChangeKind = "view_closed"
	HomePublished  ChangeKind = "home"
)

// Change is one thing that somebody saw happen.
type Change struct {
	Kind ChangeKind
	// Message is set for the message kinds, as it is after the change.
	Message Message
	// View and User (who sees it) are set for the view kinds.
	View View
	User string
}

// Subscribe calls f for every later change, one at a time and in order, on a
// goroutine of the server's that holds no lock: f may call the Server.
func (s *workspace) Subscribe(f func(Change)) { s.changes.subscribe(f) }

// changeQueue hands changes to subscribers in order, without making the
// server wait for them.
type changeQueue struct {
	mu      sync.Mutex
	filled  *sync.Cond
	pending []Change
	subs    []func(Change)
	stopped bool
}

func (q *changeQueue) init() { q.filled = sync.NewCond(&q.mu) }

func (q *changeQueue) subscribe(f func(Change)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.subs = append(q.subs, f)
}

func (q *changeQueue) add(c Change) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.subs) > 0 {
		q.pending = append(q.pending, c)
		q.filled.Signal()
	}
}

func (q *changeQueue) stop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stopped = true
	q.filled.Signal()
}

func (q *changeQueue) run() {
	for {
		q.mu.Lock()
		for len(q.pending) == 0 && !q.stopped {
			q.filled.Wait()
		}
		if len(q.pending) == 0 {
			q.mu.Unlock()
			return
		}
		c := q.pending[0]
		q.pending = q.pending[1:]
		subs := append([]func(Change){}, q.subs...)
		q.mu.Unlock()
		for _, f := range subs {
			f(c)
		}
	}
}
