package socketmode

import (
	"context"
	"slices"
	"sync"
	"time"
)

// A process has one socket open beside the number that it keeps, and never more,
// those on their way and those that are being closed included. So the next socket is
// there before the last has gone, one is replaced at a time, and ten per app can be
// counted on.
//
// Who has been replaced gives its place up: at once when it was our own wish, or when
// Slack closes it as announced, or when another socket waits for the place.
type places struct {
	taken chan struct{} // holds one for each place that is taken

	mu      sync.Mutex
	waiting int       // for a place
	open    []*socket // said hello and have not ended, oldest first
	leaving []*socket // replaced, and left to Slack to close
}

const (
	// settle is how long no envelope has come before a socket is closed by us: one
	// that is under way then could not be acknowledged on it.
	settle = 200 * time.Millisecond
	// busiest is how long a socket on which envelopes keep coming is waited for.
	busiest = 500 * time.Millisecond
	// answered is how long one is that an answer is made for; Slack waits 3 s for it.
	answered = 3 * time.Second
)

func newPlaces(sockets int) *places { return &places{taken: make(chan struct{}, sockets+1)} }

// take waits for a place; false when ctx ended.
func (p *places) take(ctx context.Context) bool {
	select {
	case p.taken <- struct{}{}:
		return ctx.Err() == nil
	default:
	}
	p.wanted(1)
	defer p.wanted(-1)
	select {
	case p.taken <- struct{}{}:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// give gives a place back.
func (p *places) give() { <-p.taken }

func (p *places) wanted(more int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting += more
	p.clear()
}

// clear has those say goodbye whose place is wanted. The caller holds mu.
func (p *places) clear() {
	if p.waiting == 0 {
		return
	}
	for _, s := range p.leaving {
		s.retire()
	}
	p.leaving = nil
}

// opened adds a socket that said hello.
func (p *places) opened(s *socket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open = append(p.open, s)
}

// closed removes a socket.
func (p *places) closed(s *socket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	same := func(o *socket) bool { return o == s }
	p.open = slices.DeleteFunc(p.open, same)
	p.leaving = slices.DeleteFunc(p.leaving, same)
}

// replaced has a socket closed in whose place another serves.
func (p *places) replaced(s *socket) {
	select {
	case <-s.leaving:
		p.mu.Lock()
		defer p.mu.Unlock()
		p.leaving = append(p.leaving, s)
		p.clear()
	default:
		s.retire()
	}
}

// others are the open sockets beside s, those last that may hear nothing any more.
func (p *places) others(s *socket) []*socket {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []*socket
	for _, o := range slices.Backward(p.open) {
		select {
		case <-o.silent:
		default:
			if o != s {
				out = append(out, o)
			}
		}
	}
	return out
}

// closeAll closes all sockets, so that Slack sends elsewhere, and returns when they
// are closed; none may be opened any more. The newest stays until the others have
// ended: what still comes on them is acknowledged over it.
func (p *places) closeAll() {
	p.mu.Lock()
	all := slices.Clone(p.open)
	p.mu.Unlock()
	if len(all) == 0 {
		return
	}
	last := len(all) - 1
	for _, s := range all[:last] {
		s.retire()
	}
	for _, s := range all[:last] {
		<-s.finished
	}
	all[last].retire()
	<-all[last].finished
}

// busy reports whether a socket that was retired at since still has to stay.
func (s *socket) busy(since time.Time) bool {
	waited := time.Since(since)
	if s.answering.Load() > 0 && waited < answered {
		return true
	}
	last := s.last.Load()
	return last != nil && time.Since(*last) < settle && waited < busiest
}
