package bot

import (
	"context"
	"fmt"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker/retry"
)

// modalTitle stays within the 24 characters that Slack allows.
// https://docs.slack.dev/reference/views/modal-views
const modalTitle = "AWS credentials"

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
func (b *Bot) updateView(ctx context.Context, to conversation, v slack.ModalViewRequest) error {
	retry.Sleep(ctx, time.Until(to.turns))
	return webapi.Repeat(ctx, func() error { return b.web.UpdateView(ctx, to.view, "", v) })
}

// resultView shows a message in a modal that asks for nothing more.
func resultView(m blockkit.Message) slack.ModalViewRequest {
	return slack.ModalViewRequest{
		Type:   slack.VTModal,
		Title:  blockkit.PlainText(modalTitle),
		Close:  blockkit.PlainText("Done"),
		Blocks: slack.Blocks{BlockSet: m.Blocks},
	}
}

// workingView is what a submitted modal turns into while AWS is asked.
func workingView(account string) slack.ModalViewRequest {
	text := "Asking AWS…"
	if account != "" {
		text = fmt.Sprintf("Asking AWS for %s…", account)
	}
	return waitingView(text)
}

// waitingView says what is being done.
func waitingView(text string) slack.ModalViewRequest {
	v := resultView(blockkit.NewMessage("", blockkit.Paragraph(blockkit.Plain(text))))
	v.Close = blockkit.PlainText("Close")
	return v
}
