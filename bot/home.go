package bot

import (
	"context"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/message"
)

// openedHome publishes a Home that was just opened.
func (b *homes) openedHome(ctx context.Context, to conversation) {
	if err := b.preferences.RememberHome(ctx, to.caller.User); err != nil {
		b.log.WarnContext(ctx, "Home will not be kept up to date", "user", to.caller.User, "error", err)
	}
	b.publishHome(ctx, to)
}

// refreshHome publishes the Home of somebody who uses it, after a Grant of
// theirs changed.
func (b *homes) refreshHome(ctx context.Context, to conversation) {
	opened, err := b.preferences.HomeOpened(ctx, to.caller.User)
	if err != nil {
		b.log.WarnContext(ctx, "Home not refreshed", "user", to.caller.User, "error", err)
		return
	}
	if opened {
		b.publishHome(ctx, to)
	}
}

// publishHome shows what the person may have and what they have now.
func (b *homes) publishHome(ctx context.Context, to conversation) {
	blocks, err := b.homeBlocks(ctx, to)
	if err != nil {
		blocks = b.refusal(ctx, to, err).Blocks
	}
	if err := b.web.PublishHome(ctx, to.caller.User, blocks); err != nil {
		b.log.WarnContext(ctx, "Home not published", "user", to.caller.User, "error", err)
	}
}

func (b *homes) homeBlocks(ctx context.Context, to conversation) ([]slack.Block, error) {
	mine, err := to.broker.Policy.Accounts(ctx, to.request(command.Command{}))
	if err != nil {
		return nil, err
	}
	has, err := b.holds(ctx, to)
	if err != nil {
		return nil, err
	}
	return message.Home(to.voice, has, mine), nil
}
