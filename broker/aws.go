package broker

import (
	"context"
	"time"

	"github.com/assumebot/assumebot/broker/listing"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

// What the broker needs of AWS. A failure is an *Error whose sentences are made behind
// the port, where AWS's own words are known: nothing here looks at what AWS said.
// Calls end as broker/patience says.

// AWS is all of it.
type AWS interface {
	STS
	LongTermKeys
	Buckets
	Signin
	Revoker
}

// STS issues credentials, and says whose they are.
type STS interface {
	// Issue makes the one call that c.Plan names. It is never retried, since a code
	// works once per device, and not begun when too little time is left for its
	// answer; one without a code may go to a second region where the first is silent. After an error nobody has credentials, and its Use says what became of
	// the code; CodeOutcomeUnknown is of a call that may have issued some. A key that
	// AWS does not know is read anew the next time.
	Issue(ctx context.Context, c Call) (STSAnswer, error)
	// Identity says whom AWS takes the holder of c for; from is where c was read
	// from, zero for what STS issued. It issues nothing, so nothing is ever unknown.
	Identity(ctx context.Context, c secret.Credentials, from policy.KeySource) (Identity, error)
}

// A Call is one Request on its way to STS.
type Call struct {
	Request Request
	User    policy.User
	Account policy.Account
	Plan    Plan
	Signer  secret.Credentials // the User's long-term key, or the MFA session's if Plan.Chained
	// SessionSaved says that the MFA session which signs is saved: another try needs no code.
	SessionSaved bool
}

// An STSAnswer is what STS issued.
type STSAnswer struct {
	secret.Credentials
	Principal string // the assumed-role ARN; "" of GetSessionToken
	RequestID string // STS's
	Region    string // whose STS it was
	// Unanswered is the region that was asked before and may have issued some too, which
	// nobody has; "": none. Note says so, to go on from how they were obtained.
	Unanswered string
	Note       []prose.Part
}

// An Identity is what GetCallerIdentity answers.
type Identity struct {
	Account string
	ARN     string
	UserID  string
}

// LongTermKeys reads the keys of IAM users.
type LongTermKeys interface {
	// LongTermKey returns the key of u, read from where the config says. It must be
	// of an IAM user where p needs one: temporary credentials own no MFA device. The
	// Codes are CodeKeyUnreadable and CodeKeyNotLongTerm; no code is used.
	LongTermKey(ctx context.Context, u policy.User, p Plan) (secret.Credentials, error)
}

// Buckets lists S3 buckets.
type Buckets interface {
	// ListBuckets reads one part of a list as listing.Walk wants it, and may try again
	// while ctx lasts. CodeCredentialsGone says that these credentials list nothing more.
	ListBuckets(ctx context.Context, q BucketQuery) (buckets []listing.Bucket, next string, err error)
}

// A BucketQuery asks for one part of a list.
type BucketQuery struct {
	User        string // who asks: a Slack user ID
	Account     policy.Account
	Credentials secret.Credentials
	Prefix      string
	Token       string // "": the first part
	Again       Renewal
}

// A Renewal says what it takes to ask again, for the hint of a failure.
type Renewal int

// The renewals.
const (
	RenewWithCode    Renewal = iota // a new code
	RenewWithoutMFA                 // nothing: the Account has no MFA
	RenewFromSaved                  // nothing while the credentials live, which are saved
	RenewFromSession                // nothing while the MFA session lives
)

// Signin makes links that sign in to the AWS console.
type Signin interface {
	// HasConsole reports whether AWS documents a console of the partition.
	HasConsole(partition string) bool
	// SigninLink exchanges the Credentials for a link. No code is in the call, so it
	// is tried again when nothing answers. The Code is CodeSignin.
	SigninLink(ctx context.Context, q SigninQuery) (secret.Text, error)
}

// A SigninQuery asks for a link to the console of the Account.
type SigninQuery struct {
	User        string // whose; one person's mistakes stop nobody else
	Account     policy.Account
	Credentials secret.Credentials
	Service     string // whose console; "": the console's home
	Endpoint    string // of the sign-in; "": AWS's own for the Account's partition
}

// Revoker makes AWS refuse what was issued.
type Revoker interface {
	// Deny makes the role of the Account refuse the sessions of all that names
	// returns which were issued until now, and keeps what it refuses already. names
	// is asked once, before the policy is read; still before each write, whether this
	// process may go on. The error is a *DenialError.
	Deny(ctx context.Context, account policy.Account, names func() []string, still func(context.Context) error) (Denied, error)
}

// A Denied is what the policy on the role denies now.
type Denied struct {
	Before    time.Time // by AWS's clock: sessions issued before it are refused
	Everybody bool      // there was no room for one session name, so it denies all
}

// A DenialError says what is known when AWS did not say that it denies sessions.
type DenialError struct {
	Refused     bool                 // by AWS: the bot may not do that
	Unconfirmed bool                 // AWS may have been told all the same
	Earlier     map[string]time.Time // session names, "" for all: what was issued before that, AWS refuses all the same
	Err         error
}

// coversEarlier reports whether AWS refuses anything of session.
func (e *DenialError) coversEarlier(session string) bool {
	_, one := e.Earlier[session]
	_, all := e.Earlier[""]
	return one || all
}

// Error implements error for operators.
func (e *DenialError) Error() string {
	if e.Unconfirmed {
		return "AWS did not confirm it: " + e.Err.Error()
	}
	return e.Err.Error()
}

// Unwrap returns the cause.
func (e *DenialError) Unwrap() error { return e.Err }

// An AWSFailure is what AWS said, for operators: without what it was sent.
type AWSFailure struct {
	Text      string
	RequestID string // of AWS's answer; "" where there was none
}

// Error implements error.
func (f *AWSFailure) Error() string { return f.Text }
