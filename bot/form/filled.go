package form

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/bot/typed"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/secret"
)

const (
	// maxBlockID is what a block_id has at most.
	// https://docs.slack.dev/reference/block-kit/blocks/input-block
	maxBlockID = 255
	// maxMetadata is what private_metadata has at most.
	// https://docs.slack.dev/reference/views/modal-views
	maxMetadata = 3000
)

// A Filled is what a submitted form holds.
type Filled struct {
	Account  string
	Duration time.Duration
	Format   snippet.Format
	Service  string // of snippet.Console
	Code     secret.TokenCode
	Reason   string
	Approval string // the one that the form is bound to
	// BreakGlass comes with the form, not from what was typed.
	BreakGlass bool
	Blocks     map[string]string // block by field, of those that the form has
}

// block is where an error of field is said. A form bound to an approval has few fields,
// and one whose Account takes no code none for that.
func (f Filled) block(field string) string {
	return cmp.Or(f.Blocks[field], f.Blocks[FieldAccount], f.Blocks[FieldCode], f.Blocks[fieldFormat])
}

// Read reads what was filled in; wrong names what cannot be read, by block.
// What is wrong is left out of f.
func Read(v message.Voice, view slack.View) (f Filled, wrong map[string]string) {
	f.Blocks, wrong = map[string]string{}, map[string]string{}
	if view.State == nil {
		view.State = &slack.ViewState{}
	}
	for block, actions := range view.State.Values {
		if len(block) > maxBlockID {
			continue
		}
		for action, value := range actions {
			if problem, ours := f.readField(v, action, value); ours {
				f.Blocks[action] = block
				if problem != "" {
					wrong[block] = problem
				}
			}
		}
	}
	if view.CallbackID == Callback && f.Account == "" && len(wrong) == 0 {
		wrong[f.block(FieldAccount)] = v.ErrorText(broker.AsError(command.NoAccount(), ""))
	}
	// The record must hold no code, so a reason that may be one is refused.
	if command.ReasonHoldsCode(f.Reason, f.Code) {
		wrong[f.block(fieldReason)] = "This looks like a code, which must not go on the record. Leave it out of the reason."
	}
	if len(wrong) == 0 {
		wrong = nil
	}
	return f, wrong
}

// readField reads one field as what is typed is read. ours is false for one that
// the form does not have.
func (f *Filled) readField(v message.Voice, action string, value slack.BlockAction) (problem string, ours bool) {
	chosen := value.SelectedOption.Value
	var err error
	switch action {
	case FieldAccount:
		if chosen != "" {
			f.Account, err = command.ReadAccount(chosen)
		}
	case fieldDuration:
		f.Duration, err = command.ReadDuration(chosen)
	case fieldFormat:
		f.Format, f.Service, err = command.ReadFormat(chosen)
	case fieldReason:
		var over int
		if f.Reason, over = command.ReadReason(value.Value); over > 0 {
			problem = fmt.Sprintf("A reason has at most %d characters; this one has %d. It was not cut.", broker.MaxReason, over)
		}
		if snippet.HoldsPrivateKey(value.Value) {
			problem = privateKey
		}
	case FieldCode:
		var ok bool
		if f.Code, ok = command.ReadCode(value.Value); !ok {
			problem = "A code has six digits."
		}
	default:
		return "", false
	}
	if err != nil {
		problem = v.ErrorText(broker.AsError(err, ""))
	}
	return problem, true
}

// privateKey is said on the field that one was typed into.
const privateKey = "That is a private key. Treat it as leaked, and make a new one: Slack has seen it. The bot kept nothing of it."

// Errors is the acknowledgement that says what is wrong, by block.
func Errors(wrong map[string]string) any { return slack.NewErrorsViewSubmissionResponse(wrong) }

// Judged puts an error onto the field that it is about.
func (f Filled) Judged(v message.Voice, e *broker.Error) any {
	field := FieldAccount
	switch e.Code {
	case broker.CodeTooLong, broker.CodeTooShort:
		field = fieldDuration
	case broker.CodeNeedsCode, broker.CodeCodeSpent:
		field = FieldCode
	case broker.CodeReason:
		field = fieldReason
	}
	return f.ErrorOn(field, v.ErrorText(message.InForm(e)))
}

// ErrorOn is the acknowledgement that puts text onto a field.
func (f Filled) ErrorOn(field, text string) any {
	return Errors(map[string]string{f.block(field): text})
}

// ReadOrigin reads what View put into a form.
func ReadOrigin(v slack.View) Origin {
	var o Origin
	if v.CallbackID != Callback || len(v.PrivateMetadata) > maxMetadata || json.Unmarshal([]byte(v.PrivateMetadata), &o) != nil {
		return Origin{}
	}
	o.Channel = typed.Only(typed.SlackChannel, o.Channel)
	return o
}
