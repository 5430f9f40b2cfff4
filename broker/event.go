package broker

import (
	"context"
	"time"

	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/text"
)

// An EventKind says what an Event tells.
type EventKind string

// The kinds of Events.
const (
	EventIntent      EventKind = "intent"      // a Request is about to go to STS
	EventGranted     EventKind = "granted"     // STS issued; this is the outcome of an intent
	EventFailed      EventKind = "failed"      // STS refused, or its answer was lost; the outcome of an intent
	EventRefused     EventKind = "refused"     // never got as far as STS
	EventUndelivered EventKind = "undelivered" // issued, but Slack did not take the reply
	EventUndeleted   EventKind = "undeleted"   // a direct message with credentials was to be deleted, and Slack refused for good
	EventSetAside    EventKind = "set_aside"   // what was to be done later cannot be read or done, and nobody tries it any more
	EventShown       EventKind = "shown"       // the bot is about to show or use a Grant's Credentials again
	EventEnded       EventKind = "ended"       // a person ended a Grant: the bot forgot it
	EventKeyChanged  EventKind = "key_changed" // the key that a User's credentials are encrypted to is about to change; the outcome of an intent
	EventIdentity    EventKind = "identity"    // the bot is about to ask AWS who a person's key and credentials are
	EventLockedOut   EventKind = "locked_out"  // too many wrong codes: no code of this User goes to STS before Expires
	EventRevoking    EventKind = "revoking"    // the bot is about to take back what a User has of an Account
	EventRevoked     EventKind = "revoked"     // what became of that
	EventListing     EventKind = "listing"     // the bot is about to list buckets with a Grant
	EventMembership  EventKind = "membership"  // the members of a user group that the config names have changed

	EventApproving    EventKind = "approving"     // somebody is about to approve; EventApproval says what became of it
	EventApproval     EventKind = "approval"      // an Approval was asked for, voted on or ended; State says which
	EventAcknowledged EventKind = "acknowledged"  // an approver of the Account took note of a use of break-glass
	EventUnlocked     EventKind = "unlocked"      // an admin ended Target's lock-out
	EventBlocked      EventKind = "blocked"       // an admin: nothing for Target until unblocked
	EventUnblocked    EventKind = "unblocked"     // an admin ended that
	EventPaused       EventKind = "paused"        // an admin: nothing for anybody until resumed
	EventResumed      EventKind = "resumed"       // an admin ended that
	EventWho          EventKind = "who"           // an admin looked at everybody's live Grants
	EventConfig       EventKind = "config"        // the config file says something else than before
	EventConfigBroken EventKind = "config_broken" // it was changed and cannot be read; the bot keeps the config that it had
)

// An Event is one entry of the audit record. It never holds a secret or a code.
type Event struct {
	ID           string         `json:"id"`
	Time         time.Time      `json:"time"`
	Kind         EventKind      `json:"kind"`
	RequestID    string         `json:"request_id"`
	SlackUser    string         `json:"slack_user"`
	SlackTeam    string         `json:"slack_team,omitempty"`
	SlackChannel string         `json:"slack_channel,omitempty"`
	User         string         `json:"user,omitempty"`    // the User's name; "" for a stranger
	Account      string         `json:"account,omitempty"` // as typed when it is not one of ours
	RoleARN      policy.RoleARN `json:"role_arn,omitempty"`
	Purpose      Purpose        `json:"purpose,omitempty"`
	Method       Method         `json:"method,omitempty"`
	MFA          bool           `json:"mfa"`
	MFASession   string         `json:"mfa_session,omitempty"`      // access key ID of the MFA session that signed the call
	Seconds      int64          `json:"duration_seconds,omitempty"` // what was asked of STS
	Reason       string         `json:"reason,omitempty"`           // what the person typed after because
	Principal    string         `json:"principal,omitempty"`
	AccessKeyID  string         `json:"access_key_id,omitempty"`
	Expires      time.Time      `json:"expires,omitzero"`
	STSRequestID string         `json:"sts_request_id,omitempty"`
	KeyChange    KeyChange      `json:"key_change,omitempty"`
	Key          string         `json:"key,omitempty"`          // fingerprint of the key that was set
	PreviousKey  string         `json:"previous_key,omitempty"` // and of the one before
	DeniedBefore time.Time      `json:"denied_before,omitzero"` // sessions of the role issued before it are refused by AWS
	DeniedAll    bool           `json:"denied_all,omitempty"`   // everybody's, not this User's alone
	Code         Code           `json:"code,omitempty"`         // of a refusal or failure
	Message      string         `json:"message,omitempty"`      // ours, never upstream text
	Ref          string         `json:"ref,omitempty"`
	Group        string         `json:"group,omitempty"` // the Slack user group whose members changed
	Added        []string       `json:"added,omitempty"` // Slack user IDs
	Removed      []string       `json:"removed,omitempty"`

	Rule       string         `json:"rule,omitempty"`        // of the config, that allowed or denied
	BreakGlass bool           `json:"break_glass,omitempty"` // without the approval that the Account asks for
	Approval   string         `json:"approval,omitempty"`    // ID of the Approval that it is about or that was used
	State      approval.State `json:"approval_state,omitempty"`
	ApprovedBy []string       `json:"approved_by,omitempty"` // names, with Slack user IDs
	Target     string         `json:"target,omitempty"`      // Slack user ID of whom somebody else acted upon
	TargetName string         `json:"target_name,omitempty"`
	Comment    string         `json:"comment,omitempty"`  // what whoever denied an Approval wrote
	Changes    []string       `json:"changes,omitempty"`  // of the config, a line each
	Problems   []string       `json:"problems,omitempty"` // of the config file, a line each
}

// Cleaned is e as it may stand on the record: every string is one line, without
// controls and what turns or hides text, and no longer than its field can be. A
// [Recorder] cleans every Event before it keeps it, and before it shows it.
func (e Event) Cleaned() Event {
	text.CleanFields(&e)
	e.Account = text.AtMost(e.Account, policy.MaxAccountName)
	e.Reason, e.Comment = text.AtMost(e.Reason, MaxReason), text.AtMost(e.Comment, MaxReason)
	e.Seconds = min(max(e.Seconds, 0), int64(policy.MaxSessionTokenDuration/time.Second))
	return e
}

// A RecordEntry is an Event with its place in the record.
type RecordEntry struct {
	Position string // opaque; ordered as the record is, and what a reader passes to go on after it
	Event    Event
	Broken   string // why the entry cannot be read; "" when it can. The Event is then zero
}

// Every Event is made here. Who must stop without it records it; note does the rest.

// note records e and logs a failure. It outlives ctx by up to 5 s.
func (b *core) note(ctx context.Context, e Event) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	if err := b.recorder.Record(ctx, e); err != nil {
		b.log.ErrorContext(ctx, "event not recorded", "kind", e.Kind, "request", e.RequestID, "code", e.Code, "error", err)
	}
}

// event is what r and its Caller say of themselves.
func (b *core) event(kind EventKind, r Request) Event {
	return Event{
		ID: NewID(), Time: b.now().UTC(), Kind: kind, RequestID: r.ID,
		SlackUser: r.Caller.User, SlackTeam: r.Caller.Team, SlackChannel: r.Caller.Channel,
		Account: r.Account, Purpose: r.Purpose, Reason: r.Reason, BreakGlass: r.BreakGlass,
	}
}

// intent is that AWS is about to be asked what p says.
func (b *core) intent(r Request, user policy.User, p Plan) Event {
	e := b.event(EventIntent, r)
	e.User, e.Method, e.MFA, e.Seconds = user.Name, p.Method, p.MFA, int64(p.Duration/time.Second)
	return e
}

// grantEvent is about what was issued.
func (b *core) grantEvent(kind EventKind, r Request, g Grant) Event {
	e := b.event(kind, r)
	e.User, e.RoleARN, e.Principal = b.NameOf(r.Caller.User), g.RoleARN, g.Principal
	e.Method, e.MFA, e.MFASession, e.AccessKeyID, e.Expires = g.Method, g.MFA, g.MFASession, g.AccessKeyID, g.Expires
	return e
}

// failed puts on an Event what a person is told of a failure.
func (e *Event) failed(why *Error) {
	e.Code, e.Message, e.Ref = why.Code, Plain(why.What), why.Ref
}

// denial puts on an Event what AWS refuses now, or why it could not be told.
func (e *Event) denial(denied *Denied, failed *Error) {
	if denied != nil {
		e.DeniedBefore, e.DeniedAll = denied.Before, denied.Everybody
	}
	if failed != nil {
		e.failed(failed)
	}
}

// outcome is the Event that ends an intent.
func (b *core) outcome(kind EventKind, intent Event) Event {
	e := intent
	e.ID, e.Time, e.Kind = NewID(), b.now().UTC(), kind
	return e
}

// issued puts on an outcome what AWS issued. Of a change of key there is only the call:
// the credentials that checked the code are thrown away.
func (e *Event) issued(g Grant) {
	e.STSRequestID = g.STSRequestID
	if e.Kind != EventKeyChanged {
		e.Principal, e.AccessKeyID, e.Expires = g.Principal, g.AccessKeyID, g.Expires
	}
}
