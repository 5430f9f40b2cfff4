package awsapi

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/secret"
)

// A meaning is what one of STS's refusals means for the person.
type meaning struct {
	code     broker.Code
	contains string // of AWS's message, in lower case; "" is any
	detail   string // which case of the code
	message  string
	hint     string
	unused   bool // AWS refused before it looked at the code
}

const (
	trustHint = "Its trust policy or your IAM user's own policy says no: " +
		"principal, external ID, MFA, session name, source identity and address are what to look at. " + broker.AskOperator
	stsName    = "AWS STS"
	clockWrong = "AWS refused the request because the bot's clock is wrong."
	throttled  = "AWS is being asked too often right now."
)

// meanings maps STS's error codes to what they mean for o. One code has several
// causes that only the message tells apart; the first match counts, and each
// list ends with what is safe to say of all the others. Sources: the API
// reference of AssumeRole and GetSessionToken, and messages as users of the AWS
// CLI and aws-vault reported them.
func (o operation) meanings(code string) []meaning {
	switch code {
	case "AccessDenied", "AccessDeniedException":
		return o.accessDenied()
	case "ValidationError":
		return o.validation()
	case "PackedPolicyTooLarge", "PackedPolicyTooLargeException":
		return []meaning{{
			code: broker.CodeSessionPolicy, detail: "too_large", message: "AWS says that the session policy and tags of " + o.account + " are too large together.",
			hint: "The config must name a smaller session_policy or fewer tags. " + broker.AskOperator,
		}}
	case "MalformedPolicyDocument", "MalformedPolicyDocumentException":
		return []meaning{{
			code: broker.CodeSessionPolicy, detail: "malformed", message: "AWS does not understand the session policy of " + o.account + ".",
			hint: "The file that session_policy names must be mended. " + broker.AskOperator,
		}}
	case "InvalidClientTokenId", "UnrecognizedClientException":
		return []meaning{o.keyUnknown()}
	case "SignatureDoesNotMatch", "RequestExpired":
		return o.signature()
	case "ExpiredToken", "ExpiredTokenException":
		return []meaning{o.ended()}
	case "RegionDisabledException":
		return []meaning{{
			code: broker.CodeRegion, message: "STS is switched off in the region that the bot calls.",
			hint: "Somebody must enable the region for that AWS account, or set AWS_REGION to another. " + broker.AskOperator,
		}}
	case "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException":
		return []meaning{{code: broker.CodeThrottled, message: throttled, hint: "Wait a little. " + o.again()}}
	}
	return []meaning{{code: broker.CodeAWSRefused, message: "AWS refused in a way that the bot does not know.", hint: o.undone() + broker.AskOperator}}
}

// ended is of temporary credentials that signed.
func (o operation) ended() meaning {
	v := meaning{code: broker.CodeExpired, message: "The credentials that the bot asked with have ended.", hint: o.again()}
	switch {
	case o.signer == byMFASession:
		v.detail, v.message, v.hint = "mfa_session", "AWS no longer accepts your MFA session.", "Send it again with a new code."
	case o.does == asksForName:
		v.hint = "Ask for new ones."
	}
	return v
}

// keyUnknown names both causes: AWS gives the same code for a key that is gone and
// in an opt-in region that the key's AWS account has not enabled.
// https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
func (o operation) keyUnknown() meaning {
	switch o.signer {
	case byMFASession:
		return o.ended()
	case byTemporary:
		return meaning{
			code:    broker.CodeKeyInvalid,
			detail:  "temporary",
			message: "AWS does not know these credentials in " + o.region + ": they ended, or the region is not enabled for their AWS account.",
			hint:    "If " + o.region + " is a region to opt in to, it must be enabled in that AWS account, or AWS_REGION must name another. " + broker.AskOperator,
			unused:  true,
		}
	case byLongTermKey:
	}
	return meaning{
		code: broker.CodeKeyInvalid,
		message: "AWS does not know your long-term access key in " + o.region + ": it was deleted, disabled or just replaced, " +
			"or the region is not enabled for its AWS account.",
		hint: "If the key was replaced a moment ago, send the same again; else get a new key into place. " +
			"If " + o.region + " is a region to opt in to, it must be enabled in the AWS account of the key, or AWS_REGION must name another.",
		unused: true,
	}
}

func (o operation) accessDenied() []meaning {
	needs := func(action string) string {
		return "The role's trust policy, and your IAM user's policy, must allow " + action + ". " + broker.AskOperator
	}
	trust := trustHint
	if o.signer == byMFASession && !o.begun {
		trust = "It may want a code that is younger than your MFA session: send it again with a new one. Else: " + trustHint
	}
	return []meaning{
		{
			code: broker.CodeWrongCode, contains: "invalid mfa one time pass code",
			message: "AWS did not accept that code: it is wrong, or was used already.", hint: "Check that it is the device of this AWS user.",
		}, {
			code: broker.CodeDevice, contains: "unable to validate mfa code",
			message: "AWS could not validate the code: the MFA device that the bot has for you is not this AWS user's, or is out of step.",
			hint:    "If the device is right, resynchronise it in the IAM console; else the mfa_serial in the config must be mended. " + broker.AskOperator,
		}, {
			code: broker.CodeMFAIncomplete, contains: "must provide both mfa serial number and one time pass code",
			message: "The request to AWS was incomplete: it takes the MFA device and its code together.", hint: broker.AskOperator,
		}, { // This and the next also say "is not authorized to perform", so they come first.
			code: broker.CodeSourceIdentity, contains: "sts:setsourceidentity",
			message: "AWS does not let the bot set a source identity on " + o.account + ".", hint: needs("sts:SetSourceIdentity"),
		}, {
			code: broker.CodeTags, contains: "sts:tagsession",
			message: "AWS does not let the bot set session tags on " + o.account + ".", hint: needs("sts:TagSession"),
		}, {
			code: broker.CodeTrust, contains: "is not authorized to perform: sts:assumerole",
			message: "AWS does not let your IAM user assume the role of " + o.account + ".", hint: trust,
		},
		{code: broker.CodeAWSRefused, detail: "access_denied", message: "AWS refused: access denied.", hint: o.undone() + broker.AskOperator},
	}
}

func (o operation) validation() []meaning {
	shorter := "Ask for a shorter time."
	if !o.code.Empty() {
		shorter = "Ask for a shorter time with a new code."
	}
	return []meaning{
		{
			code: broker.CodeRoleMaximum, contains: "exceeds the maxsessionduration set for this role",
			message: "That is longer than the role of " + o.account + " allows.",
			hint:    shorter + " The account's duration.max in the config is longer than the role's own maximum.",
		}, {
			code: broker.CodeChaining, contains: "1 hour session limit for roles assumed by role chaining",
			message: "AWS gives no more than one hour here: the bot asked with temporary credentials.", hint: "Ask for 1h or less.",
		},
		{code: broker.CodeAWSRefused, detail: "malformed", message: "AWS found the request malformed.", hint: o.undone() + broker.AskOperator},
	}
}

func (o operation) signature() []meaning {
	hint := "The bot has learnt the right time from AWS: send the same again."
	wrong := meaning{
		code: broker.CodeSignature, message: "AWS says that your long-term secret key is wrong.",
		hint: "The stored key does not belong to its access key ID. " + broker.AskOperator, unused: true,
	}
	if o.signer == byMFASession {
		hint = "The bot has learnt the right time from AWS. " + o.again()
		wrong.message, wrong.hint = "AWS did not accept the signature made with your MFA session.", "Send it again with a new code. "+broker.AskOperator
	}
	var out []meaning
	for _, says := range []string{"signature expired", "signature not yet current", "request has expired"} {
		out = append(out, meaning{code: broker.CodeClock, contains: says, message: clockWrong, hint: hint, unused: true})
	}
	return append(out, wrong)
}

// failure says what became of a call that ended in err. Only what carried a code
// speaks of one.
func (o operation) failure(ctx context.Context, err error, s *sending) *broker.Error {
	failure := &broker.AWSFailure{Text: scrub(err, o.code), RequestID: requestID(err)}
	var api smithy.APIError
	code, said := "", ""
	if errors.As(err, &api) {
		code, said = api.ErrorCode(), strings.ToLower(api.ErrorMessage())
	}
	switch s.arrivalOf(ctx, err, code) {
	case refusedByAWS:
		for _, v := range o.meanings(code) {
			if !strings.Contains(said, v.contains) {
				continue
			}
			e := detailed(failed(v.code, v.message, v.hint, failure), v.detail, stsName)
			e.Use, e.Facts.AWSCode, e.Facts.Region = o.use(broker.UseSpent), code, o.region
			if v.unused {
				e.Use = o.use(broker.UseUnused)
			}
			return e
		}
	case refusedOnWay:
		e := refusedBefore(stsName, err, o.undone()+o.again()+" "+broker.AskOperator)
		e.Use, e.Err = o.use(broker.UseUnknown), failure
		return e
	case arrivedNowhere, misdirected:
		e := s.notReached(err, stsName, "AWS_REGION", o.soon())
		e.Use, e.Err = o.use(broker.UseUnused), failure
		return e
	case malformed:
		return o.unwritable(failure)
	case serverFailed, lost:
	}
	return o.unanswered(err, failure)
}

// unwritable is of a key that no request can be made with.
func (o operation) unwritable(failure error) *broker.Error {
	if o.signer == byMFASession {
		v := o.ended()
		return detailed(failed(v.code, v.message, v.hint, failure), v.detail, stsName)
	}
	e := failed(broker.CodeKeyUnreadable, "No request to AWS can be made with the access key that the bot has for you: it holds characters that no key has.",
		broker.AskOperator, failure)
	e.Detail = "characters"
	e.Use = o.use(broker.UseUnused)
	return e
}

// scrub takes the code out: AWS quotes malformed parameters in its messages.
func scrub(err error, code secret.TokenCode) string {
	if code.Empty() {
		return err.Error()
	}
	return strings.ReplaceAll(err.Error(), code.Reveal(), "[code]")
}
