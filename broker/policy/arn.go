package policy

import (
	"errors"
	"fmt"
	"strings"

	"github.com/assumebot/assumebot/broker/text"
)

// A RoleARN is the ARN of an IAM role, checked by [ParseRoleARN].
type RoleARN string

const anyPartition = `^arn:(aws|aws-cn|aws-us-gov|aws-iso|aws-iso-b|aws-iso-e|aws-iso-f|aws-eusc):iam::`

// What the functions below check, as far as a regular expression can say it: for the
// schema of the config, in the syntax that RE2 and ECMAScript share.
// A * or ? in a path would make the ARN a wildcard wherever a policy names it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
const (
	iamPath            = `(?:[\x21-\x29\x2b-\x3e\x40-\x7e]+/)?`
	RoleARNPattern     = anyPartition + `(\d{12}):role/(` + iamPath + `)([\w+=,.@-]{1,64})$`
	MFAARNPattern      = anyPartition + `(\d{12}):mfa/[\w+=,.@/-]+$`
	MFASerialPattern   = `^[\w+=/:,.@-]{9,256}$`
	ExternalIDPattern  = `^[\w+=,.@:/-]+$`
	SessionNamePattern = `^[\w+=,.@-]{2,64}$`
	PolicyARNPattern   = anyPartition + `(\d{12}|aws):policy/` + iamPath + `[\w+=,.@-]{1,128}$`
)

// An external ID has at least and at most so many characters.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
const (
	MinExternalID = 2
	MaxExternalID = 1224
)

var (
	roleARN     = text.NewPattern(RoleARNPattern)
	mfaARN      = text.NewPattern(MFAARNPattern)
	mfaSerial   = text.NewPattern(MFASerialPattern)
	externalID  = text.NewPattern(ExternalIDPattern)
	sessionName = text.NewPattern(SessionNamePattern)
	notSession  = text.NewPattern(`[^\w+=,.@-]+`)
	policyARN   = text.NewPattern(PolicyARNPattern)
)

// ParseRoleARN checks s as the ARN of an IAM role.
func ParseRoleARN(s string) (RoleARN, error) {
	if !roleARN.MatchString(s) {
		return "", errors.New("not a role ARN: it should look like arn:aws:iam::123456789012:role/Name")
	}
	return RoleARN(s), nil
}

// AccountID returns the twelve digits of the account that the role is in.
func (r RoleARN) AccountID() string { return field(string(r), 4) }

// Partition returns aws, aws-cn, aws-us-gov and so on.
func (r RoleARN) Partition() string { return field(string(r), 1) }

// RoleName returns the role's name without its path.
func (r RoleARN) RoleName() string { return string(r[strings.LastIndexByte(string(r), '/')+1:]) }

func field(arn string, n int) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 {
		return ""
	}
	return parts[n]
}

// CheckMFASerial says what is wrong with s as the SerialNumber of an MFA
// device: the ARN of a virtual device, or a hardware serial such as
// GAHT12345678. FIDO keys cannot be used through the API.
func CheckMFASerial(s string) error {
	switch {
	case strings.Contains(s, ":u2f/"):
		return errors.New("FIDO security keys cannot be used through the STS API; register a virtual MFA device (TOTP) for this user")
	case strings.HasPrefix(s, "arn:") && !mfaARN.MatchString(s):
		return errors.New("not an MFA device ARN: it should look like arn:aws:iam::123456789012:mfa/name")
	case !mfaSerial.MatchString(s):
		return errors.New("not an MFA serial: 9 to 256 letters, digits and =/:,.@-, an ARN or a hardware serial such as GAHT12345678")
	}
	return nil
}

// MFAPartition returns the partition of a virtual device's ARN, "" for a
// hardware serial, which names none.
func MFAPartition(serial string) string {
	if !strings.HasPrefix(serial, "arn:") {
		return ""
	}
	return field(serial, 1)
}

// CheckExternalID says what is wrong with s as an ExternalId.
func CheckExternalID(s string) error {
	if len(s) < MinExternalID || len(s) > MaxExternalID || !externalID.MatchString(s) {
		return errors.New("an external ID is 2 to 1224 letters, digits and _+=,.@:/-")
	}
	return nil
}

// CheckPolicyARN says what is wrong with s as the ARN of a managed policy.
func CheckPolicyARN(s string) error {
	if !policyARN.MatchString(s) {
		return errors.New("not a managed policy ARN: it should look like arn:aws:iam::aws:policy/ReadOnlyAccess")
	}
	return nil
}

// SessionName turns a User's name into what RoleSessionName and SourceIdentity
// take: each run of other characters becomes one dash. It never cuts: a name
// that would have to be cut could collide with another's, so it is an error.
func SessionName(name string) (string, error) {
	clean := strings.Trim(notSession.ReplaceAllString(name, "-"), "-")
	switch {
	case len(clean) > 64:
		return "", fmt.Errorf("as a session name it has %d characters; AWS takes 64, and it is never cut: choose a shorter name", len(clean))
	case !sessionName.MatchString(clean):
		return "", errors.New("a name needs at least two letters, digits or +=,.@-_ to become a session name")
	case strings.HasPrefix(strings.ToLower(clean), "aws:"):
		return "", errors.New("a name must not start with aws:")
	}
	return clean, nil
}

// CheckSessionName says what is wrong with name as RoleSessionName and
// SourceIdentity, which take every name of an IAM user but those of one
// character.
func CheckSessionName(name string) error {
	if !sessionName.MatchString(name) {
		return errors.New("a session name is 2 to 64 letters, digits and _+=,.@-")
	}
	return nil
}

// SessionOf returns the session name within the ARN of an assumed role:
// arn:aws:sts::222222222222:assumed-role/OnCall/alice.
func SessionOf(principal string) string {
	return principal[strings.LastIndexByte(principal, '/')+1:]
}

// PartitionOfRegion returns the partition a region is in, by its prefix.
// https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
func PartitionOfRegion(region string) string {
	for prefix, partition := range map[string]string{
		"cn-": "aws-cn", "us-gov-": "aws-us-gov", "us-iso-": "aws-iso", "us-isob-": "aws-iso-b",
		"eu-isoe-": "aws-iso-e", "us-isof-": "aws-iso-f", "eusc-": "aws-eusc",
	} {
		if strings.HasPrefix(region, prefix) {
			return partition
		}
	}
	return "aws"
}
