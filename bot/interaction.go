package bot

import (
	"context"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/broker"
)

// judgeTimeout is what an answer that is an acknowledgement may take; Slack
// waits 3 s.
const judgeTimeout = 2 * time.Second

// latestAck is when an answer that is not there yet gives way to one that says
// nothing wrong: "working" for a submission, no options for a menu.
const latestAck = 2500 * time.Millisecond

func (b *Bot) lateAck(in interaction) any {
	if in.Type == slack.InteractionTypeBlockSuggestion {
		return optionGroups{OptionGroups: []*slack.OptionGroupBlockObject{}}
	}
	f, _ := readForm(in.View)
	view := workingView(f.account)
	if in.View.CallbackID == denyCallback {
		view = resultView(newMessage("", paragraph(plain("Denying…"))))
	}
	return slack.NewUpdateViewSubmissionResponse(&view)
}

// An interaction is a press, a choice, a submission or a shortcut.
// https://docs.slack.dev/interactivity/handling-user-interaction
type interaction struct {
	slack.InteractionCallback
	to conversation
}

// receiveInteraction acknowledges an interaction as its type asks and serves
// it.
func (b *Bot) receiveInteraction(s *socket, e envelope) {
	var in interaction
	if err := e.decode(&in.InteractionCallback); err != nil {
		b.ackEmpty(s, e)
		b.log.Error("interaction not understood", "error", err)
		return
	}
	in.to = b.conversationOf(in.InteractionCallback)
	switch in.Type {
	case slack.InteractionTypeBlockSuggestion, slack.InteractionTypeViewSubmission:
		// The socket stays open until the acknowledgement is on it.
		s.pending.Add(1)
		b.work(func(ctx context.Context) {
			var once sync.Once
			ack := func(payload any) (sent bool) {
				once.Do(func() {
					sent = true
					defer s.pending.Done()
					if err := s.ack(e.id, payload); err != nil {
						b.log.Warn("interaction not acknowledged", "type", in.Type, "error", err)
					}
				})
				return sent
			}
			defer ack(nil)
			overdue := time.AfterFunc(latestAck, func() { ack(b.lateAck(in)) })
			defer overdue.Stop()
			if in.Type == slack.InteractionTypeBlockSuggestion {
				b.suggest(ctx, in, ack)
			} else {
				b.submit(ctx, e, in, ack)
			}
		})
	default:
		b.ackEmpty(s, e)
		b.work(func(ctx context.Context) {
			if !b.first(ctx, in.to, sightings(e, in.TriggerID)...) {
				return
			}
			if in.Type != slack.InteractionTypeViewClosed && !b.enter(ctx, in.to) {
				return
			}
			if !b.takeSlot(ctx) {
				b.deliver(ctx, in.to.beside(), b.refusal(ctx, in.to, b.unlessStranger(ctx, in.to, busy(in.to))))
				return
			}
			defer b.leaveSlot()
			b.interact(ctx, in)
		})
	}
}

// conversationOf says who acts and where the answer goes: into the modal that
// was acted in, in place of the message that was acted on, or, from Home and
// shortcuts, into a modal of its own.
func (b *Bot) conversationOf(in slack.InteractionCallback) conversation {
	team := in.User.TeamID // of whoever acts, not of where they do
	if team == "" {
		team = in.Team.ID
	}
	to := conversation{
		caller:    broker.Caller{User: in.User.ID, Team: team, Channel: in.Channel.ID},
		requestID: broker.NewID(),
		trigger:   in.TriggerID,
	}
	if from := origin(in.View).Channel; to.caller.Channel == "" {
		to.caller.Channel = from
	}
	switch {
	case in.View.ID != "" && in.View.Type == slack.VTModal:
		to.view = in.View.ID
	case in.ResponseURL != "":
		// What others could see, or what stays, never gives place to an answer.
		to.responseURL, to.replace = broker.NewSecret(in.ResponseURL), in.Container.IsEphemeral
	}
	return to
}

// interact serves what is acknowledged empty.
func (b *Bot) interact(ctx context.Context, in interaction) {
	switch in.Type {
	case slack.InteractionTypeBlockActions:
		for _, action := range in.ActionCallback.BlockActions {
			b.act(ctx, in, action)
		}
	case slack.InteractionTypeShortcut:
		b.openForm(ctx, in.to, formState{})
	case slack.InteractionTypeViewClosed:
	default:
		b.log.InfoContext(ctx, "interaction not served", "type", in.Type)
	}
}
