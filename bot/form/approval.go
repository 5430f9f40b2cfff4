package form

import (
	"fmt"
	"slices"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/text"
)

// UseCallback is the form for the code of an approved Request. It is bound to
// the Approval: everything but code and format is what was approved.
const UseCallback = "use_approval"

// Use asks for the code of an approved Request.
func Use(a approval.Approval, f State) slack.ModalViewRequest {
	about := []slack.RichTextElement{blockkit.Paragraph(blockkit.Bold(a.Account),
		" for "+text.FormatDuration(a.Duration)+", approved by ", message.Voters(a),
		". The approval is good for one request, until ", blockkit.Moment(a.Expires), ".")}
	if a.Reason != "" {
		about = append(about, blockkit.Quote(a.Reason))
	}
	blocks := append(slices.Clone(f.Above), blockkit.NewMessage("", about...).Blocks...)
	blocks = append(blocks, codeField(f, true)...)
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: UseCallback, PrivateMetadata: a.ID,
		Title: blockkit.PlainText(modalTitle), Submit: blockkit.PlainText("Get credentials"), Close: blockkit.PlainText("Cancel"),
		Blocks: slack.Blocks{BlockSet: append(blocks, formatField(f))},
	}
}

// DenyCallback is the form of a denial; its field is named too.
const (
	DenyCallback = "deny"
	fieldComment = "comment"
)

// Deny asks for the comment of a denial.
func Deny(a approval.Approval) slack.ModalViewRequest {
	text := slack.NewPlainTextInputBlockElement(blockkit.PlainText("Why you deny it"), fieldComment)
	text.MaxLength, text.Multiline = broker.MaxReason, true
	comment := slack.NewInputBlock(fieldComment, blockkit.PlainText("Comment"),
		blockkit.PlainText("The person who asked, this channel and the audit record see it"), text)
	comment.Optional = true
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: DenyCallback, PrivateMetadata: message.NameOf(a).String(),
		Title: blockkit.PlainText("Deny"), Submit: blockkit.PlainText("Deny"), Close: blockkit.PlainText("Cancel"),
		Blocks: slack.Blocks{BlockSet: append(blockkit.NewMessage("", message.Wanted(a)...).Blocks, comment)},
	}
}

// ReadComment reads a comment; wrong says why it may not go on the record.
func ReadComment(v slack.View) (comment, wrong string) {
	if v.State == nil {
		return "", ""
	}
	typed := v.State.Values[fieldComment][fieldComment].Value
	comment, over := command.ReadReason(typed)
	switch {
	case snippet.HoldsPrivateKey(typed):
		return "", privateKey
	case over > 0:
		return "", fmt.Sprintf("A comment has at most %d characters. It was not cut.", broker.MaxReason)
	case command.MayHoldCode(comment):
		return "", "The comment holds six digits that look like a code. It goes on the record: leave them out."
	}
	return comment, ""
}

// CommentError is the acknowledgement that says what is wrong with a denial.
func CommentError(text string) any { return Errors(map[string]string{fieldComment: text}) }
