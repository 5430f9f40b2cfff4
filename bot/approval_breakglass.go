package bot

import (
	"context"
	"fmt"

	"github.com/assumebot/assumebot/bot/due"
	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker"
)

// followBreakGlass asks the approvers of an Account to take note of credentials
// that were issued without them. It goes by the record, so that a replica that
// dies leaves it to the next. What cannot be done now is left to the due list: it
// must not hold up what the audit channel is told. An error is that not even that
// was possible.
func (b *approvals) followBreakGlass(ctx context.Context, e broker.Event) error {
	if e.Kind != broker.EventGranted || !e.BreakGlass {
		return nil
	}
	err := b.askToAcknowledge(ctx, b.live.Load(), e)
	if err == nil {
		return nil
	}
	b.log.ErrorContext(ctx, "the approvers are not asked yet to take note of break-glass", "request", e.RequestID, "error", err)
	t := approvalTask{User: e.SlackUser, ID: e.RequestID, BreakGlass: &e}
	if _, err := b.dueApprovals.Put(ctx, b.now().Add(followAfter), t.entry()); err != nil {
		return fmt.Errorf("ask to take note of break-glass: %w", err)
	}
	return nil
}

func (b *approvals) askToAcknowledge(ctx context.Context, s *serving, e broker.Event) error {
	a, err := s.broker.Voting.AskToAcknowledge(ctx, e)
	if err != nil || a.PostTS != "" {
		return err
	}
	return b.postApproval(ctx, s, a)
}

// breakGlassTries bounds how often that is tried, a day or so.
const breakGlassTries = 1440

// serveBreakGlass does what followBreakGlass left to the due list.
func (b *approvals) serveBreakGlass(ctx context.Context, s *serving, t approvalTask) due.Result {
	err := b.askToAcknowledge(ctx, s, *t.BreakGlass)
	at, again := webapi.PutOff(b.now(), err, t.Tries)
	switch {
	case err == nil:
		return due.Done()
	case !again || t.Tries >= breakGlassTries:
		b.log.ErrorContext(ctx, "the approvers are never asked to take note of break-glass; the audit channel was told", "request", t.ID, "error", err)
		return due.Done()
	}
	return t.putOff(at)
}
