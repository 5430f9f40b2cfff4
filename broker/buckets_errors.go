package broker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/smithy-go"
)

// errNoList is an answer of 200 that is no list: every list names the owner of
// the buckets, also where there are none. The SDK skips what it does not know and
// finds no buckets in the page of a proxy.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
var errNoList = errors.New("an answer that is no list of buckets")

// failure says why there is no list.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
func (w *walk) failure(ctx context.Context, err error) *Error {
	var api smithy.APIError
	code := ""
	if errors.As(err, &api) {
		code = api.ErrorCode()
	}
	account, again := w.list.Account, "Try again in a minute"+w.noNewCode()+"."
	e := &Error{Err: err}
	switch w.sent.arrivalOf(ctx, err, code) {
	case refusedByAWS:
		return w.refused(err, code)
	case arrivedNowhere, misdirected:
		e = w.sent.notReached(err, err, "S3", w.setting(), "")
		if Plain(e.Hint) == "Try again in a minute." {
			e.Hint = Say(again)
		}
	case malformed:
		e.Code = CodeCredentialsGone
		e.What, e.Hint = Say("No request to S3 can be made with the credentials for "+account.Name+"."), Say(w.withNewOnes())
	case refusedOnWay:
		e.Code = CodeStrangeAnswer
		e.What = Say(fmt.Sprintf("Something between the bot and S3, a proxy perhaps, refused the request: the answer (HTTP %d) is not one of AWS.", statusOf(err)))
		e.Hint = Say(askOperator)
	case serverFailed:
		if code == "SlowDown" {
			return w.refused(err, code)
		}
		e.Code, e.What, e.Hint = CodeCannotReachAWS, Say("S3 is not working right now."), Say(again)
	case lost:
		e.Code, e.What, e.Hint = CodeCannotReachAWS, Say("The bot got no answer from S3."), Say(again)
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			e.What = Say("S3 did not answer in time.")
		case errors.Is(err, io.ErrUnexpectedEOF):
		case errors.Is(err, errNoList), statusOf(err) == http.StatusOK:
			e.Code, e.What, e.Hint = CodeStrangeAnswer, Say("S3 answered, but not with a list of buckets that the bot can read."), Say(askOperator)
		}
	}
	return e
}

// refused is S3's own refusal.
func (w *walk) refused(err error, code string) *Error {
	account := w.list.Account
	e := &Error{Code: CodeAWSRefused, Err: err, What: Say("AWS refused to list the buckets of " + account.Name + "."), Hint: Say(askOperator)}
	switch code {
	case "AccessDenied":
		e.Code = CodeBucketsRefused
		e.What = Say("The role of " + account.Name + " may not list buckets.")
		if !account.HasRole() {
			e.What = Say("Your IAM user may not list buckets.")
		}
		e.Hint = Say("Its policy, and any session policy, must allow s3:ListAllMyBuckets. " + askOperator)
	case "ExpiredToken":
		e.Code = CodeCredentialsGone
		e.What, e.Hint = Say("The credentials for "+account.Name+" have ended."), Say(w.withNewOnes())
	case "InvalidAccessKeyId", "InvalidToken":
		// Both also of credentials that live, in a region that is off.
		e.Code = CodeRegion
		e.What = Say("S3 in " + w.region() + " does not know the credentials for " + account.Name + ": they ended, or the region is not enabled for their AWS account.")
		e.Hint = Say("If it is a region to opt in to, enable it there, or let " + w.setting() + " be another. Else: " + w.withNewOnes())
	case "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect":
		e.Code = CodeRegion
		e.What = Say("S3 does not answer for " + w.region() + " where the bot asked.")
		e.Hint = Say("Look at " + w.setting() + ". " + askOperator)
	case "SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded":
		e.Code = CodeThrottled
		e.What, e.Hint = Say("AWS is being asked too often right now."), Say("Try again in a minute"+w.noNewCode()+".")
	case "RequestTimeTooSkewed":
		e.Code = CodeClock
		e.What, e.Hint = Say("AWS refused the request because the bot's clock is wrong."), Say("The bot has learnt the right time from AWS: try again"+w.noNewCode()+".")
	}
	return e
}

// setting is what says which region's S3 is asked.
func (w *walk) setting() string {
	if w.list.Account.Region == "" {
		return "AWS_REGION"
	}
	return "the region of " + w.list.Account.Name + " in the config"
}

func (w *walk) region() string {
	if w.list.Account.Region == "" {
		return w.aws.config.Region
	}
	return w.list.Account.Region
}

// noNewCode says what asking again takes, where codes have to do with it.
func (w *walk) noNewCode() string {
	switch {
	case w.list.Account.MFA == MFANone:
		return ""
	case w.list.Kept:
		return "; no new code is needed while your credentials live"
	case w.list.Grant.MFASession != "":
		return "; no new code is needed while your MFA session lives"
	}
	return " with a new code"
}

// withNewOnes says how to get other credentials.
func (w *walk) withNewOnes() string {
	if w.list.Account.MFA == MFANone {
		return "Send it again."
	}
	return "Send it again with a new code."
}
