package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/assumebot/assumebot/bot/due"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/bot/typed"
	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
)

// approvalList is the due list of Approvals: each at the end of its time, and
// what still follows from a change.
const approvalList = "approvals"

// followAfter is when the due list looks after a change that a replica may
// have died over.
const followAfter = 30 * time.Second

// An approvalTask is an entry of the due list. It holds no secret and grants
// nothing: what is to be shown or told is read from the Approval.
type approvalTask struct {
	User  string `json:"user"`
	ID    string `json:"id"`
	Press string `json:"press,omitempty"` // the Request that decided; "" for the end of its time
	Told  bool   `json:"told,omitempty"`  // who asked knows, or need not be told
	Tries int    `json:"tries,omitempty"` // that failed

	Ask    string `json:"ask,omitempty"`    // the approver who is to be sent it
	Remind bool   `json:"remind,omitempty"` // the approvers are to be reminded
	Marked bool   `json:"marked,omitempty"` // and it is noted that they are
	// BreakGlass is what the approvers could not be asked to take note of.
	BreakGlass *glassUse `json:"break_glass,omitempty"`
	// Channel and TS are the message that was pressed, for an Approval that was
	// not yet marked with it. They come from a press, so they are not on the list:
	// nobody but the store says later which message of its own the bot overwrites.
	Channel string `json:"-"`
	TS      string `json:"-"`
}

func (t approvalTask) entry() []byte {
	entry, _ := json.Marshal(t) // a struct of strings always encodes
	return entry
}

// putOff is the task again, after a failure.
func (t approvalTask) putOff(at time.Time) due.Result {
	t.Tries++
	return due.Result{Next: t.entry(), At: at}
}

// postApproval shows a new Approval to the approvers, and sees to its end. An
// error means that it is not shown, as far as that is known; one that asks to
// take note of break-glass is posted later then.
func (b *approvals) postApproval(ctx context.Context, s *serving, a approval.Approval) error {
	err := b.expireLater(ctx, a)
	if err == nil {
		err = b.postNow(ctx, s, a)
	}
	if err == nil || !a.Acknowledge {
		return err
	}
	b.log.WarnContext(ctx, "break-glass is not shown to the approvers yet", "approval", a.ID, "error", err)
	t := approvalTask{User: a.User, ID: a.ID, Press: a.ID, Told: true}
	_, err = b.dueApprovals.Put(ctx, b.now().Add(due.Tick), t.entry())
	return err
}

// expireLater puts the end of an Approval's time on the due list, in place of an
// earlier one. How long that is goes by the clock that all replicas share; the
// due list by that of whichever replica works on it, which asks again.
func (b *approvals) expireLater(ctx context.Context, a approval.Approval) error {
	since := a.Asked
	if n := len(a.Votes); n > 0 {
		since = a.Votes[n-1].At
	}
	_, err := b.dueApprovals.Put(ctx, b.now().Add(a.Expires.Sub(since)), approvalTask{User: a.User, ID: a.ID}.entry())
	return err
}

// postNow posts the message of an Approval and marks it with it. Where two
// replicas do so at once, the message that the Approval is not marked with goes.
func (b *approvals) postNow(ctx context.Context, s *serving, a approval.Approval) error {
	channel := cmp.Or(s.settings.ApprovalsChannel, b.auditIn)
	m := message.Approval(a, s.broker.Asking.Approvers(a))
	if a.Acknowledge && channel != b.auditIn { // there it was loud already
		m = message.Loud(m)
	}
	ts, err := b.web.PostOnce(ctx, channel, m)
	if err != nil {
		return err
	}
	marked, err := s.broker.Pending.MarkPosted(ctx, a, channel, ts)
	if err != nil || marked.PostTS != ts {
		if gone := b.web.Delete(ctx, channel, ts); gone != nil {
			b.log.WarnContext(ctx, "a message about an approval stays that should not", "approval", a.ID, "channel", channel, "ts", ts, "error", gone)
		}
		return err
	}
	if marked.State != a.State || len(marked.Votes) != len(a.Votes) { // somebody was quick
		b.showState(ctx, s, marked, approvalTask{Press: a.ID})
	}
	b.askEach(ctx, s, marked)
	return nil
}

// show puts an Approval's state on its message. Of two replicas that do so at
// once the later may hold the older state; so each looks again after it wrote,
// until what it wrote is what there is. An error is one that may pass.
func (b *approvals) show(ctx context.Context, s *serving, a approval.Approval, t approvalTask) error {
	for {
		if a.PostTS == "" {
			a.PostIn, a.PostTS = t.Channel, t.TS
		}
		switch {
		case a.PostTS != "":
			if err := b.web.Rewrite(ctx, a.PostIn, a.PostTS, message.Approval(a, s.broker.Asking.Approvers(a))); webapi.RefusedForGood(err) {
				b.log.ErrorContext(ctx, "Slack refuses to show what became of an approval", "approval", a.ID, "state", a.State, "error", err)
				return nil
			} else if err != nil {
				return err
			}
			if err := b.showCopies(ctx, a); err != nil {
				return err
			}
		case a.Acknowledge:
			if err := b.postNow(ctx, s, a); err != nil {
				return err
			}
		}
		now, err := s.broker.Pending.Approval(ctx, a.User, a.ID)
		if gone(err) || err == nil && now.Version == a.Version && now.State == a.State {
			return nil
		}
		if err != nil {
			return err
		}
		a = now
	}
}

// showCopies puts an Approval's state on what single approvers were sent.
func (b *approvals) showCopies(ctx context.Context, a approval.Approval) error {
	var failed error
	for _, c := range a.Copies {
		switch err := b.web.Rewrite(ctx, c.In, c.TS, message.Approval(a, nil)); {
		case webapi.RefusedForGood(err):
			b.log.WarnContext(ctx, "Slack refuses to show an approver what became of an approval", "approval", a.ID, "user", c.User, "error", err)
		case err != nil:
			failed = err
		}
	}
	return failed
}

// gone reports whether nothing is known of an Approval any more.
func gone(err error) bool {
	var e *broker.Error
	return errors.As(err, &e) && e.Code == broker.CodeApprovalGone
}

// follow does what follows from a change: the message shows it, who asked is
// told of an end, and an approval's own end is due. What fails is put off.
func (b *approvals) follow(ctx context.Context, s *serving, a approval.Approval, t approvalTask) due.Result {
	var failed error
	if a.State == approval.Approved {
		failed = b.expireLater(ctx, a)
	}
	if err := b.show(ctx, s, a, t); err != nil {
		failed = err
	}
	if m, tells := message.Outcome(s.voice, a, s.broker.Policy.MayBreakGlass(ctx, a.User, a.Account)); tells && !t.Told {
		// The press counts as asked from the direct message.
		if a.State == approval.Expired && s.broker.Policy.BreakGlassFrom(ctx, broker.Caller{User: a.User}, a.Account) {
			m.Blocks = append(m.Blocks, message.GlassButton(a.Account))
		}
		err := b.web.Tell(ctx, a.User, m)
		t.Told = err == nil || webapi.RefusedForGood(err)
		switch {
		case err != nil && t.Told:
			b.log.ErrorContext(ctx, "who asked cannot be told what became of it", "approval", a.ID, "user", a.User, "error", err)
		case err != nil:
			failed = err
		}
	}
	if failed == nil {
		return due.Done()
	}
	at, again := webapi.PutOff(b.now(), failed, t.Tries)
	b.log.WarnContext(ctx, "what follows from a change is put off", "approval", a.ID, "state", a.State, "error", failed, "until", at)
	if !again {
		return due.Done()
	}
	return t.putOff(at)
}

// serveApproval does what is due about an Approval.
func (b *approvals) serveApproval(ctx context.Context, entry []byte) due.Result {
	s := b.live.Load()
	var t approvalTask
	if json.Unmarshal(entry, &t) != nil || !typed.IsSlackID(t.User) || !typed.IsEntryID(t.ID) {
		return due.SetAside("no_approval")
	}
	switch {
	case t.BreakGlass != nil:
		return b.serveBreakGlass(ctx, s, t)
	case t.Ask != "" && !typed.IsSlackID(t.Ask):
		return due.SetAside("no_approver")
	case t.Ask != "":
		return b.serveAsk(ctx, s, t)
	case t.Remind:
		return b.serveApprovalReminder(ctx, s, t)
	}
	var (
		a    approval.Approval
		left time.Duration
		err  error
	)
	if t.Press == "" {
		a, left, err = s.broker.Pending.ExpireApproval(ctx, t.User, t.ID)
	} else {
		a, err = s.broker.Pending.Approval(ctx, t.User, t.ID)
	}
	switch {
	case gone(err):
		return due.Done()
	case err != nil:
		b.log.WarnContext(ctx, "an approval is looked at later: the store does not answer", "approval", t.ID, "error", err)
		return t.putOff(b.now().Add(min(time.Minute, due.Tick<<min(max(t.Tries, 0), 6))))
	case left > 0: // by the clock that counts; or somebody approved meanwhile
		return due.Result{Next: entry, At: b.now().Add(left)}
	}
	if t.Press == "" && a.State != approval.Expired {
		t.Told = true // by whoever ended it
	}
	return b.follow(ctx, s, a, t)
}
