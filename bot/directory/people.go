package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/assumebot/assumebot/broker"
)

const (
	// standingAge is how old an answer about a person may be, from before Slack was asked.
	// Slack tells of changes, so it is only how long one that got lost goes unnoticed.
	standingAge = 20 * time.Minute
	// standingWithin is how long a person is asked about, and a limit of Slack's waited for.
	standingWithin = 10 * time.Second
	// mostKept bounds the people whom a process keeps: some 200 bytes each.
	mostKept = 20_000
)

// People knows what Slack says of a person. All replicas share the answers. It
// implements broker.People.
type People struct {
	copies Copies
	news   *news
	now    func() time.Time
	crowd  *crowd

	mu    sync.Mutex
	kept  map[string]keptStanding // by user ID
	calls map[string]*standingCall
}

// A keptStanding is an answer as Requests need it.
type keptStanding struct {
	standing broker.Standing
	version  string // of its name, from before it was asked for
	asked    time.Time
	left     time.Duration // of its age, then; 0 or less: it was over
	page     int           // the number of the page that it is from; 0: from none
}

// A standingCall is waited for by all Requests of this process that need it.
type standingCall struct {
	heard    heard // from before it began
	done     chan struct{}
	standing broker.Standing
	err      error
}

func newPeople(d Deps, n *news) *People {
	p := &People{copies: d.Copies, news: n, now: d.Now, kept: map[string]keptStanding{}, calls: map[string]*standingCall{}}
	p.crowd = newCrowd(d, n, p)
	return p
}

func personCopy(user string) string { return "user:" + user }

// Standing returns what Slack says of user, at most standingAge ago, or an hour while
// Slack gives no answer, and not from before what Slack told this replica of, or the
// others a second ago. Nobody waits longer than ctx. Usually nobody is asked.
func (p *People) Standing(ctx context.Context, user string) (broker.Standing, error) {
	h, err := p.news.current(ctx)
	if err != nil {
		return broker.Standing{}, err
	}
	p.mu.Lock()
	s, left, known := p.look(h, user)
	if left > 0 || known && p.news.wait(methodPerson) > 0 {
		defer p.mu.Unlock()
		return s, nil
	}
	call := p.begin(ctx, h, user)
	p.mu.Unlock()
	select {
	case <-call.done:
	case <-ctx.Done():
		return broker.Standing{}, ctx.Err()
	}
	if call.err != nil && unanswered(call.err) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if s, _, known := p.look(h, user); known { // an older one
			return s, nil
		}
	}
	return call.standing, call.err
}

// look is what is kept of user, and what is left of its age; known says that it counts
// at all. The caller holds mu.
func (p *People) look(h heard, user string) (s broker.Standing, left time.Duration, known bool) {
	k, ok := p.kept[user]
	if !ok || k.version != h.version(personCopy(user)) {
		return broker.Standing{}, 0, false
	}
	left = k.left - p.news.since(k.asked)
	return k.standing, left, left > standingAge-olderWithin
}

// paged is what a page said of user.
func (p *People) paged(ctx context.Context, user string) (k keptStanding, ok bool) {
	h, err := p.news.current(ctx)
	if err != nil {
		return k, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	_, left, _ := p.look(h, user)
	return p.kept[user], left > 0
}

// keep keeps what was asked for after h was heard.
func (p *People) keep(h heard, user string, k keptStanding) {
	k.version = h.version(personCopy(user))
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.kept[user]; !ok && len(p.kept) >= mostKept {
		p.makeRoom(h)
	}
	p.kept[user] = k
}

// makeRoom lets go of what does not count any more, and of some that does if need be.
// The caller holds mu.
func (p *People) makeRoom(h heard) {
	for user := range p.kept {
		if _, _, known := p.look(h, user); !known {
			delete(p.kept, user)
		}
	}
	for user := range p.kept {
		if len(p.kept) <= mostKept*3/4 {
			return
		}
		delete(p.kept, user)
	}
}

// begin joins the call about user that began after the last change, or starts one. The
// caller holds mu.
func (p *People) begin(ctx context.Context, h heard, user string) *standingCall {
	name := personCopy(user)
	if call := p.calls[user]; call != nil && call.heard.turn == h.turn && call.heard.version(name) == h.version(name) {
		return call
	}
	call := &standingCall{heard: h, done: make(chan struct{})}
	p.calls[user] = call
	go func() { // it ends by itself within standingWithin, whoever still waits
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), standingWithin)
		defer cancel()
		call.standing, call.err = p.ask(ctx, h, user)
		p.mu.Lock()
		if p.calls[user] == call {
			delete(p.calls, user)
		}
		p.mu.Unlock()
		close(call.done)
	}()
	return call
}

// ask returns what all replicas share, or asks Slack and shares that.
func (p *People) ask(ctx context.Context, h heard, user string) (s broker.Standing, err error) {
	asked := p.now()
	data, left, err := p.copies.LoadCopy(ctx, personCopy(user), olderWithin-standingAge)
	if err != nil {
		return broker.Standing{}, err
	}
	if data != nil {
		if err := json.Unmarshal(data, &s); err != nil {
			return broker.Standing{}, fmt.Errorf("read standing: %w", err)
		}
		p.keep(h, user, keptStanding{standing: s, asked: asked, left: left})
		if left > 0 || p.news.wait(methodPerson) > 0 {
			return s, nil
		}
	}
	token := broker.NewID()
	if err := p.copies.BeginCopy(ctx, personCopy(user), token, standingAge); err != nil {
		return broker.Standing{}, err
	}
	before := p.crowd.pagesBegun()
	answer, err := p.crowd.ask(ctx, user)
	if err != nil {
		return broker.Standing{}, err
	}
	s = answer.standing
	if answer.page > 0 && answer.page <= before {
		return s, nil // a page that was begun before: good for this process alone, which keeps it
	}
	if data, err = json.Marshal(s); err != nil {
		return broker.Standing{}, fmt.Errorf("keep standing: %w", err)
	}
	// Not kept when something changed or another asked meanwhile: these Requests
	// came before the question, so the answer is good for them all the same.
	saved, err := p.copies.SaveCopy(ctx, personCopy(user), token, data, standingAge, olderWithin-standingAge)
	if err == nil && saved {
		p.keep(h, user, answer)
	}
	return s, err
}
