package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker/patience"
)

// A Store is the state of the bot, in Redis: a part for each use. It and they are
// safe for concurrent use.
type Store struct {
	*core
	Ahead       Ahead
	Approvals   Approvals
	Checkpoints Checkpoints
	Codes       Codes
	Copies      Copies
	Counters    Counters
	Cursors     Cursors
	DueLists    DueLists
	Grants      Grants
	Leases      Leases
	Ledger      Ledger
	Listings    Listings
	Log         Log
	LogKeys     LogKeys
	Orders      Orders
	Preferences Preferences
	Former      Former
	Replicas    Replicas
	Schema      Schema
	SealedKeys  SealedKeys
	Sessions    Sessions
}

func newStore(c *core) *Store {
	return &Store{
		core:        c,
		Ahead:       Ahead{c},
		Approvals:   Approvals{c},
		Checkpoints: Checkpoints{c, openLog()},
		Codes:       Codes{c},
		Copies:      Copies{c},
		Counters:    Counters{c},
		Cursors:     Cursors{c},
		DueLists:    DueLists{c},
		Grants:      Grants{c},
		Leases:      Leases{c},
		Ledger:      Ledger{c},
		Listings:    Listings{c},
		Log:         Log{c, openLog()},
		LogKeys:     LogKeys{c},
		Orders:      Orders{c},
		Preferences: Preferences{c},
		Former:      Former{Cursors{c}},
		Replicas:    Replicas{c},
		Schema:      Schema{c},
		SealedKeys:  SealedKeys{c},
		Sessions:    Sessions{c},
	}
}

// core is what the parts have in common.
type core struct {
	rdb      redis.UniversalClient
	first    redis.UniversalClient // for the record's appends, leases and what goes first
	waiting  redis.UniversalClient // for blocking reads alone
	shared   *shared
	chores   *shared              // of what a process does every so often, by first
	awaits   sync.WaitGroup       // what they do
	embedded *miniredis.Miniredis // nil with a real Redis
	place    target               // where rdb leads
	ring     keyring
	scripts  scripts
	replicas int // of Redis, that must have what is appended to the record
	ended    ends
	now      func() time.Time
}

// Close ends all connections, and the embedded Redis with what it holds.
func (s *Store) Close() error {
	err := errors.Join(s.waiting.Close(), s.first.Close(), s.rdb.Close())
	s.awaits.Wait() // their connections are closed
	if s.embedded != nil {
		s.embedded.Close()
	}
	if err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}

// bound gives every call an end.
func (s *core) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, OpTimeout)
}

// lane is the client to ask by. What goes first has connections that the crowd does not
// share: what AWS issued would be lost while others wait for one.
func (s *core) lane(ctx context.Context) redis.UniversalClient {
	if patience.GoesFirst(ctx) {
		return s.first
	}
	return s.rdb
}

// milliseconds is what PX takes, which refuses 0.
func milliseconds(d time.Duration) int64 { return max(d.Milliseconds(), 1) }

// getSealed reads what is sealed under key, opened and as it is; sealed is nil
// when there is nothing or it could not be asked for. One that does not open is
// an [*UnsealError]. One round trip.
func (s *core) getSealed(ctx context.Context, key string) (plain, sealed []byte, err error) {
	sealed, err = s.lane(ctx).Get(ctx, key).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	plain, err = s.ring.open(key, sealed)
	return plain, sealed, err
}

// clockKey has no value. It makes a cluster answer with the time of always the
// same node, since its nodes may differ about it.
const clockKey = prefix + "{clock}"

// withClock runs what more adds to a pipeline, and asks for the time in the same
// round trip. Commands of more that find nothing are no error.
func (s *core) withClock(ctx context.Context, more func(redis.Pipeliner)) (time.Time, error) {
	var clock *redis.Cmd
	cmds, _ := s.lane(ctx).Pipelined(ctx, func(p redis.Pipeliner) error { // each command has its own error
		if s.embedded == nil {
			clock = p.Eval(ctx, clockScript, []string{clockKey})
		} else {
			p.Ping(ctx) // whether it is there
		}
		if more != nil {
			more(p)
		}
		return nil
	})
	for _, cmd := range cmds {
		if err := cmd.Err(); err != nil && !errors.Is(err, redis.Nil) {
			return time.Time{}, err
		}
	}
	if clock == nil {
		return s.now().UTC().Round(0), nil
	}
	parts, err := clock.Int64Slice()
	if err == nil && len(parts) != 2 {
		err = fmt.Errorf("Redis's time has %d parts", len(parts))
	}
	if err != nil {
		return time.Time{}, err
	}
	return time.Unix(parts[0], parts[1]*int64(time.Microsecond)).UTC(), nil
}

// KEYS: one that says which node. In a script because a cluster sends a plain
// TIME to any of its nodes.
const clockScript = `return redis.call('TIME')`
