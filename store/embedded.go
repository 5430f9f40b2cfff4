package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// Embedded is the URL that asks for a Redis inside the process.
const Embedded = "embedded"

// embeddedPool is how long a connection to the embedded Redis is waited for. It cannot be
// away, so where it is slow the whole machine is.
const embeddedPool = 10 * time.Second

// startEmbedded runs a miniredis on loopback and says how to reach it. Its
// random password keeps other users of the machine out.
//
// Keys expire by the wall clock, checked whenever a key is touched, so nothing
// has to run beside it.
func startEmbedded(line *Line) (*miniredis.Miniredis, target, error) {
	m := miniredis.NewMiniRedis()
	password := rand.Text()
	m.RequireAuth(password)
	m.ClockTTL(true)
	if err := m.StartAddr("127.0.0.1:0"); err != nil {
		return nil, target{}, fmt.Errorf("start embedded Redis: %w", err)
	}
	return m, singleTarget("embedded", &redis.Options{Addr: m.Addr(), Password: password, PoolTimeout: embeddedPool}, way{line: line}), nil
}

// Embedded reports whether the Redis is inside this process: state is lost when
// it ends, and no other replica sees it.
func (s *Store) Embedded() bool { return s.embedded != nil }

// Advance moves the embedded Redis d ahead: what would expire by then is gone.
// It is for the demo and tests, which move the bot's own clock themselves. A
// real Redis cannot be moved and answers with an error.
func (s *Store) Advance(d time.Duration) error {
	switch {
	case s.embedded == nil:
		return errors.New("advance time: only an embedded Redis can be moved")
	case d < 0:
		return errors.New("advance time: it only goes forward")
	}
	s.embedded.FastForward(d)
	return nil
}
