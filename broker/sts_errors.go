package broker

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
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
		return []verdict{{CodeKeyInvalid, "", "AWS does not know your long-term access key: it was deleted, disabled or just replaced.", "Your code was not used. If the key was replaced a moment ago, send the same again; else get a new key into place."}}
	case "SignatureDoesNotMatch", "RequestExpired":
		return signature()
	case "ExpiredToken", "ExpiredTokenException":
		return []verdict{{CodeExpired, "", "The credentials that the bot asked with have ended.", "Send it again with a new code."}}
	case "RegionDisabledException":
		return []verdict{{CodeRegion, "", "STS is switched off in the region that the bot calls.", "Somebody must enable the region for that AWS account, or set AWS_REGION to another. " + askOperator}}
	case "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException":
		return []verdict{{CodeThrottled, "", "AWS is being asked too often right now.", "Wait a little and send it again with a new code."}}
	}
	return []verdict{{CodeAWSRefused, "", "AWS refused in a way that the bot does not know.", "Nothing was issued. " + askOperator}}
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
		{CodeTrust, "is not authorized to perform: sts:assumerole", "AWS does not let your IAM user assume the role of " + role + ".", "Its trust policy or your IAM user's own policy says no: principal, external ID and MFA conditions are what to look at. " + askOperator},
		{CodeAWSRefused, "", "AWS refused: access denied.", "Nothing was issued. " + askOperator},
	}
}

func validation(c call) []verdict {
	return []verdict{
		{CodeRoleMaximum, "exceeds the maxsessionduration set for this role", "That is longer than the role of " + c.account.Name + " allows.", "Ask for a shorter time with a new code. The account's duration.max in the config is longer than the role's own maximum."},
		{CodeChaining, "1 hour session limit for roles assumed by role chaining", "AWS gives no more than one hour here: the bot asked with temporary credentials.", "Ask for 1h or less."},
		{CodeAWSRefused, "", "AWS found the request malformed.", "Nothing was issued. " + askOperator},
	}
}

func signature() []verdict {
	const message = "AWS turned the request away because the bot's clock is off."
	const hint = "Your code was not used. The bot has learnt the difference from AWS: send the same again."
	return []verdict{
		{CodeClock, "signature expired", message, hint},
		{CodeClock, "signature not yet current", message, hint},
		{CodeClock, "request has expired", message, hint},
		{CodeSignature, "", "AWS says that your long-term secret key is wrong.", "Your code was not used. The stored key does not belong to its access key ID. " + askOperator},
	}
}

// codeNotUsed tells whether AWS certainly never looked at the code, so that the
// same one can be sent again.
func codeNotUsed(code Code) bool {
	switch code {
	case CodeKeyInvalid, CodeClock, CodeSignature, CodeCannotReachAWS:
		return true
	}
	return false
}

// stsError says what became of a call.
func stsError(err error, c call) *Error {
	failure := &awsFailure{text: scrub(err, c.request.Code), requestID: requestID(err)}
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() != "" && !serverFailed(err, api) {
		message := strings.ToLower(api.ErrorMessage())
		for _, v := range verdicts(api.ErrorCode(), c) {
			if strings.Contains(message, v.contains) {
				return &Error{Code: v.code, Message: v.message, Hint: v.hint, Err: failure}
			}
		}
	}
	if neverSent(err) {
		return &Error{
			Code: CodeCannotReachAWS, Err: failure,
			Message: "The bot cannot reach AWS STS.",
			Hint:    "Your code was not used. Try again in a minute.",
		}
	}
	message := "The bot asked AWS, but the answer was lost on the way, so nobody knows whether credentials were issued. If they were, nobody has them."
	if errors.Is(err, context.DeadlineExceeded) {
		message = "AWS did not answer in time, so nobody knows whether credentials were issued. If they were, nobody has them."
	}
	return &Error{
		Code: CodeOutcomeUnknown, Err: failure,
		Message: message,
		Hint:    "Your code counts as used. Send it again with a new one.",
	}
}

// serverFailed reports whether something on the way or in AWS broke, so that
// what became of the call is unknown. The SDK makes an UnknownError of an answer
// that is no refusal of STS, a proxy's page for one.
func serverFailed(err error, api smithy.APIError) bool {
	var answered *awshttp.ResponseError
	if errors.As(err, &answered) && answered.HTTPStatusCode() >= 500 {
		return true
	}
	return api.ErrorCode() == "UnknownError"
}

// neverSent reports whether the connection failed before the request went out.
func neverSent(err error) bool {
	var (
		op      *net.OpError
		dns     *net.DNSError
		verify  *tls.CertificateVerificationError
		unknown x509.UnknownAuthorityError
		refused *endpointError
	)
	return errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect") ||
		errors.As(err, &dns) || errors.As(err, &verify) || errors.As(err, &unknown) || errors.As(err, &refused)
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
