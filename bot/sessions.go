package bot

import (
	"context"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/message"
)

// sessions answers /sessions: what the person has now.
func (b *homes) sessions(ctx context.Context, to conversation) {
	has, err := b.holds(ctx, to)
	b.delivery.answer(ctx, to, err, func() blockkit.Message { return message.Sessions(to.voice, has) })
}

// holds is what the person has now.
func (b *homes) holds(ctx context.Context, to conversation) (message.Holding, error) {
	r := to.request(command.Command{})
	grants, err := to.broker.Holding.Live(ctx, r)
	if err != nil {
		return message.Holding{}, err
	}
	has := message.Holding{Grants: grants, Revocable: map[string]bool{}}
	for _, g := range grants {
		has.Revocable[g.ID] = to.broker.Holding.Revocable(g)
	}
	if has.Order, err = to.broker.Explaining.StandingOrder(ctx, r); err != nil {
		return has, err
	}
	has.Approvals, err = to.broker.Pending.OpenApprovals(ctx, r)
	if err != nil || to.settings.MFASession == 0 {
		return has, err
	}
	session, ok, err := to.broker.MFASessions.MFASession(ctx, r)
	if err == nil && ok {
		has.Session = &session
	}
	return has, err
}
