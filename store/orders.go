package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/ahead"
)

// Orders keeps what admins impose.
type Orders struct{ *core }

var _ broker.Orders = Orders{}

// pauseKey is in a slot of its own: it is about all Users.
const pauseKey = prefix + "{pause}"

// Orders are kept in clear: they grant nothing. A pause that ends by itself is a key with a
// life; every other has none.

// Orders implements [broker.Orders]. One that cannot be read is an error,
// never absent. One round trip, on a cluster one to each of two nodes.
func (s Orders) Orders(ctx context.Context, user string) (block, pause *broker.Order, err error) {
	found, err := ask(ctx, s.core, ordersQuestion(user), s.send(user))
	if err != nil {
		return nil, nil, fmt.Errorf("look for orders: %w", err)
	}
	return found.first, found.second, nil
}

// KnownOrders implements [broker.Orders]: the store keeps none in the process.
func (Orders) KnownOrders(string) (block, pause *broker.Order) { return nil, nil }

func (Orders) send(user string) func(context.Context, redis.Pipeliner) (answer[pair[*broker.Order, *broker.Order]], error) {
	return func(ctx context.Context, p redis.Pipeliner) (answer[pair[*broker.Order, *broker.Order]], error) {
		key, err := userKey(user, "blocked")
		if err != nil {
			return nil, err
		}
		blocked, paused := p.Get(ctx, key), p.Get(ctx, pauseKey)
		return func() (found pair[*broker.Order, *broker.Order], err error) {
			if found.first, err = decodeOrder(key, blocked); err == nil {
				found.second, err = decodeOrder(pauseKey, paused)
			}
			return found, err
		}, nil
	}
}

func decodeOrder(key string, got *redis.StringCmd) (*broker.Order, error) {
	text, err := got.Bytes()
	switch {
	case errors.Is(err, redis.Nil):
		return nil, nil
	case err != nil:
		return nil, err
	}
	var kept struct {
		versioned
		broker.Order
	}
	if err := kept.decode(key, text, &kept); err != nil {
		return nil, fmt.Errorf("%s is not an order: %w", key, err)
	}
	return &kept.Order, nil
}

// Block implements [broker.Orders]. One round trip.
func (s Orders) Block(ctx context.Context, user string, o broker.Order) error {
	key, err := userKey(user, "blocked")
	if err != nil {
		return fmt.Errorf("block: %w", err)
	}
	ahead.Forget(ctx)
	return s.giveOrder(ctx, "block", key, o)
}

// Pause implements [broker.Orders]. One round trip.
func (s Orders) Pause(ctx context.Context, o broker.Order) error {
	ahead.Forget(ctx)
	if o.Until.IsZero() {
		return s.giveOrder(ctx, "pause", pauseKey, o)
	}
	// By the clock of whoever gave it alone: that of Redis counts how long, from now on.
	return s.pauseFor(ctx, o, o.Until.Sub(o.At))
}

func (s Orders) pauseFor(ctx context.Context, o broker.Order, life time.Duration) error {
	if life < time.Millisecond {
		return fmt.Errorf("pause: it would end %s after it was given", life)
	}
	text, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("pause: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	stands, err := s.scripts.pauseFor.Run(ctx, s.lane(ctx), []string{pauseKey}, text, life.Milliseconds()).Bool()
	if err != nil {
		return fmt.Errorf("pause: %w", err)
	}
	if !stands {
		return broker.ErrOrderStands
	}
	return nil
}

// KEYS: the pause. ARGV: what it says, its life in milliseconds. Another stays; the same is
// answered again.
const pauseForScript = `
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
if redis.call('GET', KEYS[1]) == ARGV[1] then return 1 end
return 0`

func (s Orders) giveOrder(ctx context.Context, what, key string, o broker.Order) error {
	text, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	if err := s.lane(ctx).Set(ctx, key, text, 0).Err(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// Unblock implements [broker.Orders]. One round trip.
func (s Orders) Unblock(ctx context.Context, user string, o broker.Order) (bool, error) {
	key, err := userKey(user, "blocked")
	if err != nil {
		return false, fmt.Errorf("unblock: %w", err)
	}
	ahead.Forget(ctx)
	return s.endOrder(ctx, "unblock", key, o)
}

// Resume implements [broker.Orders]. One round trip.
func (s Orders) Resume(ctx context.Context, o broker.Order) (bool, error) {
	ahead.Forget(ctx)
	return s.endOrder(ctx, "resume", pauseKey, o)
}

func (s Orders) endOrder(ctx context.Context, what, key string, o broker.Order) (bool, error) {
	text, err := json.Marshal(o)
	if err != nil {
		return false, fmt.Errorf("%s: %w", what, err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	ended, err := s.scripts.endOrder.Run(ctx, s.lane(ctx), []string{key}, text).Bool()
	if err != nil {
		return false, fmt.Errorf("%s: %w", what, err)
	}
	return ended, nil
}

// KEYS: an order. ARGV: what it says. One that says something else stays.
const endOrderScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`
