package bot

import (
	"context"
	"errors"

	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/ahead"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/watch"
)

// What a Visit has to pass, once its turn has come, before anything is done for it is a
// list of steps, which differs by how it arrives. The broker's own door, which asks who
// may do what, comes after these.

// A step lets a Visit go on, or says why not.
type step func(ctx context.Context, to *conversation) error

// errServedAlready is of a delivery that was served before: there is nothing to say.
var errServedAlready = errors.New("served already")

// pass takes the steps in their order, up to the first that says no.
func (*door) pass(ctx context.Context, to *conversation, steps ...step) error {
	for _, s := range steps {
		if err := s(ctx, to); err != nil {
			return err
		}
	}
	return nil
}

// A notServing says that the bot cannot serve anybody right now, which is for those
// to know whom it does serve.
type notServing struct{ why *broker.Error }

func (e notServing) Error() string { return e.why.Error() }
func (e notServing) Unwrap() error { return e.why }

// told is err as whoever waits is told it.
func (to conversation) told(ctx context.Context, err error) error {
	if errors.As(err, new(notServing)) {
		return to.unlessStranger(ctx, err)
	}
	return err
}

// turnedAway tells whoever did not pass, next to what they acted on.
func (b *door) turnedAway(ctx context.Context, to conversation, err error) {
	if !errors.Is(err, errServedAlready) {
		b.delivery.refuse(ctx, to.beside(), to.told(ctx, err))
	}
}

// ask asks the store, in one trip, what the steps after it and then the Visit will ask it,
// and has the answer owed.
func (b *door) ask(q ahead.Questions, ids ...string) step {
	return func(ctx context.Context, to *conversation) error {
		if to.debt == nil {
			q.Owed = b.owe(to)
		}
		to.broker.Visits.Ask(ctx, to.request(command.Command{}), ids, q)
		if q.Owed != nil {
			to.debt = b.ledger.Owe(ctx, q.Owed)
		}
		return nil
	}
}

// first passes the first delivery of its ids: Slack delivers again under the same
// envelope and under new ones. When the store cannot tell, nothing is done.
func (b *door) first(ids ...string) step {
	return func(ctx context.Context, to *conversation) error {
		first, err := b.counters.FirstSight(ctx, ids...)
		if err != nil {
			away := broker.StoreAway(err, "so nothing was done")
			away.Use = to.unused()
			return notServing{broker.AsError(away, to.requestID)}
		}
		if !first {
			to.fate.becomes(watch.Repeated)
			b.log.InfoContext(ctx, "duplicate delivery skipped", "user", to.caller.User)
			return errServedAlready
		}
		return nil
	}
}

// person learns by which of their IDs the config knows whoever speaks.
func (*door) person(ctx context.Context, to *conversation) error {
	to.caller.User = to.broker.Visits.Person(ctx, to.caller.User)
	return nil
}

// enter passes who has not asked for too much.
func (*door) enter(account string) step {
	return func(ctx context.Context, to *conversation) error {
		return to.broker.Visits.Enter(ctx, to.request(command.Command{Account: account}))
	}
}

// alone refuses to issue from a process whose state is its own while
// another process may serve the same Slack app.
func (b *door) alone(_ context.Context, to *conversation) error {
	n, certain := b.strangers()
	if !b.embedded || n == 0 {
		return nil
	}
	e := &broker.Error{
		Code: broker.CodeStore, Use: to.unused(), Ref: broker.ShortRef(to.requestID),
		What: prose.Say("Another copy of this bot may share its Slack app while this one keeps its state in its own memory, so nothing is issued."),
		Hint: prose.Say("Slack counts connections that are not this copy's: another copy's, or dead ones. " +
			"Whoever runs the bot finds in its log what to do."),
	}
	if certain {
		e.What = prose.Say("Another copy of this bot shares its Slack app while this one keeps its state in its own memory, so nothing is issued.")
		e.Hint = prose.Say("Whoever runs the bot must give all copies one REDIS_URL, or stop the other copy and start this one again.")
	}
	return notServing{e}
}
