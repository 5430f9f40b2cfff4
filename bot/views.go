package bot

import (
	"context"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker/retry"
)

// turnsWithin is how long Slack may take to show the view of an acknowledgement.
// That goes through the socket and views.update does not, so the later of the two
// could be shown first, and "Asking AWS…" then stay for good.
const turnsWithin = 300 * time.Millisecond

// turned is to, once an acknowledgement has put another view into its modal.
func (to conversation) turned() conversation {
	to.turns = time.Now().Add(turnsWithin)
	return to
}

// updateView puts v in place of what to's modal shows, trying again where that
// may help.
func (b *delivery) updateView(ctx context.Context, to conversation, v slack.ModalViewRequest) error {
	retry.Sleep(ctx, time.Until(to.turns))
	return webapi.Repeat(ctx, func() error { return b.web.UpdateView(ctx, to.view, "", v) })
}
