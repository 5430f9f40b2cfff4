package form

import (
	"fmt"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
)

// modalTitle stays within the 24 characters that Slack allows.
// https://docs.slack.dev/reference/views/modal-views
const modalTitle = "AWS credentials"

// Result shows a message in a modal that asks for nothing more, in its Simple form where it
// has one: what that stands for is for messages alone.
func Result(m blockkit.Message) slack.ModalViewRequest {
	if m.Simple != nil {
		m = *m.Simple
	}
	return slack.ModalViewRequest{
		Type:   slack.VTModal,
		Title:  blockkit.PlainText(modalTitle),
		Close:  blockkit.PlainText("Done"),
		Blocks: slack.Blocks{BlockSet: m.Blocks},
	}
}

// Working is what a submitted modal turns into while AWS is asked.
func Working(account string) slack.ModalViewRequest {
	text := "Asking AWS…"
	if account != "" {
		text = fmt.Sprintf("Asking AWS for %s…", account)
	}
	return Waiting(text)
}

// Waiting says what is being done.
func Waiting(text string) slack.ModalViewRequest {
	v := Result(blockkit.NewMessage("", blockkit.Paragraph(text)))
	v.Close = blockkit.PlainText("Close")
	return v
}
