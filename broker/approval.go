package broker

import (
	"context"
	"slices"
	"time"

	"github.com/assumebot/assumebot/broker/policy"
)

// An ApprovalState says how far an Approval has come.
type ApprovalState string

// The states. Only the first two can become another.
const (
	ApprovalWaiting   ApprovalState = "waiting"
	ApprovalApproved  ApprovalState = "approved" // by as many as the config asks for; it can be used once
	ApprovalUsed      ApprovalState = "used"
	ApprovalDenied    ApprovalState = "denied"
	ApprovalCancelled ApprovalState = "cancelled" // by who asked
	ApprovalExpired   ApprovalState = "expired"   // nobody decided, or nobody used it, in time
	// ApprovalAcknowledged is how an Approval ends that only asks to take note of
	// a use of break-glass.
	ApprovalAcknowledged ApprovalState = "acknowledged"
)

// An Approval is a Request waiting for other people. It is for exactly this
// User, Account, role and duration, and grants something, so it is kept sealed.
type Approval struct {
	ID       string         `json:"id"`   // of the Request that asked
	User     string         `json:"user"` // Slack user ID of who asked
	UserName string         `json:"user_name"`
	Team     string         `json:"team"`
	Channel  string         `json:"channel,omitempty"` // where it was asked
	Account  string         `json:"account"`
	RoleARN  policy.RoleARN `json:"role_arn,omitempty"`
	Terms    string         `json:"terms,omitempty"` // digest of all that decides what the credentials may do
	Duration time.Duration  `json:"duration"`
	Reason   string         `json:"reason,omitempty"`
	Format   string         `json:"format,omitempty"` // the bot's word for how the person wants to be shown it
	Needs    int            `json:"needs"`            // how many must approve

	// Acknowledge says that nothing waits: credentials were issued by break-glass,
	// and an approver is to take note of it.
	Acknowledge bool `json:"acknowledge,omitempty"`

	// Quiet says that the approvers are not pinged: the same person asked for the
	// Account a short time ago.
	Quiet bool `json:"quiet,omitempty"`

	State   ApprovalState `json:"state"`
	Asked   time.Time     `json:"asked"`
	Expires time.Time     `json:"expires"`           // of waiting; once approved, of the time to use it
	Votes   []Vote        `json:"votes,omitempty"`   // who approved
	EndedBy Vote          `json:"ended_by,omitzero"` // who denied, cancelled or acknowledged it
	Comment string        `json:"comment,omitempty"` // of who denied it
	UsedBy  string        `json:"used_by,omitempty"` // the Request that used it
	PostIn  string        `json:"post_in,omitempty"` // Slack channel of the message that shows it
	PostTS  string        `json:"post_ts,omitempty"` // and the message's name there; "" until it is posted
	Copies  []PostedCopy  `json:"copies,omitempty"`  // what single approvers were sent
	OnCall  OnCall        `json:"on_call,omitempty"` // whether who asks was on call then
	// Reminded says that the approvers were.
	Reminded bool `json:"reminded,omitempty"`
	Version  int  `json:"version,omitempty"` // grows with each change
}

// A Vote is what one person did about an Approval.
type Vote struct {
	User string    `json:"user"` // Slack user ID
	Name string    `json:"name,omitempty"`
	At   time.Time `json:"at"`
}

// VotedBy reports whether a person approved already.
func (a Approval) VotedBy(user string) bool {
	return slices.ContainsFunc(a.Votes, func(v Vote) bool { return v.User == user })
}

// voters are the Slack user IDs of who approved.
func (a Approval) voters() []string {
	var who []string
	for _, v := range a.Votes {
		who = append(who, v.User)
	}
	return who
}

// A KeptApproval is an Approval as it is in the store.
type KeptApproval struct {
	Approval
	Sealed []byte    // what SwapApproval replaces
	Now    time.Time // by the clock that all replicas share

	stored ApprovalState // where State says that the time is over, and the store not yet
}

// Approvals keep Approvals sealed, the same for all replicas. They go by one
// clock, the store's own: those of two replicas may be minutes apart.
type Approvals interface {
	// ApprovalClock returns what that clock shows.
	ApprovalClock(ctx context.Context) (time.Time, error)
	// SaveApproval keeps a new Approval for keep from now. One that is there
	// already is an error.
	SaveApproval(ctx context.Context, a Approval, keep time.Duration) error
	// LoadApproval returns an Approval of user; ok is false when there is none. One
	// that does not open, or is another's, is an error.
	LoadApproval(ctx context.Context, user, id string) (a KeptApproval, ok bool, err error)
	// SwapApproval replaces what LoadApproval returned, atomically and without
	// lengthening its life; false when it has changed since.
	SwapApproval(ctx context.Context, old KeptApproval, a Approval) (bool, error)
	// ApprovalsOf returns the Approvals of user that are kept, in whatever state,
	// the oldest first. One that does not open is left out.
	ApprovalsOf(ctx context.Context, user string) ([]KeptApproval, error)
}
