package auditchannel

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/webapi"
)

// That a post is under way is noted before it goes out. Whoever finds the note does not
// know whether Slack has it, so posts it again and says so.

// step tells what waits, once; more is true while there may be more of it.
func (a *Channel) step(ctx context.Context, state *progress) (more bool, err error) {
	if err := a.pace.await(ctx); err != nil {
		return false, err
	}
	l, err := a.waiting(ctx, state)
	switch {
	case err != nil:
		return false, err
	case len(l.lines) > 0:
		return true, a.post(ctx, state, l)
	case l.then.Next > state.Next || l.then.Alarms > state.kept || len(l.then.Folds) != len(state.Folds):
		return l.more, a.save(ctx, state, l.then)
	}
	return l.more, nil
}

// post tells a lot, or its first line where few wait.
func (a *Channel) post(ctx context.Context, state *progress, l *lot) error {
	m, then, digested := l.lines[0].whole, l.first, false
	if len(l.lines) > singly {
		m, then, digested = digest(l.lines), l.then, true
	}
	err := a.send(ctx, state, l.urgent, m)
	if webapi.MessageRefused(err) {
		if digested { // one of them; the others go without it
			a.most = len(l.lines) / 2
			return nil
		}
		err = a.standIn(ctx, state, l, err)
	}
	var limited *slack.RateLimitedError
	switch {
	case errors.As(err, &limited):
		return nil
	case err != nil:
		return err
	}
	a.most = min(2*a.most, digestLines)
	if a.overtook++; !l.urgent {
		a.overtook = 0
	}
	then.AlarmOut, then.RestOut = state.AlarmOut && !l.urgent, state.RestOut && l.urgent
	return a.save(ctx, state, then)
}

// stand posts that there is something which Slack does not take as it is rendered: trying
// again would hold up everything behind it.
func (a *Channel) standIn(ctx context.Context, state *progress, l *lot, why error) error {
	number := state.Next
	if l.lines[0].entry != nil {
		number = *l.lines[0].entry
	}
	a.Log.Error("Slack does not take an event as it is rendered", "entry", number, "error", why)
	if err := a.pace.await(ctx); err != nil {
		return err
	}
	if err := a.send(ctx, state, l.urgent, unshownMessage(number)); !webapi.MessageRefused(err) {
		return err
	}
	return nil // it is on the record and in the log
}

// send posts one message while the lease is held, and notes that it is under way.
func (a *Channel) send(ctx context.Context, state *progress, urgent bool, m blockkit.Message) error {
	out := &state.RestOut
	if urgent {
		out = &state.AlarmOut
	}
	if *out {
		m = again(m)
	}
	*out = true
	if err := a.save(ctx, state, *state); err != nil {
		return err
	}
	if _, err := state.hold.Fence(); err != nil {
		return err
	}
	at := time.Now()
	err := a.postOnce(ctx, m)
	limited := a.pace.posted(at, err)
	*out = !webapi.NotTaken(err)
	if err == nil || limited || *out {
		return err
	}
	return errors.Join(err, a.save(ctx, state, *state))
}

// again says that m may be there already.
func again(m blockkit.Message) blockkit.Message {
	const say = "This may stand above already: the bot stopped, or Slack did not answer, while it was posted."
	return blockkit.Message{Text: m.Text + " " + say, Blocks: append(slices.Clone(m.Blocks), slack.NewRichTextBlock("", blockkit.Paragraph(say)))}
}
