package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/text"
)

// Bounds of DurationSeconds.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
const (
	MinDuration             = 15 * time.Minute
	MaxRoleDuration         = 12 * time.Hour
	MaxSessionTokenDuration = 36 * time.Hour
	// DefaultDuration is what a Request that names none gets, unless the
	// Account says otherwise.
	DefaultDuration = time.Hour
)

// MFAMode says what MFA an Account asks for.
type MFAMode string

// The MFA modes.
const (
	MFASession MFAMode = "session" // a code, or a live MFA session where these are on
	MFAFresh   MFAMode = "fresh"   // a new code for each Request
	MFANone    MFAMode = "none"    // no MFA at all; must be written out
)

// An Account is an alias for a role to assume. One without a role is the
// caller's own AWS account: its credentials come from GetSessionToken.
type Account struct {
	Name            string
	RoleARN         RoleARN // zero: the caller's own account
	ExternalID      string
	Region          string // for the snippet, S3 and console; STS is called in AWS_REGION
	DefaultDuration time.Duration
	MaxDuration     time.Duration
	MFA             MFAMode
	Rules
	SourceIdentity bool
	Tags           map[string]string
	SessionPolicy  string // the JSON text of an inline session policy
	PolicyARNs     []string
	Revoker        RoleARN // may deny issued sessions of RoleARN; zero: nobody does
	// OutsideRules says that the config accepts what an Account without a role can
	// do to the rules of those with one; it changes nothing of what is issued.
	OutsideRules bool
	SealRequired bool // only Credentials encrypted to a key of the config are shown
	// DMLife is how long the direct message with Credentials stays until the bot
	// deletes it; 0: they go into an ephemeral reply, not a direct message.
	DMLife time.Duration
}

// Terms sum up what else than role and duration decides what credentials of the
// Account may do, and how they are got: an approval is for these alone.
func (a Account) Terms() string {
	text, _ := json.Marshal([]any{a.RoleARN, a.ExternalID, a.MFA, a.SourceIdentity, a.Tags, a.SessionPolicy, a.PolicyARNs}) // it cannot fail
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// CheckDuration returns what somebody gets who asks for d, where 0 is the
// default; else why they get nothing.
func (a Account) CheckDuration(d time.Duration) (time.Duration, Why) {
	switch {
	case d == 0:
		return a.DefaultDuration, ""
	case d < MinDuration:
		return 0, TooShort
	case d > a.MaxDuration:
		return 0, TooLong
	}
	return d, ""
}

// TakesSession reports whether an MFA session may stand in for a code.
func (a Account) TakesSession() bool { return a.HasRole() && a.MFA == MFASession }

// HasRole reports whether credentials come from AssumeRole.
func (a Account) HasRole() bool { return a.RoleARN != "" }

// A User is a Slack user bound to an IAM user.
type User struct {
	Slack        string // Slack user ID
	Name         string
	SessionName  string // what RoleSessionName and SourceIdentity are: the Name as these take it, unless the config gives another
	MFASerial    string
	Key          KeySource
	AgeKey       secret.PublicKey // from the config; it wins over a registered one
	SealRequired bool             // as that of an Account
}

// A KeySource says where a User's long-term access key is read from.
// Exactly one of its fields is set.
type KeySource struct {
	Profile string // a shared-config profile
	Env     string // a prefix: ALICE reads ALICE_AWS_ACCESS_KEY_ID and ALICE_AWS_SECRET_ACCESS_KEY, each also as …_FILE
	Secret  string // the name or ARN of an AWS Secrets Manager secret
	Default bool   // the SDK's default chain
}

// String says where the key comes from; it holds no secret.
func (k KeySource) String() string {
	switch {
	case k.Profile != "":
		return "profile " + k.Profile
	case k.Env != "":
		return "environment " + k.Env + "_AWS_ACCESS_KEY_ID"
	case k.Secret != "":
		return "secret " + k.Secret
	case k.Default:
		return "default chain"
	}
	return "no source"
}

// MaxAccountName is how many characters the name of an Account has at most.
const MaxAccountName = 63

// AccountNamePattern is what CheckAccountName checks, as far as a regular expression
// can say it.
const AccountNamePattern = `^[a-z0-9][a-z0-9._-]{0,62}$`

var accountName = text.NewPattern(AccountNamePattern)

// reservedWords have a meaning of their own where an account name may stand.
var reservedWords = []string{
	"accounts", "as", "because", "block", "break-glass", "cancel", "end", "explain", "for", "help", "history", "key",
	"pause", "prefix", "receipt", "resume", "revoke", "sessions", "status", "unblock", "unlock", "who", "whoami",
}

// CheckAccountName says what is wrong with name as an Account's alias.
func CheckAccountName(name string) error {
	switch {
	case !accountName.MatchString(name) || strings.HasSuffix(name, "."):
		return errors.New("an account name is 1 to 63 of a-z, 0-9, dot, dash and underscore, starts with a letter or digit, and does not end in a dot")
	case strings.Trim(name, "0123456789.-_") == "":
		return errors.New("an account name needs a letter, or it would be read as an MFA code")
	case slices.Contains(reservedWords, name):
		return fmt.Errorf("%q is a word of the commands; choose another account name", name)
	}
	return nil
}
