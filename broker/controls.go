package broker

import (
	"context"
	"time"

	"github.com/assumebot/assumebot/broker/text"
)

// An Order is what an admin laid upon a person, or upon all.
type Order struct {
	ID     string    `json:"id,omitempty"` // of the Request that gave it
	By     string    `json:"by"`           // Slack user ID of the admin
	ByName string    `json:"by_name,omitempty"`
	Reason string    `json:"reason,omitempty"`
	At     time.Time `json:"at"`
}

// shown is o as it may be shown: it is kept where others may write, and ended by
// what is there, so it is cleaned no sooner.
func (o Order) shown() Order {
	text.CleanFields(&o)
	o.Reason = text.AtMost(o.Reason, MaxReason)
	return o
}

// Controls keep blocks and the pause, without an end, for all replicas at once.
type Controls interface {
	// Orders returns the block of a person and the pause; nil where there is none.
	// An error means unknown, and then nothing is issued.
	Orders(ctx context.Context, user string) (block, pause *Order, err error)
	// Block lays o upon a person, in place of an earlier one.
	Block(ctx context.Context, user string, o Order) error
	// Unblock ends the block o of a person, atomically; false when it is gone, or
	// another has taken its place.
	Unblock(ctx context.Context, user string, o Order) (bool, error)
	// Pause lays o upon all, in place of an earlier one.
	Pause(ctx context.Context, o Order) error
	// Resume ends the pause o, as Unblock does a block.
	Resume(ctx context.Context, o Order) (bool, error)
}
