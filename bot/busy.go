package bot

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/form"
	"github.com/assumebot/assumebot/bot/turns"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/watch"
)

// bounds are what one process works on. Whoever acts is told within 3 s of the
// acknowledgement that there is no turn for them, if there is none: 2.1 s at most until
// it is refused, 0.4 s more to find whom and whether that is still to be told, where the store
// and Slack are slow, and the rest to say so.
var bounds = turns.Bounds{
	AtOnce:      256,
	EachAtOnce:  8,
	Waiting:     2048, // some 1,000 are served in a second
	EachWaiting: 32,
	Within:      2 * time.Second,
	SoonWithin:  time.Second, // judging takes up to judgeTimeout
	Refusing:    32,
	EachRefused: 32,
	Own:         16,
	OwnWaiting:  4096,
	Bytes:       64 << 20,
	EachBytes:   8 << 20, // an envelope has 4 MB at most, and one that was answered may still be held
}

// knownWithin bounds asking whether whoever acted may learn that there is too much to do. Slack
// is asked for it only of who is no User, and they are a stranger if it takes longer.
const knownWithin = 200 * time.Millisecond

// turnAway tells who acted that there is too much to do. Before it answers it asks
// nothing of the store, but whether another process tells that too, should this one have
// stood still.
func (i *intake) turnAway(a arrival) {
	ctx, cancel := i.begin(time.Now())
	defer i.sweeper.touch()
	defer cancel()
	defer i.rescue(ctx, conversation{}, nil)
	a.accepted.say()
	told := false
	defer func() { i.shed.count(told) }()
	switch {
	case a.Kind == "slash_commands":
		if cmd, ok := i.typed(a); ok {
			to, owed := i.visits.waiting.refused(a.ID)
			if !owed {
				to = i.visits.typed(a, cmd)
			}
			told = i.sayBusy(ctx, to)
		}
	case a.answering != nil:
		told = i.ackBusy(ctx, a)
	case a.Kind == "interactive":
		if in, ok := i.interaction(a); ok {
			told = i.sayBusy(ctx, in.to.beside())
		}
	default: // nobody waits for an answer to an event
	}
}

// interaction reads one that does not wait any more.
func (i *intake) interaction(a arrival) (in interaction, ok bool) {
	if in, ok = i.visits.readInteraction(a.Envelope); !ok {
		i.visits.waiting.drop(a.ID)
	} else if to, owed := i.visits.waiting.refused(a.ID); owed {
		in.to = to
	}
	return in, ok
}

// sayBusy reports whether the person was told.
func (i *intake) sayBusy(ctx context.Context, to conversation) bool {
	defer to.debt.Settle()
	to.fate.becomes(watch.Busy)
	defer to.fate.ended()
	m := to.voice.Error(errTurn(ctx, to))
	err := i.visits.delivery.replySoon(ctx, to, m)
	if err != nil {
		i.log.WarnContext(ctx, "a person was not told yet that there is too much to do", "user", to.caller.User, "error", err)
	}
	if err != nil && to.debt != nil && !errors.Is(err, errToldElsewhere) {
		i.visits.delivery.owe(ctx, to.debt, i.visits.delivery.owedTo(to, m, owedFor), i.now())
	}
	return err == nil
}

// ackBusy is sayBusy where the acknowledgement is the answer.
func (i *intake) ackBusy(ctx context.Context, a arrival) bool {
	ack := i.acking(a)
	defer ack(nil)
	in, ok := i.visits.readInteraction(a.Envelope)
	if !ok {
		return false
	}
	in.to.fate.becomes(watch.Busy)
	defer in.to.fate.ended()
	if in.Type == slack.InteractionTypeBlockSuggestion {
		return ack(noOptions())
	}
	e := errTurn(ctx, in.to)
	switch text := in.to.voice.ErrorText(e); in.View.CallbackID {
	case form.DenyCallback:
		return ack(form.CommentError(text))
	case form.SearchCallback:
		return ack(form.SearchError(text))
	}
	f, _ := form.Read(in.to.voice, in.View)
	return ack(f.Judged(in.to.voice, e))
}

// errTurn is that there is no turn for whoever to is, as they are told it.
func errTurn(ctx context.Context, to conversation) *broker.Error {
	ctx, cancel := context.WithTimeout(ctx, knownWithin)
	defer cancel()
	return broker.AsError(to.told(ctx, notServing{errBusy(to)}), to.requestID)
}

func errBusy(to conversation) *broker.Error {
	return &broker.Error{
		Code: broker.CodeBusy, Use: to.unused(),
		What: prose.Say("The bot has too much to do right now, so nothing was done."),
		Hint: prose.Say("Try again in a minute."),
	}
}

// lose counts what nobody can be told of.
func (i *intake) lose(a arrival) {
	if a.answering != nil {
		a.answering()
	}
	a.accepted.say()
	i.visits.waiting.drop(a.ID)
	i.shed.count(false)
}

// A shed counts what was not served because there is too much to do, and logs the sum
// once a second while there is any.
type shed struct {
	log *slog.Logger

	mu           sync.Mutex
	told, untold int
}

func (s *shed) count(told bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.told+s.untold == 0 {
		time.AfterFunc(time.Second, s.flush)
	}
	if told {
		s.told++
	} else {
		s.untold++
	}
}

// flush logs what was counted.
func (s *shed) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.told+s.untold > 0 {
		s.log.Error("too much to do, so not everything is served", "told_to_try_again", s.told, "not_told", s.untold)
	}
	s.told, s.untold = 0, 0
}
