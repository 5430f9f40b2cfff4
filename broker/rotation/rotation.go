// Package rotation replaces the IAM access keys of Users whose key stands in Secrets Manager, so that nobody
// knows one, and none grows old.
//
// A rotation is a row of steps: create a key, store it beside the current one, test it with STS, switch, wait
// until no replica has the former key in memory, deactivate that, wait, delete it. What holds:
//
//   - What is to be done next is read from AWS each time: which keys the IAM user has, and which version of the
//     secret is current, pending and previous. So a process may die at any point, and whoever comes next goes on.
//   - One [Step] does one act. Before it the act is noted in the store, by comparing and swapping, and its intent
//     is on the record; after it the outcome is. Whoever was overtaken by another finds the note changed, and does
//     nothing. What a dead process was doing is recorded as unknown before anything else is done.
//   - A key becomes current only after STS has said that it works and whose it is. IAM takes a while to know a new
//     key everywhere, so a refusal counts only after [Patience].
//   - A key is deactivated or deleted only right after STS has said that the current one works. The current key
//     never is. A key that IAM lists, and neither the secret nor the note knows, is never touched: somebody else
//     made it, and a person has to look.
//   - IAM allows two keys. One that was created and never stored, since its process died, is deleted before
//     another is made: its secret is lost.
//   - Secrets are in Secrets Manager alone: never in the note, on the record, or in an error.
package rotation

import (
	"context"
	"errors"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/secret"
)

const (
	// Settle is how long the former key still works once another is current, and then how long it can be
	// activated again. A replica keeps a key for five minutes in memory, and a call to AWS takes seconds.
	Settle = 10 * time.Minute
	// Patience is how long IAM may not know a new key before it counts as broken.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html#troubleshoot_general_eventual-consistency
	Patience = 2 * time.Minute
	// testPause is from one test of a new key to the next.
	testPause = 3 * time.Second
	// testsPassed is how many tests in a row a new key passes: one answer comes from one place.
	testsPassed = 3
	// skew is how far the clocks of AWS and of this process may be apart.
	skew = 5 * time.Minute
	// tellAgain is after how long a failure that stays is on the record once more.
	tellAgain = 24 * time.Hour
)

// A Key is an access key as IAM lists it.
type Key struct {
	ID      string
	Active  bool
	Created time.Time
}

// An Owner is the IAM user whom a key is of.
type Owner struct {
	ARN     string `json:"arn"`
	Account string `json:"account"`
	Name    string `json:"name"` // without its path
}

// A Version is one of a secret. One that holds no access key has no Key.
type Version struct {
	ID  string
	Key secret.Credentials
}

// Stored is what Secrets Manager has. A version without an ID is not there.
type Stored struct {
	Current, Pending, Previous Version
	Elsewhere                  bool // Secrets Manager rotates it by a function of somebody else
}

// Keys are the access keys of IAM users, by the bot's own identity. An error that is AWS's refusal has its code
// as AWSCode; after any other nobody knows whether it was done.
type Keys interface {
	// Keys lists those of a user, two at most. It may be some seconds behind.
	Keys(ctx context.Context, user string) ([]Key, error)
	// CreateKey asks once.
	CreateKey(ctx context.Context, user string) (secret.Credentials, error)
	DeactivateKey(ctx context.Context, user, id string) error
	DeleteKey(ctx context.Context, user, id string) error
	// KeyLastUsed is zero of a key that was never used. It may be hours behind.
	KeyLastUsed(ctx context.Context, id string) (time.Time, error)
}

// Secrets are where the keys of Users stand. Errors are as those of [Keys].
type Secrets interface {
	Stored(ctx context.Context, name string) (Stored, error)
	// StorePending adds a version that is pending; one of the same ID and key is added once.
	StorePending(ctx context.Context, name, version string, key secret.Credentials) error
	// Switch makes the version to current if from is.
	Switch(ctx context.Context, name, from, to string) error
	// DropPending has version be pending no more.
	DropPending(ctx context.Context, name, version string) error
}

// Owners say whose keys are, by STS. The error is AWS's refusal InvalidClientTokenId for a key that does not work.
type Owners interface {
	Owner(ctx context.Context, key secret.Credentials) (Owner, error)
	// Own is the AWS account of the bot's own identity.
	Own(ctx context.Context) (account string, err error)
}

// Recorder puts Events on the record.
type Recorder interface {
	Record(ctx context.Context, events ...event.Event) (event.Receipt, error)
}

// Notes are kept sealed, under a name, for all replicas.
type Notes interface {
	// LoadKnown returns a note, and what SwapKnown needs to replace it; both nil when there is none.
	LoadKnown(ctx context.Context, name string) (plain, sealed []byte, err error)
	// SwapKnown is false when another replaced it before.
	SwapKnown(ctx context.Context, name string, sealed, plain []byte) (bool, error)
}

// Deps are what a Rotation works with.
type Deps struct {
	Keys     Keys
	Secrets  Secrets
	Owners   Owners
	Recorder Recorder
	Notes    Notes
	Now      func() time.Time
}

// A Rotation may be used by one goroutine at a time for each User. One of them at a time, in all replicas, holds
// the lease of the name [Lease].
type Rotation struct{ Deps }

// Lease is the name of the lease under which keys are rotated, by replicas and by hand.
const Lease = "rotate-keys"

// New asks nobody.
func New(d Deps) *Rotation { return &Rotation{d} }

// A Subject is a User whose key is rotated.
type Subject struct {
	Who    event.Person
	Secret string // its name or ARN
}

// An Order is what is wanted.
type Order struct {
	// Every is how old a current key becomes; 0: it is not replaced for its age.
	Every time.Duration
	// Replace is the access key ID that must go, whatever its age, "" for none. It may be one that works no more.
	Replace string
	// AtOnce leaves out both waits: the former key is known to somebody.
	AtOnce bool
	// IAMUser is whose key it is where it works no more and no note tells; "": not known.
	IAMUser string
	// By is who gave it by hand; "" for the bot itself.
	By string
}

// Progress is what a Step has come to.
type Progress struct {
	Did     string        // one of the steps of the Event; "" for none
	Key     string        // the access key ID that it was done to
	Wait    time.Duration // until there may be something to do; 0: at once
	Waiting string        // why: age, test, deactivate or delete; "" of none
	Next    string        // of a look: the step that would be done; "" for none
	Current Key           // the current one; without a Created where IAM does not list it
	Owner   Owner
}

// Done reports whether nothing is under way.
func (p Progress) Done() bool {
	return p.Did == "" && p.Next == "" && (p.Waiting == "" || p.Waiting == WaitAge)
}

// Why a Step waits.
const (
	WaitAge        = "age"
	WaitTest       = "test"
	WaitDeactivate = "deactivate"
	WaitDelete     = "delete"
)

// The codes of a Problem.
const (
	ForeignKey    = "foreign_key"        // the IAM user has a key that the bot did not make
	KeyDead       = "key_dead"           // the current key works no more, and only a person has it replaced
	OtherAccount  = "other_account"      // the IAM user is not in the AWS account of the bot's identity
	NotOfUser     = "not_of_an_iam_user" // the current key is of the root user, say
	Elsewhere     = "rotated_elsewhere"  // Secrets Manager rotates the secret
	Unreadable    = "secret_unreadable"  // it holds no access key
	NewKeyBroken  = "new_key_broken"     // STS does not know the new key, or says that it is another's
	Refused       = "refused"            // AWS refused a call
	NotAnswered   = "not_answered"       // AWS did not answer, so that nobody knows
	NoteBroken    = "note_unreadable"    // the note in the store does not open
	NotRecorded   = "not_recorded"       // the record does not take it, so that nothing is done
	Overtaken     = "overtaken"          // another process went on meanwhile
	StoreNotThere = "store_failed"       // the note cannot be kept
)

// A Problem is why a Step could do nothing. Its text holds no secret.
type Problem struct {
	Code    string
	Key     string // access key ID that it is about; "": of none
	AWSCode string
	Err     error
}

// Error implements error.
func (p *Problem) Error() string {
	text := p.Code
	if p.Key != "" {
		text += " (" + p.Key + ")"
	}
	if p.Err != nil {
		text += ": " + p.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Err }

func problem(code, key string, err error) *Problem {
	return &Problem{Code: code, Key: key, AWSCode: awsCode(err), Err: err}
}

// ofAWS is a call to AWS that failed.
func ofAWS(key string, err error) *Problem {
	if awsCode(err) != "" {
		return problem(Refused, key, err)
	}
	return problem(NotAnswered, key, err)
}

// awsCode is AWS's own code of a refusal, "" of any other error.
func awsCode(err error) string {
	var refused interface{ AWSCode() string }
	if errors.As(err, &refused) {
		return refused.AWSCode()
	}
	return ""
}

// unknownKey is of a key that AWS does not know, or not yet.
func unknownKey(err error) bool { return awsCode(err) == "InvalidClientTokenId" }

// gone is of what is not there any more.
func gone(err error) bool { return awsCode(err) == "NoSuchEntity" }
