package recorded

import (
	"context"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/record/state"
)

// orders are those of the store and of the record. Where two differ, that of the record is
// shown, since nobody can have altered it. It is lifted by the Event that names it; the other
// then still stands, is shown, and can be lifted the same way.
type orders struct {
	kept broker.Orders
	log  Log
	now  func() time.Time
}

// unlessOver is a pause on the record that has not ended by itself. By a clock that is ahead it
// ends early there, and not in the store, whose clock is another.
func (s orders) unlessOver(pause *state.Order) *state.Order {
	if pause != nil && pause.Over(s.now()) {
		return nil
	}
	return pause
}

// Block implements [broker.Orders].
func (s orders) Block(ctx context.Context, user string, o broker.Order) error {
	return s.kept.Block(ctx, user, o)
}

// Pause implements [broker.Orders].
func (s orders) Pause(ctx context.Context, o broker.Order) error { return s.kept.Pause(ctx, o) }

// Orders implements [broker.Orders].
func (s orders) Orders(ctx context.Context, user string) (block, pause *broker.Order, err error) {
	if block, pause, err = s.kept.Orders(ctx, user); err != nil {
		return nil, nil, err
	}
	blocked, paused := s.log.Orders(user)
	if lacks(block, blocked) || lacks(pause, s.unlessOver(paused)) {
		if err := s.log.CaughtUp(ctx); err != nil {
			return nil, nil, err
		}
		blocked, paused = s.log.Orders(user)
	}
	if pause != nil && paused != nil && pause.ID == paused.ID {
		pause.Until = paused.Until
	}
	return either(block, blocked), either(pause, s.unlessOver(paused)), nil
}

// KnownOrders implements [broker.Orders].
func (s orders) KnownOrders(user string) (block, pause *broker.Order) {
	blocked, paused := s.log.Orders(user)
	return either(nil, blocked), either(nil, s.unlessOver(paused))
}

// either is the order that stands in the store or on the record.
func either(kept *broker.Order, on *state.Order) *broker.Order {
	if !lacks(kept, on) { // with its reason, which is no part of what the record remembers
		return kept
	}
	return &broker.Order{ID: on.ID, By: on.By.ID, ByName: on.By.Name, Reason: on.Reason.String(), At: on.At, Until: on.Until}
}

// lacks reports whether the store does not have the order that is on the record.
func lacks(kept *broker.Order, on *state.Order) bool {
	return on != nil && (kept == nil || kept.ID != on.ID)
}

// Unblock implements [broker.Orders]: true once nobody blocks the person any more.
func (s orders) Unblock(ctx context.Context, user string, o broker.Order) (bool, error) {
	if _, err := s.kept.Unblock(ctx, user, o); err != nil {
		return false, err
	}
	block, _, err := s.Orders(ctx, user)
	return block == nil && err == nil, err
}

// Resume implements [broker.Orders]: true once nothing is paused any more.
func (s orders) Resume(ctx context.Context, o broker.Order) (bool, error) {
	if _, err := s.kept.Resume(ctx, o); err != nil {
		return false, err
	}
	_, pause, err := s.Orders(ctx, o.By)
	return pause == nil && err == nil, err
}
