package broker

import (
	"context"
	"errors"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

// Bounds of how long an MFA session lasts, which are GetSessionToken's.
const (
	MinMFASession = policy.MinDuration
	MaxMFASession = policy.MaxSessionTokenDuration
	// sessionMargin is what must be left of an MFA session for it to be used: a
	// call that meets its end would fail with a refusal that explains nothing.
	sessionMargin = time.Minute
)

// A Session is an MFA session: a User's GetSessionToken credentials, kept sealed
// so that one code serves several Requests. It holds no secret.
type Session struct {
	ID          string    `json:"id"` // the Request whose code began it
	User        string    `json:"user"`
	MFASerial   string    `json:"mfa_serial"` // the device whose code began it
	AccessKeyID string    `json:"access_key_id"`
	Began       time.Time `json:"began"`
	Asked       time.Time `json:"asked"` // when the Request that began it came; an end since then is about it too
	Expires     time.Time `json:"expires"`
	Entry       int64     `json:"entry,omitempty"` // number of the entry of the record that tells of it; 0: it is older than these
}

// Sessions keeps at most one MFA session of each User, sealed, for all replicas.
type Sessions interface {
	// SaveMFASession keeps s and c until c expires, in place of the one before, and swaps
	// the claim on the code that began it, if there is one: both or neither.
	SaveMFASession(ctx context.Context, s Session, c secret.Credentials, swap *ClaimSwap) error
	// FindMFASession returns the User's live MFA session; ok is false when there is
	// none. What does not open is an error, never absent.
	FindMFASession(ctx context.Context, user string) (s Session, c secret.Credentials, ok bool, err error)
	// DropMFASession drops the MFA session id of user, any if id is "", and one
	// that does not open too if id is "". It reports whether there was one.
	DropMFASession(ctx context.Context, user, id string) (dropped bool, err error)
}

// A ClaimSwap puts the claim To in the place of From on a code of s.
type ClaimSwap struct {
	Code     secret.TokenCode
	From, To string
}

// ErrMFASessionNotEnough is in the chain of an error of CodeNeedsCode whose
// What says why the MFA session that there is does not do.
var ErrMFASessionNotEnough = errors.New("the MFA session is not enough")

// A usableSession is an MFA session that is there to be used.
type usableSession struct {
	Session
	credentials secret.Credentials
	ok          bool
	shared      bool // another Request sent the same code and began it
	saved       bool // in the store, so that another Request can use it
}

// usableSession returns the User's MFA session if it was begun with the device that the
// config names, no longer ago than that allows today, and has some time left.
func (b *MFASessions) usableSession(ctx context.Context, user policy.User) (usableSession, error) {
	if b.config.MFASession == 0 {
		return usableSession{}, nil
	}
	s, c, ok, err := b.sessions.FindMFASession(ctx, user.Slack)
	if err != nil {
		return usableSession{}, storeCannotSay(err, "mfa_session", "whether you have an MFA session").
			hinting(prose.Say("Send a code with your request, or try again in a minute."))
	}
	if latest := s.Began.Add(b.config.MFASession); latest.Before(s.Expires) {
		s.Expires = latest
	}
	if !ok || s.MFASerial != user.MFASerial || s.Expires.Sub(b.now()) < sessionMargin {
		return usableSession{}, nil
	}
	return usableSession{Session: s, credentials: c, ok: true, saved: true}, nil
}

func (b *MFASessions) sessionsOff() error {
	return newError(CodeSessionsOff,
		prose.Say("MFA sessions are switched off here: each request needs a code of its own."),
		prose.Sentences(sendCode(prose.AssumeCmd("ACCOUNT", "123456")), prose.Say("Nothing was asked of AWS.")))
}

// MFASession returns the Caller's MFA session; ok is false when there is none.
func (b *MFASessions) MFASession(ctx context.Context, r Request) (s Session, ok bool, err error) {
	session, err := visit(ctx, b.visits, r, b.visits.toSee(), func(ctx context.Context, r *Request) (usableSession, error) {
		if b.config.MFASession == 0 {
			return usableSession{}, b.sessionsOff()
		}
		return b.usableSession(ctx, r.user)
	})
	return session.Session, session.ok, err
}

// EndMFASession deletes the Caller's MFA session for all replicas; ok is false when there
// was none. One may be left while MFA sessions are off. To AWS the credentials stay valid
// until they expire, but nobody has them.
func (b *MFASessions) EndMFASession(ctx context.Context, r Request) (s Session, ok bool, err error) {
	r.Purpose = PurposeMFASession
	ok, err = visit(ctx, b.visits, r, b.visits.toTake(), func(ctx context.Context, r *Request) (bool, error) {
		// What does not open must be possible to end too.
		if s, _, _, err = b.sessions.FindMFASession(ctx, r.user.Slack); err != nil {
			b.log.WarnContext(ctx, "MFA session not readable; it is ended all the same", "request", r.ID, "error", err)
		}
		return b.endSession(ctx, *r, s)
	})
	return s, ok, err
}

func (b *MFASessions) endSession(ctx context.Context, r Request, s Session) (ended bool, err error) {
	ctx, cancel := finishing(ctx)
	defer cancel()
	ended, err = b.sessions.DropMFASession(ctx, r.user.Slack, "")
	switch {
	case err != nil:
		return false, notEnded(err, "so your MFA session has not ended")
	case !ended && b.config.MFASession == 0:
		return false, b.sessionsOff()
	}
	// Though the store has none, one may be put back there.
	b.note(ctx, b.event(r, event.EndedData{Given: event.Given{
		Grant: s.ID, Purpose: string(PurposeMFASession), Issued: event.Issued{AccessKeyID: s.AccessKeyID, Expires: event.At(s.Expires)},
	}}))
	return ended, nil
}
