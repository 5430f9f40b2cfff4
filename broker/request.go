package broker

import (
	"crypto/rand"
	"strings"
	"time"

	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/text"
)

// A Caller is whoever speaks, a stranger too.
type Caller struct {
	User    string // Slack user ID
	Team    string // Slack workspace ID
	Channel string // where it was asked; "" in the App Home
}

// MaxReason is how many characters a reason or comment has at most, to stay readable.
const MaxReason = 500

// A Request is what a User asks.
type Request struct {
	ID       string // from NewID; scripts answer a repeat of it as they answered the first time
	Caller   Caller
	Account  string // the alias as typed, in lower case
	Code     secret.TokenCode
	Duration time.Duration // 0: the Account's default
	Reason   string
	Purpose  Purpose
	// BreakGlass asks for the Account without the approval that it needs.
	BreakGlass bool
	// Format is how the person wants to be shown what is issued. It is the bot's
	// word, and is only kept with an Approval.
	Format string
	// SentCode says that a code came with it, though it may not be in Code.
	SentCode bool
	// Approval is the ID of the Approval that is to be used; "": whatever there is.
	Approval string
	// Visit is what the Request is a part of; nil: it is one by itself.
	Visit *Visit
	// Later says what is to be done later about what is issued; it is put on its lists
	// when the Grant is kept. nil: nothing.
	Later func(Issued) []DueText

	user   policy.User // who the Caller is, once they passed isUser
	target string      // Slack user ID of whom an admin's Request is about
}

// visit is what r is a part of.
func (r *Request) visit() *Visit {
	if r.Visit == nil {
		r.Visit = new(Visit)
	}
	return r.Visit
}

// A Purpose says what the credentials of a Request are for.
type Purpose string

// The purposes.
const (
	PurposeShow    Purpose = "show"    // to be shown to the person
	PurposeBuckets Purpose = "buckets" // to list buckets with; not shown
	// PurposeMFASession is to keep an MFA session with; not shown.
	PurposeMFASession Purpose = "mfa_session"
	PurposeConsole    Purpose = "console" // to sign in to the AWS console with; shown only if that fails
	PurposeKey        Purpose = "key"     // none: a code is checked to change the registered key
)

// A Method is the STS call that issued Credentials.
type Method string

// The calls.
const (
	MethodAssumeRole      Method = "AssumeRole"
	MethodGetSessionToken Method = "GetSessionToken"
)

// A Grant is one issuance. It holds no secret.
type Grant struct {
	ID           string         `json:"id"` // the Request's
	User         string         `json:"user"`
	Account      string         `json:"account"`
	RoleARN      policy.RoleARN `json:"role_arn,omitempty"`
	Principal    string         `json:"principal,omitempty"` // the assumed-role ARN
	AccessKeyID  string         `json:"access_key_id"`
	Purpose      Purpose        `json:"purpose,omitempty"`
	Method       Method         `json:"method"`
	MFA          bool           `json:"mfa"`
	MFASession   string         `json:"mfa_session,omitempty"` // access key ID of the MFA session that signed the call
	Issued       time.Time      `json:"issued"`
	Expires      time.Time      `json:"expires"`
	Reason       string         `json:"reason,omitempty"`
	STSRequestID string         `json:"sts_request_id,omitempty"`
	STSRegion    string         `json:"sts_region,omitempty"`
	Unanswered   string         `json:"sts_unanswered,omitempty"` // the region that was asked before, and may have issued some too
	Approval     string         `json:"approval,omitempty"`       // ID of the Approval that was used
	BreakGlass   bool           `json:"break_glass,omitempty"`
	Entry        int64          `json:"entry,omitempty"` // number of the entry of the record that tells of it; 0: it is older than these
}

// Cleaned is g as it may be shown: read back from where others may write.
func (g Grant) Cleaned() Grant {
	text.CleanFields(&g)
	return g
}

// Issued is what Issue answers.
type Issued struct {
	Grant       Grant
	Credentials secret.Credentials
	Account     policy.Account
	Way         []prose.Part   // why the planner chose this call, for the reply
	Sealing     secret.Sealing // how the Credentials may be shown
	// Saved is false when the Credentials could not be sealed for the reveal
	// window: they work, but cannot be shown or used again.
	Saved bool
	// Later is what was put on the lists of what Request.Later said, in its order; the
	// zero one where it was not. It comes with an error too, where an order came then.
	Later []DueEntry
	// UsedSession is the MFA session that took the place of a code: the person is
	// told by direct message. nil when there was a code, or none was needed.
	UsedSession *Session
}

// NewID returns an unguessable identifier of a Request.
func NewID() string { return strings.ToLower(rand.Text()) }

// ShortRef is the part of an ID that a person can read out over the phone.
func ShortRef(id string) string { return id[:min(len(id), 8)] }
