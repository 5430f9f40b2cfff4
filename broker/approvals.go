package broker

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

const (
	// approvalKept is how long an Approval can be looked at after it could last be
	// used: whoever presses an old button is told what became of it.
	approvalKept = 24 * time.Hour
	// maxWaiting keeps one person from filling the approvals channel.
	maxWaiting = 5
	// swapTries bounds how often a change is judged anew because another came
	// first; each means that somebody's change was taken.
	swapTries = 50
)

// Ask keeps an Approval that r waits for. Its code is neither used nor kept. One
// that is equal and still good is returned instead, and again is true.
func (b *Broker) Ask(ctx context.Context, r Request) (a Approval, again bool, err error) {
	r.Code = TokenCode{}
	user, err := b.identify(r.Caller)
	if err != nil {
		return Approval{}, false, b.refuse(ctx, r, err)
	}
	if err := b.admit(ctx, r, user); err != nil {
		return Approval{}, false, b.refuse(ctx, r, err)
	}
	a, err = b.toAsk(ctx, r, user)
	if err != nil {
		return Approval{}, false, b.refuse(ctx, r, err)
	}
	open, err := b.openOf(ctx, user.Slack)
	if err != nil {
		return Approval{}, false, b.refuse(ctx, r, storeDown(err))
	}
	for _, k := range open {
		if k.sameAs(a) {
			return k, true, nil
		}
	}
	if len(open) >= maxWaiting {
		return Approval{}, false, b.refuse(ctx, r, &Error{
			Code:    CodeTooMany,
			Message: fmt.Sprintf("You have %d requests waiting for approval already.", len(open)),
			Hint:    "`/assume cancel` takes them back. Nothing was asked.",
		})
	}
	if err := b.keepAsked(ctx, r, a); err != nil {
		return Approval{}, false, err
	}
	// A block that came meanwhile has cancelled what there was before this.
	if err := b.mayAct(ctx, user.Slack); err != nil {
		if _, failed := b.cancelApproval(ctx, a.User, a.ID, Vote{User: user.Slack, Name: user.Name}); failed != nil {
			b.log.ErrorContext(ctx, "what was asked for during a block is not cancelled", "request", r.ID, "error", failed)
		}
		return Approval{}, false, b.refuse(ctx, r, err)
	}
	return a, false, nil
}

// keepAsked puts a new Approval on the record and keeps it.
func (b *Broker) keepAsked(ctx context.Context, r Request, a Approval) error {
	if err := b.recorder.Record(ctx, b.approvalEvent(r, a)); err != nil {
		return b.asError(r, &Error{
			Code: CodeRecord, Err: err,
			Message: "The audit record cannot be written right now, so nobody was asked.",
			Hint:    "Try again in a minute.",
		})
	}
	if err := b.approvals.SaveApproval(ctx, a, a.Expires.Sub(a.Asked)+ApprovalUse+approvalKept); err != nil {
		return b.asError(r, storeDown(err))
	}
	return nil
}

// toAsk is the Approval that r would wait for.
func (b *Broker) toAsk(ctx context.Context, r Request, user User) (Approval, error) {
	account, ok := b.config.Account(r.Account)
	if !ok {
		return Approval{}, b.unknownAccount(ctx, user, r.Account)
	}
	d := b.decide(ctx, r)
	switch d.Effect {
	case Deny:
		return Approval{}, b.denied(account, r, d)
	case Allow:
		return Approval{}, &Error{
			Code:    CodeApprovalGone,
			Message: "You need no approval for " + account.Name + " any more.",
			Hint:    "Send your request again, with your code.",
		}
	}
	duration, err := account.narrowed(d).CheckDuration(r.Duration)
	if err != nil {
		return Approval{}, err
	}
	if _, err := b.sealing(ctx, r, user, account); err != nil {
		return Approval{}, err // they would approve in vain
	}
	if err := b.somebodyCanApprove(ctx, account, user); err != nil {
		return Approval{}, err
	}
	now, err := b.approvals.ApprovalClock(ctx)
	if err != nil {
		return Approval{}, storeDown(err)
	}
	return Approval{
		ID: r.ID, User: user.Slack, UserName: user.Name, Team: r.Caller.Team, Channel: r.Caller.Channel,
		Account: account.Name, RoleARN: account.RoleARN, Duration: duration, Reason: r.Reason, Format: r.Format, Terms: account.terms(),
		Needs: account.Approval.Count, State: ApprovalWaiting, Asked: now, Expires: now.Add(account.Approval.Expires),
	}, nil
}

// somebodyCanApprove refuses to ask where, but for the person who asks, there are
// fewer approvers than are needed. While nobody knows who is in their user groups
// there may be enough.
func (b *Broker) somebodyCanApprove(ctx context.Context, account Account, user User) error {
	var people []string
	for _, id := range b.approvers(account) {
		if !strings.HasPrefix(id, "S") {
			people = append(people, id)
			continue
		}
		m, err := b.groups(ctx)
		if err != nil {
			return nil //nolint:nilerr // deciding will find out
		}
		people = append(people, m[id]...)
	}
	people = slices.DeleteFunc(people, func(id string) bool { return id == user.Slack })
	slices.Sort(people)
	if have := len(slices.Compact(people)); have < account.Approval.Count {
		return &Error{
			Code: CodeNotAllowed, Rule: "approval",
			Message: fmt.Sprintf("%s needs %d to approve, and of its approvers %d are not you yourself, so nobody was asked.", account.Name, account.Approval.Count, have),
			Hint:    "The config has to name more approvers. " + b.contact(),
		}
	}
	return nil
}

// open reports whether something can still become of the Approval.
func (k KeptApproval) open() bool {
	return (k.State == ApprovalWaiting || k.State == ApprovalApproved) && k.Now.Before(k.Expires)
}

func (a Approval) sameAs(other Approval) bool {
	return !a.Acknowledge && a.Account == other.Account && a.RoleARN == other.RoleARN && a.Terms == other.Terms && a.Duration == other.Duration
}

// Approval returns an Approval as it is now; one whose time is over is expired,
// whether or not anybody has noted that.
func (b *Broker) Approval(ctx context.Context, user, id string) (Approval, error) {
	k, err := b.loadApproval(ctx, user, id)
	return k.Approval, err
}

func (b *Broker) loadApproval(ctx context.Context, user, id string) (KeptApproval, error) {
	k, ok, err := b.approvals.LoadApproval(ctx, user, id)
	switch {
	case err != nil:
		return KeptApproval{}, storeDown(err)
	case !ok:
		return KeptApproval{}, &Error{
			Code:    CodeApprovalGone,
			Message: "This request is too old: nothing is known of it any more.",
			Hint:    "Whoever asked can ask again.",
		}
	}
	k.stored = k.State
	if (k.State == ApprovalWaiting || k.State == ApprovalApproved) && !k.open() {
		k.State = ApprovalExpired
	}
	return k, nil
}

// changeApproval replaces an Approval by what change makes of it. Of changes at
// the same instant one is taken; the others are judged anew by what it left.
func (b *Broker) changeApproval(ctx context.Context, user, id string, change func(KeptApproval) (Approval, error)) (Approval, error) {
	for range swapTries {
		k, err := b.loadApproval(ctx, user, id)
		if err != nil {
			return Approval{}, err
		}
		next, err := change(k)
		if err != nil {
			return k.Approval, err
		}
		next.Version++
		swapped, err := b.approvals.SwapApproval(ctx, k, next)
		switch {
		case err != nil && !b.taken(ctx, next):
			return Approval{}, storeDown(err)
		case err != nil || swapped:
			return next, nil //nolint:nilerr // it was taken, and only the answer was lost
		}
	}
	return Approval{}, storeDown(fmt.Errorf("approval %s: %d others came first", id, swapTries))
}

// taken reports whether a change is there whose answer was lost.
func (b *Broker) taken(ctx context.Context, next Approval) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	k, ok, err := b.approvals.LoadApproval(ctx, next.User, next.ID)
	return err == nil && ok && reflect.DeepEqual(k.Approval, next)
}

// MarkPosted notes which message shows the Approval; the first stays.
func (b *Broker) MarkPosted(ctx context.Context, a Approval, channel, ts string) (Approval, error) {
	return b.changeApproval(ctx, a.User, a.ID, func(k KeptApproval) (Approval, error) {
		if k.PostTS == "" {
			k.PostIn, k.PostTS = channel, ts
		}
		k.State = k.stored
		return k.Approval, nil
	})
}

// CancelApprovals takes back what the Caller asked for, of r.Account or, where
// that is "", of all accounts; only r.Approval if there is one.
func (b *Broker) CancelApprovals(ctx context.Context, r Request) ([]Approval, error) {
	user, err := b.identify(r.Caller)
	if err != nil {
		return nil, b.refuse(ctx, r, err)
	}
	if _, ok := b.config.Account(r.Account); !ok && r.Account != "" {
		return nil, b.asError(r, b.nothingToCancel(ctx, user, r.Account))
	}
	return b.cancelOpen(ctx, r, user.Slack, Vote{User: user.Slack, Name: user.Name})
}

// nothingToCancel says what waits, where an account was misspelt.
func (b *Broker) nothingToCancel(ctx context.Context, user User, name string) *Error {
	e := &Error{Code: CodeUnknownAccount, Message: "There is no account of that name, so nothing was cancelled.", Hint: "Nothing that you asked for waits."}
	open, err := b.openOf(ctx, user.Slack)
	if err != nil {
		return storeDown(err)
	}
	var names []string
	for _, a := range open {
		names = append(names, a.Account+" for "+FormatDuration(a.Duration))
	}
	if len(names) > 0 {
		e.Hint = "What you asked for is: " + listed(names, maxWaiting) + "."
	}
	if near := Nearest(name, names); near != "" {
		e.Hint = "Did you mean " + near + "? " + e.Hint
	}
	return e
}

// OpenApprovals are what the Caller asked others to approve and what can still be
// decided or used, the oldest first.
func (b *Broker) OpenApprovals(ctx context.Context, r Request) ([]Approval, error) {
	user, err := b.identify(r.Caller)
	if err != nil {
		return nil, b.refuse(ctx, r, err)
	}
	open, err := b.openOf(ctx, user.Slack)
	if err != nil {
		return nil, b.asError(r, storeDown(err))
	}
	return open, nil
}

func (b *Broker) openOf(ctx context.Context, user string) ([]Approval, error) {
	kept, err := b.approvals.ApprovalsOf(ctx, user)
	if err != nil {
		return nil, err
	}
	var open []Approval
	for _, k := range kept {
		if k.open() && !k.Acknowledge {
			open = append(open, k.Approval)
		}
	}
	return open, nil
}

// cancelOpen ends what owner asked for and what could still be used, as r says.
func (b *Broker) cancelOpen(ctx context.Context, r Request, owner string, by Vote) ([]Approval, error) {
	kept, err := b.openOf(ctx, owner)
	if err != nil {
		return nil, b.asError(r, storeDown(err))
	}
	var cancelled []Approval
	for _, k := range kept {
		if r.Account != "" && k.Account != r.Account || r.Approval != "" && k.ID != r.Approval {
			continue
		}
		a, err := b.cancelApproval(ctx, owner, k.ID, by)
		switch {
		case err == nil:
			b.note(ctx, b.approvalEvent(r, a))
			cancelled = append(cancelled, a)
		case a.ID == "": // the store; what another decided meanwhile is no error
			return cancelled, b.asError(r, err)
		}
	}
	return cancelled, nil
}

// cancelApproval takes one back. The error comes with what became of it instead,
// or with no Approval when nobody knows.
func (b *Broker) cancelApproval(ctx context.Context, user, id string, by Vote) (Approval, error) {
	return b.changeApproval(ctx, user, id, func(k KeptApproval) (Approval, error) {
		if !k.open() {
			return Approval{}, b.approvalOver(k.Approval)
		}
		k.State, by.At = ApprovalCancelled, k.Now
		k.EndedBy = by
		return k.Approval, nil
	})
}

// ExpireApproval notes that the time of an Approval is over; left is how long it
// is not yet. What has ended otherwise stays as it is.
func (b *Broker) ExpireApproval(ctx context.Context, user, id string) (a Approval, left time.Duration, err error) {
	a, err = b.changeApproval(ctx, user, id, func(k KeptApproval) (Approval, error) {
		left = k.Expires.Sub(k.Now)
		if k.State != ApprovalExpired || k.stored == ApprovalExpired {
			return Approval{}, b.approvalOver(k.Approval)
		}
		return k.Approval, nil
	})
	switch {
	case a.ID == "":
		return Approval{}, 0, err
	case a.State == ApprovalWaiting || a.State == ApprovalApproved:
		return a, left, nil
	case err == nil:
		event := b.approvalEvent(Request{ID: a.ID, Caller: Caller{User: a.User, Team: a.Team, Channel: a.Channel}}, a)
		b.note(ctx, event)
	}
	return a, 0, nil
}

// approvalOver says what became of an Approval that can no longer be decided.
func (b *Broker) approvalOver(a Approval) *Error {
	e := &Error{Code: CodeApprovalGone, Hint: "Nothing was changed."}
	switch a.State {
	case ApprovalApproved:
		e.Message = "This request has been approved already."
	case ApprovalUsed:
		e.Message = "This approval has been used already: it is good for one request."
	case ApprovalDenied:
		e.Message = "This request was denied by " + a.EndedBy.Name + "."
	case ApprovalCancelled:
		e.Message = "This request was cancelled by " + a.EndedBy.Name + "."
	case ApprovalAcknowledged:
		e.Message = "This was acknowledged by " + a.EndedBy.Name + " already."
	case ApprovalExpired:
		e.Message = "The time for this request is over."
		e.Hint = "Whoever asked can ask again."
	default:
		e.Message = "This request still waits for approval."
	}
	return e
}

// approvalEvent tells what r's Caller did about an Approval.
func (b *Broker) approvalEvent(r Request, a Approval) Event {
	r.Account, r.Reason, r.Purpose = a.Account, a.Reason, PurposeShow
	e := b.event(EventApproval, r)
	e.User = b.NameOf(r.Caller.User)
	e.Target, e.TargetName = a.User, a.UserName
	e.RoleARN, e.Seconds, e.BreakGlass = a.RoleARN, int64(a.Duration/time.Second), a.Acknowledge
	e.Approval, e.State, e.ApprovedBy, e.Comment = a.ID, a.State, a.names(), a.Comment
	return e
}

// names are those who approved, for the record.
func (a Approval) names() []string {
	var names []string
	for _, v := range a.Votes {
		names = append(names, v.String())
	}
	return names
}

// String names who voted, with the Slack user ID.
func (v Vote) String() string {
	if v.Name == "" || v.Name == v.User {
		return v.User
	}
	return v.Name + " (" + v.User + ")"
}

// Approvers are those who may decide about an Approval by today's config: Slack
// user and user group IDs.
func (b *Broker) Approvers(a Approval) []string {
	account, ok := b.config.Account(a.Account)
	if !ok || account.Approval == nil {
		return nil
	}
	return b.approvers(account)
}

func (b *Broker) approvers(account Account) []string {
	var who []string
	for _, entry := range account.Approval.Approvers {
		if members, named := b.config.Groups[entry]; named {
			who = append(who, members...)
			continue
		}
		who = append(who, entry)
	}
	slices.Sort(who)
	return slices.Compact(who)
}
