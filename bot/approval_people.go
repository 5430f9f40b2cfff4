package bot

import (
	"context"
	"errors"
	"time"

	"github.com/assumebot/assumebot/bot/due"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/bot/typed"
	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
)

// Approvers whom the config names one by one, and not as a user group, may not be
// in the approvals channel: each gets a direct message with the same buttons,
// which changes with the message in the channel. Halfway to the end of its time
// an Approval that still waits is recalled once, in the thread of each message.

// shortestReminder is the wait that deserves a reminder.
const shortestReminder = 2 * time.Minute

// individuals are the approvers that are named one by one, as many as a message
// would ping, without who asked.
func individuals(approvers []string, except string) []string {
	var who []string
	for _, id := range approvers {
		if id != except && typed.IsSlackID(id) && (id[0] == 'U' || id[0] == 'W') && len(who) < message.MostAsked {
			who = append(who, id)
		}
	}
	return who
}

// askEach puts on the due list who else is to be asked, and the reminder. What
// cannot be put there is in the channel all the same. A quiet one is in the channel
// alone: a direct message and a reminder would ping too.
func (b *approvals) askEach(ctx context.Context, s *serving, a approval.Approval) {
	if a.Acknowledge || a.Quiet {
		return
	}
	put := func(at time.Time, t approvalTask) {
		t.User, t.ID = a.User, a.ID
		if _, err := b.dueApprovals.Put(ctx, at, t.entry()); err != nil {
			b.log.ErrorContext(ctx, "an approver is not asked by direct message, or not reminded", "approval", a.ID, "error", err)
		}
	}
	for _, id := range individuals(s.broker.Asking.Approvers(a), a.User) {
		put(b.now(), approvalTask{Ask: id})
	}
	if wait := a.Expires.Sub(a.Asked); wait >= shortestReminder {
		put(b.now().Add(wait/2), approvalTask{Remind: true})
	}
}

// serveAsk sends one approver the message with the buttons.
func (b *approvals) serveAsk(ctx context.Context, s *serving, t approvalTask) due.Result {
	a, err := s.broker.Pending.Approval(ctx, t.User, t.ID)
	_, asked := a.CopyFor(t.Ask)
	switch {
	case gone(err), err == nil && (a.State != approval.Waiting || asked):
		return due.Done()
	case err != nil:
		return b.later(ctx, t, err)
	}
	var unfit *broker.Error
	switch err := s.broker.Pending.MayBeAsked(ctx, t.Ask); {
	case errors.As(err, &unfit) && (unfit.Code == broker.CodeNotAMember || unfit.Code == broker.CodeBlocked):
		b.log.WarnContext(ctx, "an approver is not asked: they are blocked or no full member", "approval", a.ID, "user", t.Ask, "code", unfit.Code)
		return due.Done()
	case err != nil:
		return b.later(ctx, t, err)
	}
	c := approval.Copy{User: t.Ask}
	if c.In, err = b.web.OpenDM(ctx, t.Ask); err == nil {
		c.TS, err = b.web.Post(ctx, c.In, message.Approval(a, nil))
	}
	if err != nil {
		return b.later(ctx, t, err)
	}
	marked, err := s.broker.Pending.MarkCopy(ctx, a, c)
	if kept, _ := marked.CopyFor(t.Ask); err != nil || kept != c {
		if gone := b.web.Delete(ctx, c.In, c.TS); gone != nil {
			b.log.WarnContext(ctx, "a message about an approval stays that should not", "approval", a.ID, "error", gone)
		}
	}
	if err != nil && !gone(err) {
		return b.later(ctx, t, err)
	}
	if err == nil && (marked.State != a.State || len(marked.Votes) != len(a.Votes)) { // somebody was quick
		b.showState(ctx, s, marked, approvalTask{Press: t.ID})
	}
	return due.Done()
}

// serveApprovalReminder reminds the approvers, once.
func (b *approvals) serveApprovalReminder(ctx context.Context, s *serving, t approvalTask) due.Result {
	a, first, err := s.broker.Pending.MarkReminded(ctx, t.User, t.ID)
	switch {
	case gone(err), err == nil && !first && !t.Marked:
		return due.Done()
	case err != nil:
		return b.later(ctx, t, err)
	case a.State != approval.Waiting:
		return due.Done()
	}
	t.Marked = true
	if err := b.web.PostReply(ctx, a.PostIn, a.PostTS, message.ApprovalReminder(a, s.broker.Asking.Approvers(a))); err != nil {
		return b.later(ctx, t, err)
	}
	for _, c := range a.Copies {
		if a.VotedBy(c.User) {
			continue
		}
		if err := b.web.PostReply(ctx, c.In, c.TS, message.ApprovalReminder(a, nil)); err != nil {
			b.log.WarnContext(ctx, "an approver is not reminded", "approval", a.ID, "user", c.User, "error", err)
		}
	}
	return due.Done()
}

// later puts a task off, or gives it up where Slack refuses for good.
func (b *approvals) later(ctx context.Context, t approvalTask, err error) due.Result {
	at, again := webapi.PutOff(b.now(), err, t.Tries)
	b.log.WarnContext(ctx, "asking an approver is put off", "approval", t.ID, "user", t.Ask, "error", err, "again", again)
	if !again || t.Tries >= due.MaxTries {
		return due.Done()
	}
	return t.putOff(at)
}
