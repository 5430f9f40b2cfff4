package bot

import (
	"context"
	"encoding/json"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/form"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/bot/socketmode"
	"github.com/assumebot/assumebot/broker/ahead"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/text"
)

// judgeTimeout is what an answer that is an acknowledgement may take; Slack
// waits 3 s.
const judgeTimeout = 2 * time.Second

// latestAck is when an answer that is not there yet gives way to one that says
// nothing wrong: "working" for a submission, no options for a menu.
const latestAck = 2500 * time.Millisecond

// noOptions is what is offered to who asks for too much, or cannot be served in time.
func noOptions() form.Options { return form.Options{OptionGroups: []*slack.OptionGroupBlockObject{}} }

func (v *visits) lateAck(in interaction) any {
	if in.Type == slack.InteractionTypeBlockSuggestion {
		return noOptions()
	}
	f, _ := form.Read(in.to.voice, in.View)
	view := form.Working(f.Account)
	if in.View.CallbackID == form.DenyCallback {
		view = form.Result(blockkit.NewMessage("", blockkit.Paragraph("Denying…")))
	}
	return slack.NewUpdateViewSubmissionResponse(&view)
}

// An interaction is a press, a choice, a submission or a shortcut.
// https://docs.slack.dev/interactivity/handling-user-interaction
type interaction struct {
	slack.InteractionCallback
	to   conversation
	more int // actions that it holds beside its first
}

// readInteraction reads an interaction, and says who did it.
func (v *visits) readInteraction(e socketmode.Envelope) (in interaction, ok bool) {
	var payload json.RawMessage
	err := e.Decode(&payload)
	if err == nil {
		in.InteractionCallback, in.more, err = readInteraction(payload)
	}
	if err != nil {
		v.log.Error("interaction not understood", "error", err)
		return in, false
	}
	in.to = v.conversationOf(in.InteractionCallback)
	v.fated(&in.to, surfaceOf(in.Type), e)
	return in, true
}

// asked says what it asks, where somebody waits for an answer. A choice in a form, and a
// link that the browser has, can be made again.
func (in interaction) asked() []prose.Part {
	if in.Type != slack.InteractionTypeBlockActions {
		return prose.Say("your shortcut")
	}
	if all := in.ActionCallback.BlockActions; len(all) == 0 || all[0].ActionID == form.FieldAccount || all[0].ActionID == message.ActOpenLink {
		return nil
	}
	return prose.Say("the button that you pressed")
}

// interaction serves an interaction, acknowledging it where that is the answer.
func (v *visits) interaction(ctx context.Context, a arrival) {
	ctx, cancel := context.WithDeadline(ctx, a.at.Add(answerWithin))
	defer cancel()
	if a.answering != nil {
		v.answerByAck(ctx, a)
		return
	}
	in, ok := v.readInteraction(a.Envelope)
	if !ok {
		v.waiting.drop(a.ID)
		return
	}
	if to, ok := v.waiting.take(a.ID); ok {
		in.to = to
	}
	ctx = in.to.under(ctx)
	in.to.asked = in.asked()
	defer func() { in.to.debt.Settle() }()
	defer in.to.fate.ended()
	defer v.rescue(ctx, in.to, func(m blockkit.Message) { v.delivery.deliver(ctx, in.to.beside(), m) })
	ids := sightings(a.Envelope, in.TriggerID)
	if err := v.door.pass(ctx, &in.to, v.door.person, v.door.ask(ahead.Questions{}, ids...), v.door.accepted(a), v.door.first(ids...),
		v.door.enter("")); err != nil {
		v.door.turnedAway(ctx, in.to, err)
		return
	}
	v.interact(ctx, in)
}

// answerByAck serves what is answered by its acknowledgement: there is one in any
// case, the latest when it is due.
func (v *visits) answerByAck(ctx context.Context, a arrival) {
	ack := v.acking(a)
	defer ack(nil)
	in, ok := v.readInteraction(a.Envelope)
	if !ok {
		return
	}
	ctx = in.to.under(ctx)
	defer in.to.fate.ended()
	suggestion := in.Type == slack.InteractionTypeBlockSuggestion
	defer v.rescue(ctx, in.to, func(m blockkit.Message) {
		view := form.Result(m)
		switch {
		case suggestion:
			ack(v.lateAck(in))
		case !ack(slack.NewUpdateViewSubmissionResponse(&view)):
			v.delivery.deliver(ctx, in.to.turned(), m)
		}
	})
	overdue := time.AfterFunc(time.Until(a.at.Add(latestAck)), func() {
		defer v.rescue(ctx, in.to, nil)
		ack(v.lateAck(in))
	})
	defer overdue.Stop()
	asked := in // the timer has in
	asked.to.caller.User = in.to.personInTime(ctx)
	if suggestion {
		v.forms.suggest(ctx, asked, ack)
		return
	}
	v.submit(ctx, a.Envelope, asked, ack)
}

// conversationOf says who acts and where the answer goes: into the modal that
// was acted in, in place of the message that was acted on, or, from Home and
// shortcuts, into a modal of its own.
func (b *core) conversationOf(in slack.InteractionCallback) conversation {
	team := in.User.TeamID // of whoever acts, not of where they do
	if team == "" {
		team = in.Team.ID
	}
	to := b.arrived(in.User.ID, team, in.Channel.ID)
	to.trigger = in.TriggerID
	if in.Type == slack.InteractionTypeViewSubmission {
		f, _ := form.Read(to.voice, in.View)
		to.code = !f.Code.Empty()
	}
	if from := form.ReadOrigin(in.View).Channel; to.caller.Channel == "" {
		to.caller.Channel = from
	}
	switch {
	case in.View.ID != "" && in.View.Type == slack.VTModal:
		to.view = in.View.ID
	case in.ResponseURL != "":
		// What others could see, or what stays, never gives place to an answer.
		to.responseURL, to.replace = secret.New(in.ResponseURL), in.Container.IsEphemeral
	}
	return to
}

// interact serves what is acknowledged empty.
func (v *visits) interact(ctx context.Context, in interaction) {
	switch in.Type {
	case slack.InteractionTypeBlockActions:
		v.firstAction(ctx, in)
	case slack.InteractionTypeShortcut:
		v.forms.openForm(ctx, in.to, form.State{})
	default:
		v.log.InfoContext(ctx, "interaction not served", "type", blockkit.Shortened(text.OneLine(string(in.Type)), maxQuery))
	}
}

// submit serves a submitted form.
func (v *visits) submit(ctx context.Context, e socketmode.Envelope, in interaction, ack func(any) bool) {
	switch in.View.CallbackID {
	case form.Callback, form.UseCallback:
		v.issuing.submitForm(ctx, e, in, ack)
	case form.DenyCallback:
		v.approvals.submitDenial(ctx, e, in, ack)
	case form.SearchCallback:
		v.lists.submitSearch(ctx, e, in, ack)
	}
}
