package broker

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"
)

// Deps is what a Broker is made of. All of it is needed.
type Deps struct {
	Config    *Config
	AWS       *AWS
	Codes     Codes
	Claims    CodeClaims
	Sessions  Sessions
	Grants    Grants
	Ledger    Ledger
	Listings  Listings
	Keys      SealedKeys
	ParseKey  func(text string) (PublicKey, error) // what can be encrypted to, canonical
	Recorder  Recorder
	Directory Directory
	People    People
	Lockouts  Lockouts
	Leases    Leases
	Approvals Approvals
	Controls  Controls
	Rates     Rates
	Holders   Holders
	Now       func() time.Time
	Log       *slog.Logger
}

// A Broker answers Requests. It is safe for concurrent use.
type Broker struct {
	config     *Config
	aws        *AWS
	codes      Codes
	claims     CodeClaims
	sessions   Sessions
	grants     Grants
	ledger     Ledger
	listings   Listings
	sealedKeys SealedKeys
	parseKey   func(text string) (PublicKey, error)
	recorder   Recorder
	directory  Directory
	people     People
	lockouts   Lockouts
	leases     Leases
	approvals  Approvals
	controls   Controls
	rates      Rates
	holders    Holders
	now        func() time.Time
	log        *slog.Logger
	folds      fold
	denials    denials
}

// New returns a Broker; it does no work.
func New(d Deps) *Broker {
	return &Broker{
		config: d.Config, aws: d.AWS, codes: d.Codes, claims: d.Claims, sessions: d.Sessions, grants: d.Grants, ledger: d.Ledger, listings: d.Listings,
		sealedKeys: d.Keys, parseKey: d.ParseKey,
		recorder: d.Recorder, directory: d.Directory, people: d.People, lockouts: d.Lockouts, leases: d.Leases, approvals: d.Approvals,
		controls: d.Controls, rates: d.Rates, holders: d.Holders, now: d.Now, log: d.Log,
	}
}

const (
	// codeReservation covers the step a code belongs to and the one AWS still
	// takes on either side: 3 × 30 s (RFC 6238, section 5.2).
	codeReservation = 90 * time.Second
	totpStep        = 30 * time.Second
	// afterwards bounds what must be finished after STS answered, whether or
	// not whoever asked is still there.
	afterwards = 5 * time.Second
)

// Issue answers one Request: limits, policy, the code's reservation, the intent
// on the record, STS, the outcome on the record, the Grant. What it returns is
// an *Error; after one, no credentials are in anybody's hands.
func (b *Broker) Issue(ctx context.Context, r Request) (Issued, error) {
	user, err := b.identify(ctx, r.Caller)
	if err != nil {
		return Issued{}, b.refuse(ctx, r, err)
	}
	if err := b.admit(ctx, r, user); err != nil {
		return Issued{}, b.refuse(ctx, r, err)
	}
	cleared, err := b.clear(ctx, r, user)
	switch {
	case err != nil && asksWhy(r, err):
		return Issued{}, b.asError(r, err)
	case err != nil:
		return Issued{}, b.refuse(ctx, r, err)
	}
	return b.issue(ctx, cleared.request, user, cleared)
}

// issue is Issue after policy said yes. How the Credentials may be shown is
// looked up first, so that nothing is issued while nobody knows.
func (b *Broker) issue(ctx context.Context, r Request, user User, cleared clearance) (Issued, error) {
	sealing, err := b.sealing(ctx, r, user, cleared.account)
	if err != nil {
		return Issued{}, b.refuse(ctx, r, err)
	}
	issued, err := b.issueNow(ctx, r, user, cleared)
	issued.Sealing = sealing
	return issued, err
}

func (b *Broker) issueNow(ctx context.Context, r Request, user User, cleared clearance) (Issued, error) {
	account := cleared.account
	p, held, err := b.planFor(ctx, r, user, account)
	switch {
	case err != nil:
		return Issued{}, err
	case p.Chained:
		return b.issueFromSession(ctx, r, user, cleared, p, held)
	}
	key, err := b.aws.key(ctx, user, p)
	if err != nil {
		return Issued{}, b.refuse(ctx, r, err)
	}
	began := b.now()
	if err := b.takeCalls(ctx, r, account, p); err != nil {
		return Issued{}, b.refuse(ctx, r, err)
	}
	if err := b.reserve(ctx, r, user, p); err != nil {
		return Issued{}, b.refuse(ctx, r, err)
	}
	if err := b.useApproval(ctx, r, cleared); err != nil {
		return Issued{}, b.refuse(ctx, r, err)
	}
	intent := b.event(EventIntent, r)
	intent.User, intent.RoleARN, intent.Method, intent.MFA = user.Name, account.RoleARN, p.Method, p.MFA
	intent.Seconds = int64(p.Duration / time.Second)
	cleared.mark(&intent)
	if err := b.recorder.Record(ctx, intent); err != nil {
		b.release(ctx, r, user, p)
		b.returnApproval(ctx, r, cleared)
		return Issued{}, &Error{
			Code: CodeRecord, Ref: ShortRef(r.ID), Err: err,
			What: Say("The audit record cannot be written right now, so nothing was issued."),
			Hint: Say("Your code was not used. Try again in a minute."),
		}
	}
	if late := b.tooLate(ctx, r, began); late != nil {
		return Issued{}, b.notAsked(ctx, r, intent, late, func(ctx context.Context) {
			b.release(ctx, r, user, p)
			b.returnApproval(ctx, r, cleared)
		})
	}
	issued, err := b.aws.issue(ctx, call{request: r, user: user, account: account, plan: p, key: key})

	// From here on the person's patience no longer counts: what AWS did must be
	// on the record even if the process is being stopped.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	if err != nil {
		e := b.failed(ctx, r, user, p, intent, err)
		b.returnUnlessUsed(ctx, r, cleared, e)
		return Issued{}, e
	}
	return b.granted(ctx, r, intent, issued)
}

// asksWhy reports whether a Request is a question still: it has no code yet and
// lacks the reason, which a form asks for. That is no refusal, as a missing code
// is none.
func asksWhy(r Request, err error) bool {
	var e *Error
	return r.Code.Empty() && errors.As(err, &e) && e.Code == CodeReason
}

// askForCode shows what to send instead.
func askForCode(r Request, err error) error {
	var e *Error
	if errors.As(err, &e) && e.Code == CodeNeedsCode {
		command := commandOf(r) + " " + r.Account + " 123456"
		if r.Duration > 0 && r.Purpose != PurposeBuckets {
			command += " for " + FormatDuration(r.Duration)
		}
		e.Hint = Say("Send `" + command + "` with the six digits that your device shows.")
	}
	return err
}

// commandOf is the slash command that a Request came by.
func commandOf(r Request) string {
	if r.Purpose == PurposeBuckets {
		return "/buckets"
	}
	return "/assume"
}

// reserve claims the code for this Request, so that no other sends it too. One
// that begins an MFA session is claimed by claimSession.
func (b *Broker) reserve(ctx context.Context, r Request, user User, p Plan) error {
	if !p.sendsCode() {
		return nil
	}
	mine, err := b.codes.ReserveCode(ctx, user.Slack, user.MFASerial, r.Code, r.ID, codeReservation)
	if err != nil {
		return &Error{
			Code: CodeStore, Ref: ShortRef(r.ID), Err: err,
			What: Say("The bot's own store is not answering, so nothing was issued."),
			Hint: Say("Your code was not used. Try again in a minute."),
		}
	}
	if !mine {
		return b.codeSpent()
	}
	return nil
}

func (b *Broker) codeSpent() error {
	return &Error{
		Code: CodeCodeSpent,
		What: Say("That code has been used already; a code works once."),
		Hint: Say(b.nextCode()),
	}
}

// nextCode tells how long the device shows the current code.
func (b *Broker) nextCode() string {
	now := b.now()
	left := now.Truncate(totpStep).Add(totpStep).Sub(now).Round(time.Second)
	return "Your device shows the next code in " + FormatDuration(max(left, time.Second)) + "."
}

func (b *Broker) release(ctx context.Context, r Request, user User, p Plan) {
	if p.sendsCode() {
		b.releaseClaim(ctx, r, user, r.ID)
	}
}

func (b *Broker) releaseClaim(ctx context.Context, r Request, user User, claim string) {
	if err := b.codes.ReleaseCode(ctx, user.Slack, user.MFASerial, r.Code, claim); err != nil {
		b.log.WarnContext(ctx, "code not released; it stays reserved until it is stale", "request", r.ID, "error", err)
	}
}

// failed records that STS did not issue, or that nobody knows.
func (b *Broker) failed(ctx context.Context, r Request, user User, p Plan, intent Event, err error) error {
	e := b.asError(r, err)
	if codeNotUsed(e.Code) {
		b.release(ctx, r, user, p)
	}
	if p.sendsCode() {
		b.addNextCode(e)
	}
	b.codeRefused(ctx, r, intent, e)
	b.recordFailure(ctx, r, intent, e, err)
	return e
}

// addNextCode tells whoever needs a new code when there is one.
func (b *Broker) addNextCode(e *Error) {
	if e.Code == CodeWrongCode || e.Code == CodeOutcomeUnknown || e.Code == CodeThrottled {
		e.Hint = append(e.Hint, Say(" "+b.nextCode())...)
	}
}

// recordFailure records e, which is what the person is told of err, as the
// outcome of an intent.
func (b *Broker) recordFailure(ctx context.Context, r Request, intent Event, e *Error, err error) {
	outcome := b.outcome(EventFailed, intent)
	outcome.Code, outcome.Message, outcome.Ref = e.Code, Plain(e.What), e.Ref
	var answered *awsFailure
	if errors.As(err, &answered) {
		outcome.STSRequestID = answered.requestID
	}
	if err := b.recorder.Record(ctx, outcome); err != nil {
		b.log.ErrorContext(ctx, "outcome not recorded", "request", r.ID, "code", e.Code, "error", err)
	}
}

// granted records what STS issued and keeps it. If the record fails, the
// credentials are dropped here: nobody has seen them.
func (b *Broker) granted(ctx context.Context, r Request, intent Event, issued Issued) (Issued, error) {
	if intent.MFA && intent.MFASession == "" {
		b.codeAccepted(ctx, r)
	}
	if err := b.overtaken(ctx, r, intent, issued); err != nil {
		return Issued{}, err
	}
	issued.Grant.Approval, issued.Grant.BreakGlass = intent.Approval, intent.BreakGlass
	g := issued.Grant
	outcome := b.outcome(EventGranted, intent)
	outcome.Principal, outcome.AccessKeyID = g.Principal, g.AccessKeyID
	outcome.Expires, outcome.STSRequestID = g.Expires, g.STSRequestID
	if err := b.recorder.Record(ctx, outcome); err != nil {
		return Issued{}, &Error{
			Code: CodeRecord, Ref: ShortRef(r.ID), Err: err,
			What: Say("AWS issued credentials, but the audit record could not be written, so they were thrown away unseen."),
			Hint: Say("Try again in a minute with a new code."),
		}
	}
	if err := b.grants.SaveGrant(ctx, g, issued.Credentials, b.config.RevealWindow); err != nil {
		b.log.ErrorContext(ctx, "grant not kept; it cannot be shown again", "request", r.ID, "ref", ShortRef(r.ID), "error", err)
		return issued, nil
	}
	issued.Kept = true
	// An order that came since the last look may have missed this Grant.
	if err := b.overtaken(ctx, r, intent, issued); err != nil {
		return Issued{}, err
	}
	return issued, nil
}

// refuse records that a Request went no further and returns the reason.
func (b *Broker) refuse(ctx context.Context, r Request, err error) error {
	return b.refuseAbout(ctx, r, "", err)
}

// refuseAbout is refuse for what a person would have done to target.
func (b *Broker) refuseAbout(ctx context.Context, r Request, target string, err error) error {
	e := b.asError(r, err)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	b.giveBack(ctx, r)
	event := b.event(EventRefused, r)
	event.Code, event.Message, event.Rule, event.Ref = e.Code, Plain(e.What), e.Rule, e.Ref
	event.Approval = r.Approval
	event.Target, event.TargetName = target, b.NameOf(target)
	if user, ok := b.config.User(r.Caller.User); ok && e.Code != CodeWorkspace {
		event.User = user.Name
	}
	if err := b.recorder.Record(ctx, event); err != nil {
		b.log.ErrorContext(ctx, "refusal not recorded", "request", r.ID, "code", e.Code, "error", err)
	}
	return e
}

// giveBack releases a code that Judge reserved for a Request that went no
// further; another's claim it leaves alone.
func (b *Broker) giveBack(ctx context.Context, r Request) {
	user, ok := b.config.User(r.Caller.User)
	if !ok || r.Code.Empty() || user.MFASerial == "" {
		return
	}
	b.release(ctx, r, user, Plan{MFA: true})
}

// asError returns err as an *Error, with a reference where an operator has to
// look it up.
func (b *Broker) asError(r Request, err error) *Error {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{
			Code: CodeInternal, Err: err,
			What: Say("Something failed on our side."),
			Hint: Say("Try again; if it stays, quote the reference."),
		}
	}
	if e.Ours() && e.Ref == "" {
		e.Ref = ShortRef(r.ID)
	}
	if r.Code.Empty() && !r.SentCode { // then there is nothing to say of it
		e.Hint = Say(strings.TrimSpace(strings.ReplaceAll(strings.ReplaceAll(Plain(e.Hint), "Your code was not used. ", ""), "Your code was not used.", "")))
	}
	return e
}

func (b *Broker) event(kind EventKind, r Request) Event {
	return Event{
		ID: NewID(), Time: b.now().UTC(), Kind: kind, RequestID: r.ID,
		SlackUser: r.Caller.User, SlackTeam: r.Caller.Team, SlackChannel: r.Caller.Channel,
		Account: r.Account, Purpose: r.Purpose, Reason: r.Reason, BreakGlass: r.BreakGlass,
	}
}

// outcome is the Event that ends an intent.
func (b *Broker) outcome(kind EventKind, intent Event) Event {
	e := intent
	e.ID, e.Time, e.Kind = NewID(), b.now().UTC(), kind
	return e
}

// Undelivered records that a Grant was issued but could not be shown.
func (b *Broker) Undelivered(ctx context.Context, r Request, g Grant, code Code) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	event := b.event(EventUndelivered, r)
	event.RoleARN, event.Principal, event.AccessKeyID, event.Expires = g.RoleARN, g.Principal, g.AccessKeyID, g.Expires
	event.Method, event.MFA = g.Method, g.MFA
	event.STSRequestID, event.Code, event.Ref = g.STSRequestID, code, ShortRef(r.ID)
	if user, ok := b.config.User(r.Caller.User); ok {
		event.User = user.Name
	}
	if err := b.recorder.Record(ctx, event); err != nil {
		b.log.ErrorContext(ctx, "undelivered credentials not recorded", "request", r.ID, "error", err)
	}
}
