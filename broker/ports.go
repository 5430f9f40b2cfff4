package broker

import (
	"context"
	"errors"
	"time"

	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/secret"
)

// A Recorder keeps the audit record.
type Recorder interface {
	// Record puts Events on the record, side by side, and returns once they are there,
	// as durably as the record is kept, and everything before them is known to this
	// process. An error says that nothing of what they tell may be done or shown; with
	// [ErrRecordStopped] in its chain, that only an operator can mend it; with
	// [ErrRecordHeld], that none is on it, since one gives somebody something and none such
	// is taken now; with [ErrInterrupted], that another process has told whoever asked
	// meanwhile. It says which process it is, is bounded, and may be called concurrently.
	//
	// A Receipt that is Late says that the Attempt was closed before: what came of it is
	// neither kept nor shown.
	Record(ctx context.Context, events ...event.Event) (event.Receipt, error)
}

// ErrRecordStopped is in the chain of an error of a record that does not check out.
var ErrRecordStopped = errors.New("the record is not what it was")

// ErrInterrupted is in the chain of an error of a Request that another process has taken over.
var ErrInterrupted = errors.New("another process has taken the request over")

// ErrRecordHeld is in the chain of an error of a record that takes no Event that gives something.
var ErrRecordHeld = errors.New("the record is held")

// Codes keeps MFA codes from being sent twice, across replicas.
type Codes interface {
	// ReserveCode claims code of the device serial for the Request requestID,
	// for at least ttl, atomically. It returns true when the claim is this
	// Request's, the first time or again, and false when another Request holds
	// it. An error means unknown: do not send the code.
	ReserveCode(ctx context.Context, user, serial string, code secret.TokenCode, requestID string, ttl time.Duration) (bool, error)
	// ReleaseCode gives the claim back if it is still requestID's. Only for a
	// code that certainly did not reach AWS or was certainly not looked at.
	ReleaseCode(ctx context.Context, user, serial string, code secret.TokenCode, requestID string) error
	// CodeClaim returns whose claim is on the code; "" when there is none.
	CodeClaim(ctx context.Context, user, serial string, code secret.TokenCode) (string, error)
	// ReplaceClaim replaces the claim from by to, atomically and without
	// lengthening it; a claim that is not from stays as it is.
	ReplaceClaim(ctx context.Context, user, serial string, code secret.TokenCode, from, to string) error
}

// Grants keeps Grants until they expire, and their Credentials sealed for the
// reveal window.
type Grants interface {
	// SaveGrant keeps g until it expires and c for the reveal window, or until
	// c expires if that is sooner: both or neither. In the same trip it puts what is to
	// be done later about g on its lists, and returns what it put there, also where g
	// is not kept; and it asks ahead for the orders upon g's User, as they are once g is kept.
	SaveGrant(ctx context.Context, g Grant, c secret.Credentials, reveal time.Duration, later ...DueText) ([]DueEntry, error)
	// RevealGrant returns the newest live Grant of user for account whose
	// Credentials are still kept. ok is false when there is none.
	RevealGrant(ctx context.Context, user, account string) (g Grant, c secret.Credentials, ok bool, err error)
	// ForgetCredentials drops the Credentials of one Grant; the Grant stays.
	ForgetCredentials(ctx context.Context, user, grantID string) error
	// LiveGrants returns the Grants of user that have not expired or been
	// ended, oldest first.
	LiveGrants(ctx context.Context, user string) ([]Grant, error)
	// FindGrant returns a live Grant of user, and its Credentials while they are
	// kept; ok is false when user has no such Grant.
	FindGrant(ctx context.Context, user, grantID string) (g KeptGrant, ok bool, err error)
	// EndGrant drops a Grant of user and its Credentials for all replicas.
	EndGrant(ctx context.Context, user, grantID string) error
	// Held returns most live Grants at most, whose ever they are, of those people first
	// who hold something the longest.
	Held(ctx context.Context, most int) (Held, error)
}

// Held are live Grants of anybody.
type Held struct {
	Grants []Grant
	More   bool // there are, or may be, more than these
}

// Counters count deliveries, requests and wrong codes of late, for all replicas.
type Counters interface {
	// FirstSight notes all ids for an hour and reports whether none of them had
	// been noted before. Empty ids are ignored. An error means unknown.
	FirstSight(ctx context.Context, ids ...string) (bool, error)
	// TakeRate counts the Request requestID under name unless limit others were
	// counted within the last per; one that was counted already is not counted
	// again. It goes by the store's own clock.
	TakeRate(ctx context.Context, name, requestID string, limit int, per time.Duration) (Rate, error)
	// LockedFor returns how long the User is still locked out; 0: is not.
	LockedFor(ctx context.Context, user string) (time.Duration, error)
	// WrongCode counts one wrong code, that of a Request once, atomically. The fifth
	// within 15 minutes locks for 15 minutes, each further five for twice as long as
	// the time before, up to a day. A repeat is answered as the first time.
	WrongCode(ctx context.Context, user, requestID string) (WrongCodes, error)
	// RightCode forgets wrong codes and how long the last lock-out was; one that runs stays.
	RightCode(ctx context.Context, user string) error
	// Unlock is RightCode, and ends a lock-out that runs; false when none ran.
	Unlock(ctx context.Context, user string) (bool, error)
}

// A Rate is what TakeRate answers.
type Rate struct {
	Taken bool
	Wait  time.Duration // until there is room again, when it was not taken
	First bool          // the first that was not taken within per
}

// SealedKeys keeps the public keys that Users registered from Slack, without an end. A
// lost key means clear text from then on, and a marker would be lost with it: it must be
// as durable as the record. What does not depend on the store is `sealed: required` with
// a key in the config.
type SealedKeys interface {
	// LoadKey returns the key of user; ok is false when none is registered. An
	// error means unknown, and then nothing is issued; [ErrKeyUnreadable] is in
	// its chain when there is one that does not open.
	LoadKey(ctx context.Context, user string) (k RegisteredKey, ok bool, err error)
	// SaveKey registers k in place of any other, atomically. An error means
	// unknown: the old one or k.
	SaveKey(ctx context.Context, user string, k RegisteredKey) error
	// RemoveKey drops the key of user; none is no error.
	RemoveKey(ctx context.Context, user string) error
}

// A Directory knows who is in which Slack user group.
type Directory interface {
	// Groups returns the members of every user group, as they were at most a minute
	// ago, or an hour while Slack gives no answer, and after any change that Slack told of
	// a second ago. An error means unknown, and unknown is deny. A group that does not
	// exist has no members.
	Groups(ctx context.Context) (*policy.Membership, error)
}

// A DueEntry is something that is to be done later, as it was read from a due list.
type DueEntry struct {
	ID     string    // within its list; the same for as long as it is there
	At     time.Time // when it is due
	Tries  int       // how often it was taken and nobody said what became of it
	Text   []byte
	Sealed []byte // Text as the store has it: what is compared when it is taken or replaced
	// Broken says why it cannot be read; "" when it can. There is no Text then, and
	// nobody may act by it.
	Broken string
}

// A DueText is what is to be put on a due list.
type DueText struct {
	List string
	At   time.Time
	Text []byte
	Most int // how many entries the list may hold; 0: any number
}

// Approvals keep Approvals sealed, the same for all replicas. They go by one
// clock, the store's own: those of two replicas may be minutes apart.
type Approvals interface {
	// ApprovalClock returns what that clock shows.
	ApprovalClock(ctx context.Context) (time.Time, error)
	// SaveApproval keeps a new Approval for keep from now. One that is there
	// already is an error.
	SaveApproval(ctx context.Context, a approval.Approval, keep time.Duration) error
	// LoadApproval returns an Approval of user; ok is false when there is none. One
	// that does not open, or is another's, is an error.
	LoadApproval(ctx context.Context, user, id string) (a approval.Kept, ok bool, err error)
	// SwapApproval replaces what LoadApproval returned, atomically and without
	// lengthening its life; false when it has changed since.
	SwapApproval(ctx context.Context, old approval.Kept, a approval.Approval) (bool, error)
	// ApprovalsOf returns the Approvals of user that are kept, in whatever state,
	// the oldest first. One that does not open is left out.
	ApprovalsOf(ctx context.Context, user string) ([]approval.Kept, error)
}
