package broker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/aws/smithy-go"
)

// A verdict is what one of STS's refusals means: for the person a sentence and
// a hint.
type verdict struct {
	code     Code
	contains string // of the message, in lower case; "" is any
	message  string
	hint     string
}

const askOperator = "Pass the reference to whoever runs the bot."

// verdicts maps STS's error codes to what they mean. One code has several
// causes that only the message tells apart; the first match counts, and each
// list ends with what is safe to say of all the others. Sources: the API
// reference of AssumeRole and GetSessionToken, and messages as users of the AWS
// CLI and aws-vault reported them.
func verdicts(code string, c call) []verdict {
	switch code {
	case "AccessDenied", "AccessDeniedException":
		return accessDenied(c)
	case "ValidationError":
		return validation(c)
	case "PackedPolicyTooLarge", "PackedPolicyTooLargeException":
		return []verdict{{CodeSessionPolicy, "", "AWS says that the session policy and tags of " + c.account.Name + " are too large together.", "The config must name a smaller session_policy or fewer tags. " + askOperator}}
	case "MalformedPolicyDocument", "MalformedPolicyDocumentException":
		return []verdict{{CodeSessionPolicy, "", "AWS does not understand the session policy of " + c.account.Name + ".", "The file that session_policy names must be mended. " + askOperator}}
	case "InvalidClientTokenId", "UnrecognizedClientException":
		return []verdict{keyUnknown(c)}
	case "SignatureDoesNotMatch", "RequestExpired":
		return signature(c)
	case "ExpiredToken", "ExpiredTokenException":
		again := c.again()
		if c.request.Purpose == purposeIdentity {
			again = "Ask for new ones."
		}
		return []verdict{{CodeExpired, "", "The credentials that the bot asked with have ended.", again}}
	case "RegionDisabledException":
		return []verdict{{CodeRegion, "", "STS is switched off in the region that the bot calls.", "Somebody must enable the region for that AWS account, or set AWS_REGION to another. " + askOperator}}
	case "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException":
		return []verdict{{CodeThrottled, "", "AWS is being asked too often right now.", "Wait a little. " + c.again()}}
	}
	return []verdict{{CodeAWSRefused, "", "AWS refused in a way that the bot does not know.", c.undone() + askOperator}}
}

// keyUnknown names both causes: AWS gives the same code for a key that is gone and
// in an opt-in region that the key's AWS account has not enabled.
// https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
func keyUnknown(c call) verdict {
	v := verdict{
		code:    CodeKeyInvalid,
		message: fmt.Sprintf("AWS does not know your long-term access key in %s: it was deleted, disabled or just replaced, or the region is not enabled for its AWS account.", c.region),
		hint: c.unused() + "If the key was replaced a moment ago, send the same again; else get a new key into place. " +
			"If " + c.region + " is a region to opt in to, it must be enabled in the AWS account of the key, or AWS_REGION must name another.",
	}
	if c.key.SessionToken != "" {
		v.message = fmt.Sprintf("AWS does not know these credentials in %s: they ended, or the region is not enabled for their AWS account.", c.region)
		v.hint = "If " + c.region + " is a region to opt in to, it must be enabled in that AWS account, or AWS_REGION must name another. " + askOperator
	}
	return v
}

func accessDenied(c call) []verdict {
	role := c.account.Name
	return []verdict{
		{CodeWrongCode, "invalid mfa one time pass code", "AWS did not accept that code: it is wrong, or was used already.", "Check that it is the device of this AWS user."},
		{CodeDevice, "unable to validate mfa code", "AWS could not validate the code: the MFA device that the bot has for you is not this AWS user's, or is out of step.", "If the device is right, resynchronise it in the IAM console; else the mfa_serial in the config must be mended. " + askOperator},
		{CodeMFAIncomplete, "must provide both mfa serial number and one time pass code", "The request to AWS was incomplete: it takes the MFA device and its code together.", askOperator},
		// These two also say "is not authorized to perform", so they come first.
		{CodeSourceIdentity, "sts:setsourceidentity", "AWS does not let the bot set a source identity on " + role + ".", "The role's trust policy, and your IAM user's policy, must allow sts:SetSourceIdentity. " + askOperator},
		{CodeTags, "sts:tagsession", "AWS does not let the bot set session tags on " + role + ".", "The role's trust policy, and your IAM user's policy, must allow sts:TagSession. " + askOperator},
		{CodeTrust, "is not authorized to perform: sts:assumerole", "AWS does not let your IAM user assume the role of " + role + ".", "Its trust policy or your IAM user's own policy says no: principal, external ID, MFA, session name, source identity and address are what to look at. " + askOperator},
		{CodeAWSRefused, "", "AWS refused: access denied.", c.undone() + askOperator},
	}
}

func validation(c call) []verdict {
	shorter := "Ask for a shorter time."
	if c.plan.sendsCode() {
		shorter = "Ask for a shorter time with a new code."
	}
	return []verdict{
		{CodeRoleMaximum, "exceeds the maxsessionduration set for this role", "That is longer than the role of " + c.account.Name + " allows.", shorter + " The account's duration.max in the config is longer than the role's own maximum."},
		{CodeChaining, "1 hour session limit for roles assumed by role chaining", "AWS gives no more than one hour here: the bot asked with temporary credentials.", "Ask for 1h or less."},
		{CodeAWSRefused, "", "AWS found the request malformed.", c.undone() + askOperator},
	}
}

func signature(c call) []verdict {
	const message = "AWS refused the request because the bot's clock is wrong."
	hint := c.unused() + "The bot has learnt the right time from AWS: send the same again."
	return []verdict{
		{CodeClock, "signature expired", message, hint},
		{CodeClock, "signature not yet current", message, hint},
		{CodeClock, "request has expired", message, hint},
		{CodeSignature, "", "AWS says that your long-term secret key is wrong.", c.unused() + "The stored key does not belong to its access key ID. " + askOperator},
	}
}

// codeNotUsed tells whether AWS certainly never looked at the code, so that the
// same one can be sent again.
func codeNotUsed(code Code) bool {
	switch code {
	case CodeKeyInvalid, CodeKeyUnreadable, CodeClock, CodeSignature, CodeCannotReachAWS, CodeSettings:
		return true
	}
	return false
}

// stsError says what became of a call. Only what carried a code speaks of one.
func stsError(ctx context.Context, err error, c call, s *sending) *Error {
	failure := &awsFailure{text: scrub(err, c.request.Code), requestID: requestID(err)}
	var api smithy.APIError
	code, said := "", ""
	if errors.As(err, &api) {
		code, said = api.ErrorCode(), strings.ToLower(api.ErrorMessage())
	}
	switch s.arrivalOf(ctx, err, code) {
	case refusedByAWS:
		for _, v := range verdicts(code, c) {
			if strings.Contains(said, v.contains) {
				return &Error{Code: v.code, What: Say(v.message), Hint: Say(v.hint), Err: failure}
			}
		}
	case refusedOnWay:
		return &Error{
			Code: CodeStrangeAnswer, Err: failure,
			What: Say(fmt.Sprintf("Something between the bot and AWS STS, a proxy perhaps, refused the request: the answer (HTTP %d) is not one of AWS.", statusOf(err))),
			Hint: Say(c.undone() + c.again() + " " + askOperator),
		}
	case arrivedNowhere, misdirected:
		return s.notReached(err, failure, "AWS STS", "AWS_REGION", c.unused())
	case malformed:
		return &Error{
			Code: CodeKeyUnreadable, Err: failure,
			What: Say("No request to AWS can be made with the access key that the bot has for you: it holds characters that no key has."),
			Hint: Say(c.unused() + askOperator),
		}
	case serverFailed, lost:
	}
	return c.unanswered(err, failure)
}

// notReached is a call to service, in the region that setting gives, of which
// nothing was sent.
func (s *sending) notReached(err, failure error, service, setting, unused string) *Error {
	var dns *net.DNSError
	unknown := errors.As(err, &dns) && dns.IsNotFound
	switch {
	case s.fips(err) && (unknown || !s.handed.Load()):
		return &Error{
			Code: CodeSettings, Err: failure,
			What: Say("The bot cannot reach " + service + ": it is told to use FIPS hosts, and there is none in its region."),
			Hint: Say(unused + "AWS_USE_FIPS_ENDPOINT must be off, or " + setting + " name a region that has one. " + askOperator),
		}
	case !s.handed.Load():
		return &Error{
			Code: CodeSettings, Err: failure,
			What: Say("The bot cannot ask " + service + ": its AWS settings lead to no host of AWS."),
			Hint: Say(unused + "Look at " + setting + " and at the AWS_… variables of the bot. " + askOperator),
		}
	case unknown:
		return &Error{
			Code: CodeCannotReachAWS, Err: failure,
			What: Say("The bot cannot reach " + service + ": nobody knows the host " + dns.Name + "."),
			Hint: Say(unused + "Try again in a minute; if it stays, " + setting + " names no region, or the bot's DNS does not work. " + askOperator),
		}
	}
	return &Error{
		Code: CodeCannotReachAWS, Err: failure,
		What: Say("The bot cannot reach " + service + "."),
		Hint: Say(unused + "Try again in a minute."),
	}
}

// An awsFailure is the cause for operators, with the code taken out: AWS quotes
// malformed parameters in its messages.
type awsFailure struct {
	text      string
	requestID string
}

func (f *awsFailure) Error() string { return f.text }

func scrub(err error, code TokenCode) string {
	if code.Empty() {
		return err.Error()
	}
	return strings.ReplaceAll(err.Error(), code.Reveal(), "[code]")
}
