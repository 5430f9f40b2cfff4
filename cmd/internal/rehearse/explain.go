package rehearse

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/cmd/internal/config"
	"github.com/assumebot/assumebot/store"
)

// A Question is what Explain answers.
type Question struct {
	User     string // Slack user ID
	Account  string
	Duration time.Duration // 0: the account's default
	Reason   string
	Channel  string // "": a direct message with the bot
	At       time.Time
	Members  *policy.Membership // nil: nobody says who is in which user group
}

// An Explanation is what policy says, and what the bot would answer the person.
type Explanation struct {
	Outcome  string
	Decision policy.Decision
	Answer   broker.Explanation
}

var errNotSaid = errors.New("nobody says who is in which user group")

// Explain has the bot's own broker explain, over a store in which nothing has happened
// yet, among people who are all full members. A person who is refused altogether is
// the error, a *[broker.Error].
func Explain(ctx context.Context, cfg config.Config, q Question) (e Explanation, err error) {
	now := func() time.Time { return q.At }
	st, err := store.Open(ctx, store.Options{URL: secret.New(store.Embedded), Now: now})
	if err != nil {
		return Explanation{}, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	b := broker.New(broker.Deps{
		Config:    &cfg.Broker,
		Ahead:     st.Ahead,
		Approvals: st.Approvals,
		Codes:     st.Codes,
		Counters:  st.Counters,
		Directory: saidGroups{q.Members},
		Grants:    st.Grants,
		Keys:      st.SealedKeys,
		Leases:    st.Leases,
		Listings:  st.Listings,
		Log:       slog.New(slog.DiscardHandler),
		Now:       now,
		Orders:    st.Orders,
		People:    fullMembers{team: cfg.Broker.Workspaces[0]},
		Recorder:  unrecorded{},
		Sessions:  st.Sessions,
	})
	w := world{config: cfg, members: q.Members}
	ask := policy.Ask{User: q.User, Account: q.Account, Duration: q.Duration, Reason: q.Reason, Channel: q.Channel}
	a, _ := cfg.Broker.Account(q.Account)
	e.Decision = w.decide(request{ask: ask, at: q.At})
	e.Outcome = Outcome(a, e.Decision)
	e.Answer, err = b.Explaining.Explain(ctx, broker.Request{
		ID:       broker.NewID(),
		Caller:   broker.Caller{User: q.User, Team: cfg.Broker.Workspaces[0], Channel: q.Channel},
		Account:  q.Account,
		Duration: q.Duration,
		Reason:   q.Reason,
	})
	return e, err
}

// saidGroups is a [broker.Directory] of what is said.
type saidGroups struct{ members *policy.Membership }

func (g saidGroups) Groups(context.Context) (*policy.Membership, error) {
	if g.members == nil {
		return nil, errNotSaid
	}
	return g.members, nil
}

// fullMembers are [broker.People] of one workspace.
type fullMembers struct{ team string }

func (f fullMembers) Standing(context.Context, string) (broker.Standing, error) {
	return broker.Standing{Team: f.team}, nil
}

// unrecorded is a [broker.Recorder] of what is not done.
type unrecorded struct{}

func (unrecorded) Record(context.Context, ...event.Event) (event.Receipt, error) {
	return event.Receipt{}, nil
}
