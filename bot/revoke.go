package bot

import (
	"context"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/message"
)

// revoke answers /assume revoke ACCOUNT.
func (b *self) revoke(ctx context.Context, to conversation, c command.Command) {
	b.delivery.inTime(ctx, to, message.StillRevoking(c.Account), func(ctx context.Context) (blockkit.Message, error) {
		done, err := to.broker.Revoking.Revoke(ctx, to.request(c))
		b.approvals.showCancelled(ctx, to, done.Cancelled)
		if err != nil {
			return blockkit.Message{}, err
		}
		b.homes.refreshHome(ctx, to)
		return message.Revoked(to.voice, done), nil
	})
}

// end serves the press that ends a Grant.
func (b *self) end(ctx context.Context, to conversation, grant string) {
	b.delivery.inTime(ctx, to, message.StillRevoking("that"), func(ctx context.Context) (blockkit.Message, error) {
		ended, err := to.broker.Holding.End(ctx, to.request(command.Command{}), grant)
		if err != nil {
			return blockkit.Message{}, err
		}
		b.homes.refreshHome(ctx, to)
		return message.Ended(to.voice, ended), nil
	})
}

// revokePerson answers /assume revoke @PERSON; the broker says who is an admin.
func (b *admins) revokePerson(ctx context.Context, to conversation, c command.Command) {
	target, whom := to.target(ctx, c)
	b.delivery.inTime(ctx, to, message.StillRevoking("what "+whom+" has"), func(ctx context.Context) (blockkit.Message, error) {
		done, err := to.broker.Revoking.RevokePerson(ctx, to.request(c), target)
		b.approvals.showCancelled(ctx, to, done.Cancelled)
		return message.PersonRevoked(to.voice, done), err
	})
}
