package store

import (
	"sync"
	"time"

	"github.com/assumebot/assumebot/broker/policy"
)

// endRemembered is how long it is known that something ended: longer than any
// Grant or MFA session lives.
const endRemembered = policy.MaxSessionTokenDuration + time.Hour

// ends are when this process ended what was under a key. Whoever can write to Redis
// can put a value back and delete the note of its end; what a process remembers is
// out of their reach.
type ends struct {
	mu sync.Mutex
	at map[string]time.Time
}

// note remembers that what is under key ended now.
func (e *ends) note(key string, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.at == nil {
		e.at = map[string]time.Time{}
	}
	for k, at := range e.at {
		if now.Sub(at) > endRemembered {
			delete(e.at, k)
		}
	}
	e.at[key] = now
}

// of returns when what is under key ended, the zero time if it did not.
func (e *ends) of(key string, now time.Time) time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	at := e.at[key]
	if now.Sub(at) > endRemembered {
		return time.Time{}
	}
	return at
}

// has reports whether what is under key ended.
func (e *ends) has(key string, now time.Time) bool { return !e.of(key, now).IsZero() }
