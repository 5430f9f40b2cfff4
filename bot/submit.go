package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/bot/socketmode"
	"github.com/assumebot/assumebot/broker"
)

// A filled is what a submitted form holds.
type filled struct {
	account  string
	duration time.Duration
	format   snippet.Format
	service  string // of FormatConsole
	code     broker.TokenCode
	reason   string
	approval string // the one that the form is bound to
	// breakGlass comes with the form, not from what was typed.
	breakGlass bool
	blocks     map[string]string // block by field, to put an error on
}

// submit serves a submitted form.
func (b *Bot) submit(ctx context.Context, e socketmode.Envelope, in interaction, ack func(any) bool) {
	switch in.View.CallbackID {
	case formCallback, useCallback:
		b.submitForm(ctx, e, in, ack)
	case denyCallback:
		b.submitDenial(ctx, e, in, ack)
	case bucketsCallback:
		b.submitSearch(ctx, e, in, ack)
	}
}

// submitForm serves the form that asks for credentials. What can be judged
// without AWS comes back in the acknowledgement, on its field; otherwise the
// acknowledgement turns the form into "working", and what AWS says replaces that.
func (b *Bot) submitForm(ctx context.Context, e socketmode.Envelope, in interaction, ack func(any) bool) {
	f, wrong := b.voice.readForm(in.View)
	if wrong != nil {
		ack(slack.NewErrorsViewSubmissionResponse(wrong))
		return
	}
	judging, cancel := context.WithTimeout(ctx, judgeTimeout)
	defer cancel()
	f.breakGlass = origin(in.View).BreakGlass
	first, err := b.firstSubmission(judging, in.to, sightings(e, in.TriggerID)...)
	if err == nil && !first {
		ack(f.errorOn(fieldAccount, sentAlready))
		return
	}
	if err == nil {
		err = in.to.broker.Visits.Enter(judging, in.to.request(command.Command{Account: f.account}))
	}
	if err == nil {
		err = b.aloneOrRefused(ctx, in.to)
	}
	var r broker.Request
	if err == nil {
		r, err = b.asks(judging, in, &f)
	}
	if err != nil {
		b.backToForm(ctx, in, f, err, ack)
		return
	}
	// Judging that takes too long is left to Issue, which judges again; so is what
	// others have to be asked for.
	view := workingView(f.account)
	if err := in.to.broker.Issuing.Judge(judging, r); needsApproval(r, err) {
		view = waitingView("Asking others to approve " + f.account + "…")
	} else if err != nil && judging.Err() == nil {
		b.backToForm(ctx, in, f, err, ack)
		return
	}
	// A second press sends the same view again, under another trigger. A form that
	// was refused on a field keeps its hash, so it counts only now.
	claiming, done := context.WithTimeout(ctx, judgeTimeout)
	defer done()
	if first, err = b.firstSubmission(claiming, in.to, "view:"+in.View.ID+in.View.Hash); err != nil || !first {
		if err != nil {
			b.backToForm(ctx, in, f, err, ack)
			return
		}
		ack(f.errorOn(fieldAccount, sentAlready))
		return
	}
	ack(slack.NewUpdateViewSubmissionResponse(&view))
	in.to = in.to.turned()
	if !b.takeSlot(ctx) {
		b.deliver(ctx, in.to, b.refusal(ctx, in.to, busy(in.to)))
		return
	}
	defer b.leaveSlot()
	b.issueIntoView(ctx, in.to, r, f)
}

const sentAlready = "This was already sent. The answer comes in this window."

// firstSubmission reports whether a submission is the first of its ids. When
// the store cannot tell, nothing is done.
func (b *Bot) firstSubmission(ctx context.Context, to conversation, ids ...string) (bool, error) {
	first, err := b.counters.FirstSight(ctx, ids...)
	if err != nil {
		return false, errNotLooked(to, err)
	}
	return first, nil
}

// backToForm says on its field what is wrong; where the acknowledgement had to
// go before that was known, above the form.
func (b *Bot) backToForm(ctx context.Context, in interaction, f filled, err error, ack func(any) bool) {
	if ack(f.judged(b.voice, broker.AsError(err, in.to.requestID))) {
		b.refusal(ctx, in.to, err) // for the log
		return
	}
	b.refillForm(ctx, in.to.turned(), f, err)
}

// issueIntoView asks AWS and shows what it says in the modal: the credentials,
// that it waits for approval, or the form as it was filled in with the error
// above it.
func (b *Bot) issueIntoView(ctx context.Context, to conversation, r broker.Request, f filled) {
	err := b.issueAs(ctx, to, r, f)
	switch {
	case needsApproval(r, err):
		b.ask(ctx, to, r)
	case err != nil:
		b.refillForm(ctx, to, f, err)
	}
}

// refillForm shows the form as it was filled in, without the code, and the
// error above it.
func (b *Bot) refillForm(ctx context.Context, to conversation, f filled, err error) {
	b.refusal(ctx, to, err) // for the log
	wrong := broker.AsError(err, to.requestID)
	if err := b.updateView(ctx, to, b.formAgain(ctx, to, f, wrong)); err != nil {
		b.log.WarnContext(ctx, "form not shown again; telling by direct message", "request", to.requestID, "error", err)
		b.tellOrOwe(ctx, to, b.voice.error(wrong))
	}
}

// issueAs issues and shows the credentials or, as console, a sign-in link.
func (b *Bot) issueAs(ctx context.Context, to conversation, r broker.Request, f filled) error {
	if f.format == snippet.Console {
		r.Purpose = broker.PurposeConsole
		s, err := to.broker.Issuing.Console(ctx, r, f.service)
		if err == nil {
			b.seeTo(ctx, r, s.Issued)
			b.presentSignIn(ctx, to, r, s)
		}
		return err
	}
	issued, err := b.issue(ctx, to, r)
	if err == nil {
		if !f.breakGlass { // there the form chose, perhaps
			b.rememberFormat(ctx, to, f.format)
		}
		b.present(ctx, to, r, issued, f.format)
	}
	return err
}

// readForm reads what was filled in; wrong names what cannot be read, by block.
// What is wrong is left out of f.
func (v voice) readForm(view slack.View) (f filled, wrong map[string]string) {
	f.blocks, wrong = map[string]string{}, map[string]string{}
	if view.State == nil {
		view.State = &slack.ViewState{}
	}
	for block, actions := range view.State.Values {
		if len(block) > maxBlockID {
			continue
		}
		for action, value := range actions {
			if problem, ours := f.readField(v, action, value); ours {
				f.blocks[action] = block
				if problem != "" {
					wrong[block] = problem
				}
			}
		}
	}
	for _, field := range []string{fieldAccount, fieldDuration, fieldReason} {
		if f.blocks[field] == "" { // a form bound to an approval has none
			f.blocks[field] = f.blocks[fieldCode]
		}
	}
	if view.CallbackID == formCallback && f.account == "" && len(wrong) == 0 {
		wrong[f.blocks[fieldAccount]] = v.errorText(broker.AsError(command.NoAccount(), ""))
	}
	// The record must hold no code, so a reason that may be one is refused.
	if command.ReasonHoldsCode(f.reason, f.code) {
		wrong[f.blocks[fieldReason]] = "This looks like your code; it goes into its own field."
	}
	if len(wrong) == 0 {
		wrong = nil
	}
	return f, wrong
}

// readField reads one field as what is typed is read. ours is false for one that
// the form does not have.
func (f *filled) readField(v voice, action string, value slack.BlockAction) (problem string, ours bool) {
	chosen := value.SelectedOption.Value
	var err error
	switch action {
	case fieldAccount:
		if chosen != "" {
			f.account, err = command.ReadAccount(chosen)
		}
	case fieldDuration:
		f.duration, err = command.ReadDuration(chosen)
	case fieldFormat:
		f.format, f.service, err = command.ReadFormat(chosen)
	case fieldReason:
		var over int
		if f.reason, over = command.ReadReason(value.Value); over > 0 {
			problem = fmt.Sprintf("A reason has at most %d characters; this one has %d. It was not cut.", broker.MaxReason, over)
		}
		if snippet.HoldsPrivateKey(value.Value) {
			problem = "That is a private key. Treat it as leaked, and make a new one: Slack has seen it. The bot kept nothing of it."
		}
	case fieldCode:
		var ok bool
		if f.code, ok = command.ReadCode(value.Value); !ok {
			problem = "A code has six digits."
		}
	default:
		return "", false
	}
	if err != nil {
		problem = v.errorText(broker.AsError(err, ""))
	}
	return problem, true
}

// judged puts an error onto the field that it is about.
func (f filled) judged(v voice, e *broker.Error) any {
	field := fieldAccount
	switch e.Code {
	case broker.CodeTooLong, broker.CodeTooShort:
		field = fieldDuration
	case broker.CodeNeedsCode, broker.CodeCodeSpent:
		field = fieldCode
	case broker.CodeReason:
		field = fieldReason
	}
	return f.errorOn(field, v.errorText(inForm(e)))
}

func (f filled) errorOn(field, text string) any {
	return slack.NewErrorsViewSubmissionResponse(map[string]string{f.blocks[field]: text})
}

func jsonSize(v any) int {
	data, err := json.Marshal(v)
	if err != nil {
		return socketmode.MaxAck
	}
	return len(data)
}
