// Package approval is a Request that waits for other people: how far it has come, who
// voted, and whether that counts.
package approval

import (
	"slices"
	"time"

	"github.com/assumebot/assumebot/broker/policy"
)

// A State says how far an Approval has come.
type State string

// The states. Only the first two can become another.
const (
	Waiting   State = "waiting"
	Approved  State = "approved" // by as many as the config asks for; it can be used once
	Used      State = "used"
	Denied    State = "denied"
	Cancelled State = "cancelled" // by who asked
	Expired   State = "expired"   // too few voted, or nobody used it, in time
	// Acknowledged is how an Approval ends that only asks to take note of a use of
	// break-glass.
	Acknowledged State = "acknowledged"
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

	State   State     `json:"state"`
	Asked   time.Time `json:"asked"`
	Expires time.Time `json:"expires"`           // of waiting; once approved, of the time to use it
	Votes   []Vote    `json:"votes,omitempty"`   // who approved
	EndedBy Vote      `json:"ended_by,omitzero"` // who denied, cancelled or acknowledged it
	Comment string    `json:"comment,omitempty"` // of who denied it
	UsedBy  string    `json:"used_by,omitempty"` // the Request that used it
	PostIn  string    `json:"post_in,omitempty"` // Slack channel of the message that shows it
	PostTS  string    `json:"post_ts,omitempty"` // and the message's name there; "" until it is posted
	Copies  []Copy    `json:"copies,omitempty"`  // what single approvers were sent
	OnCall  OnCall    `json:"on_call,omitempty"` // whether who asks was on call then
	// Reminded says that the approvers were.
	Reminded bool `json:"reminded,omitempty"`
	Version  int  `json:"version,omitempty"` // grows with each change
}

// A Vote is what one person did about an Approval.
type Vote struct {
	User  string    `json:"user"` // Slack user ID
	Name  string    `json:"name,omitempty"`
	At    time.Time `json:"at"`
	Entry int64     `json:"entry,omitempty"` // number of the entry of the record that tells of an approval; 0: it is older than these
}

// VotedBy reports whether a person approved already.
func (a Approval) VotedBy(user string) bool {
	return slices.ContainsFunc(a.Votes, func(v Vote) bool { return v.User == user })
}

// VoterIDs are the Slack user IDs of who approved.
func (a Approval) VoterIDs() []string {
	var who []string
	for _, v := range a.Votes {
		who = append(who, v.User)
	}
	return who
}

// A Kept is an Approval as it is in the store.
type Kept struct {
	Approval
	Sealed []byte    // what SwapApproval replaces
	Now    time.Time // by the clock that all replicas share
	Stored State     // State as the store has it; set by Expire
}

// A Copy is the message that showed an Approval to one approver alone.
type Copy struct {
	User string `json:"user"` // Slack user ID of the approver
	In   string `json:"in"`   // Slack channel
	TS   string `json:"ts"`   // and the message's name there
}

// CopyFor returns the message that an approver got.
func (a Approval) CopyFor(user string) (Copy, bool) {
	for _, c := range a.Copies {
		if c.User == user {
			return c, true
		}
	}
	return Copy{}, false
}

// OnCall says whether who asks is on call, for those who vote.
type OnCall string

// Whether they are; "" where no account of the config knows of being on call.
const (
	OnCallYes     OnCall = "yes"
	OnCallNo      OnCall = "no"
	OnCallUnknown OnCall = "unknown"
)

// Open reports whether something can still become of the Approval.
func (k Kept) Open() bool {
	return (k.State == Waiting || k.State == Approved) && k.Now.Before(k.Expires)
}

// Same reports whether other is for the very same.
func (a Approval) Same(other Approval) bool {
	return !a.Acknowledge && a.Account == other.Account && a.RoleARN == other.RoleARN && a.Terms == other.Terms && a.Duration == other.Duration
}

// VoterNames are those who approved, for the record.
func (a Approval) VoterNames() []string {
	var names []string
	for _, v := range a.Votes {
		names = append(names, v.String())
	}
	return names
}

// VotesThatCount counts the votes of those who are approvers of the Account still.
func (a Approval) VotesThatCount(c *policy.Config, account policy.Account, m *policy.Membership) int {
	n := 0
	for _, v := range a.Votes {
		if v.User != a.User && c.OnList(account.Approval.Approvers, v.User, m).Yes {
			n++
		}
	}
	return n
}

// String names who voted, with the Slack user ID.
func (v Vote) String() string {
	if v.Name == "" || v.Name == v.User {
		return v.User
	}
	return v.Name + " (" + v.User + ")"
}

// For reports whether user may use it for an Account, for d or, where that is 0, for
// as long as it is.
func (a Approval) For(user string, account policy.Account, d time.Duration) bool {
	return !a.Acknowledge && a.User == user && a.Account == account.Name && a.RoleARN == account.RoleARN && a.Terms == account.Terms() &&
		(d == 0 || d == a.Duration)
}

// Expire has State say that the time is over, if it is; Stored is what the store says.
func (k *Kept) Expire() {
	if k.Stored != "" {
		return // done already
	}
	k.Stored = k.State
	if (k.State == Waiting || k.State == Approved) && !k.Open() {
		k.State = Expired
	}
}

// TakenBack are those that user asked for within the last window, and cancelled: for how
// long each still counts, in their order.
func TakenBack(kept []Kept, user string, window time.Duration) []time.Duration {
	var taken []time.Duration
	for _, k := range kept {
		if left := window - k.Now.Sub(k.Asked); left > 0 && k.State == Cancelled && k.EndedBy.User == user {
			taken = append(taken, left)
		}
	}
	return taken
}
