package broker

import (
	"context"
	"errors"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/text"
)

// An Order is what an admin laid upon a person, or upon all.
type Order struct {
	ID     string    `json:"id,omitempty"` // of the Request that gave it
	By     string    `json:"by"`           // Slack user ID of the admin
	ByName string    `json:"by_name,omitempty"`
	Reason string    `json:"reason,omitempty"`
	At     time.Time `json:"at"`
	// Until is when a pause ends by itself; zero: only an admin ends it. The store keeps it as
	// the life of its key and not in the text, by which the release before ends a pause too.
	Until time.Time `json:"-"`
}

// ErrOrderStands is why a pause with an end was not laid upon all: another stands.
var ErrOrderStands = errors.New("another order stands")

// shown is o as it may be shown. The store compares orders as they were given, so they
// are not cleaned before.
func (o Order) shown() Order {
	text.CleanFields(&o)
	o.Reason = text.AtMost(o.Reason, MaxReason)
	return o
}

// Orders keep blocks and the pause for all replicas at once.
type Orders interface {
	// Orders returns the block of a person and the pause; nil where there is none.
	// An error means unknown, and then nothing is issued.
	Orders(ctx context.Context, user string) (block, pause *Order, err error)
	// KnownOrders returns those that this process knows of without asking; nil is not "none".
	KnownOrders(user string) (block, pause *Order)
	// Block lays o upon a person, in place of an earlier one.
	Block(ctx context.Context, user string, o Order) error
	// Unblock ends the block o, atomically; false when it is gone or was replaced.
	Unblock(ctx context.Context, user string, o Order) (bool, error)
	// Pause lays o upon all, in place of an earlier one. One with an end holds for at least
	// as long as from At to Until, and takes no other's place: [ErrOrderStands].
	Pause(ctx context.Context, o Order) error
	// Resume ends the pause o, as Unblock does a block.
	Resume(ctx context.Context, o Order) (bool, error)
}

// mayAct refuses the blocked, and everybody while the bot is paused. It is asked
// before whatever gives somebody something: credentials, a reveal, an approval, a
// change of key. What takes something away needs nobody's leave.
func (b *Visits) mayAct(ctx context.Context, user string) error {
	block, pause, err := b.orders.Orders(ctx, user)
	switch {
	case err != nil:
		return ordersUnknown(err)
	case block != nil:
		return b.blocked(*block)
	case pause != nil:
		return paused(*pause)
	}
	return nil
}

// notBlocked is mayAct for what goes on while the bot is paused.
func (b *Visits) notBlocked(ctx context.Context, user string) error {
	block, _, err := b.orders.Orders(ctx, user)
	switch {
	case err != nil:
		return ordersUnknown(err)
	case block != nil:
		return b.blocked(*block)
	}
	return nil
}

// StandingOrder is the block or the pause in the words of a refusal; nil where neither
// stands. It is not recorded: nobody was refused.
func (b *Explaining) StandingOrder(ctx context.Context, r Request) (*Error, error) {
	return visit(ctx, b.visits, r, b.visits.toSee(), func(ctx context.Context, r *Request) (*Error, error) {
		err := b.visits.mayAct(ctx, r.user.Slack)
		var order *Error
		if errors.As(err, &order) && (order.Code == CodeBlocked || order.Code == CodePaused) {
			return order, nil
		}
		return nil, err
	})
}

// blocked says since when, and whom to ask. By whom and why is for the record alone: it
// may have been done because of the person who reads this.
func (b *Visits) blocked(o Order) *Error {
	e := newError(CodeBlocked, prose.Say("You are blocked since ", prose.At(o.At), ": the bot does nothing for you."), b.contact())
	e.Facts.Since = event.At(o.At)
	return e
}

func paused(o Order) *Error {
	o = o.shown()
	who := o.ByName
	if who == "" {
		who = "an admin (" + o.By + ")"
	}
	e := &Error{
		Code:  CodePaused,
		Facts: event.Facts{Since: event.At(o.At)},
		What:  prose.Say("The bot is paused since ", prose.At(o.At), ", by "+who+": nothing is issued to anybody."),
		Hint:  prose.Say("Try again once an admin has resumed it."),
		Quote: o.Reason,
	}
	if !o.Until.IsZero() {
		e.Hint = prose.Say("It lasts until ", prose.At(o.Until), " at most. Try again then, or once an admin has resumed it.")
	}
	if o.Reason != "" {
		e.Hint = prose.Sentences(e.Hint, prose.Say("The reason that they gave:"))
	}
	return e
}
