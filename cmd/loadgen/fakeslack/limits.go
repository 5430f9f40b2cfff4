package fakeslack

import (
	"sync"
	"time"
)

// limits are how often methods may be called.
type limits struct {
	mu     sync.Mutex
	minute map[string]int // by method, a minute; 0: as often as one likes
	counts map[string]*window
}

// A window is how often something was called since its begin.
type window struct {
	since time.Time
	calls int
}

// Limit has a method answer 429 above so many calls a minute; 0: it never does.
// Posts to one channel are one a second in any case.
// https://docs.slack.dev/apis/web-api/rate-limits
func (s *Server) Limit(method string, perMinute int) {
	s.limits.mu.Lock()
	defer s.limits.mu.Unlock()
	s.limits.minute = map[string]int{method: perMinute}
	s.limits.counts = map[string]*window{}
}

// over returns how long a call comes too early; 0: it does not.
func (l *limits) over(method, channel string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if method == "chat.postMessage" && channel == Audit {
		return l.take(method, 1, time.Second)
	}
	if limit := l.minute[method]; limit > 0 {
		return l.take(method, limit, time.Minute)
	}
	return 0
}

func (l *limits) take(name string, limit int, within time.Duration) time.Duration {
	w := l.counts[name]
	if w == nil || time.Since(w.since) >= within {
		w = &window{since: time.Now()}
		l.counts[name] = w
	}
	if w.calls++; w.calls > limit {
		return within - time.Since(w.since)
	}
	return 0
}
