package awsapi

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/listing"
	"github.com/assumebot/assumebot/broker/patience"
)

// errNoList is an answer of 200 that is no list: every list names the owner of
// the buckets, also where there are none. The SDK skips what it does not know and
// finds no buckets in the page of a proxy.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
var errNoList = errors.New("an answer that is no list of buckets")

// ListBuckets implements [broker.Buckets] by one call. No code is in it, so the
// SDK may retry, and S3 of a second region, which lists the same, may be asked.
func (c *Client) ListBuckets(ctx context.Context, q broker.BucketQuery) ([]listing.Bucket, string, error) {
	ctx, cancel := patience.ForAWS(ctx)
	defer cancel()
	call := c.bucketCall(q)
	buckets, next, first := c.listIn(ctx, call)
	switch {
	case first.failed == nil:
		return buckets, next, nil
	case !c.followed(call.region) || !first.silent || ctx.Err() != nil:
		return nil, "", first.failed
	}
	call.region = c.second
	buckets, next, second := c.listIn(ctx, call)
	c.fellBack("ListBuckets", second)
	switch {
	case second.failed == nil:
		return buckets, next, nil
	case errors.Is(second.failed, listing.ErrNoSuchPart): // the list is read from its beginning
		return nil, "", second.failed
	}
	return nil, "", first.failed
}

// followed reports whether a second region may be asked after region.
func (c *Client) followed(region string) bool { return c.second != "" && c.second != region }

// listIn asks S3 of call's region.
func (c *Client) listIn(ctx context.Context, call bucketCall) ([]listing.Bucket, string, fate) {
	asking, e := c.ask(c.breaker("S3", call.region), call.User, call.noNewCode())
	if e != nil {
		return nil, "", rested(e)
	}
	if c.followed(call.region) {
		var cancel context.CancelFunc
		ctx, cancel = c.first(ctx)
		defer cancel()
	}
	ctx, sent := withSending(ctx)
	in := &s3.ListBucketsInput{MaxBuckets: aws.Int32(listing.PerPart)}
	if call.Prefix != "" {
		in.Prefix = &call.Prefix
	}
	if call.Token != "" {
		in.ContinuationToken = &call.Token
	}
	out, err := c.bucketsClient(call.region).ListBuckets(ctx, in, func(o *s3.Options) { o.Credentials = signing(call.Credentials) })
	if err == nil && out.Owner == nil {
		err = errNoList
	}
	c.noted(ctx, asking, err, sent)
	if err != nil {
		return nil, "", fateOf(ctx, err, sent, call.failure(ctx, err, sent))
	}
	buckets := make([]listing.Bucket, len(out.Buckets))
	for i, b := range out.Buckets {
		buckets[i] = listing.Bucket{Name: aws.ToString(b.Name), Region: aws.ToString(b.BucketRegion), Created: aws.ToTime(b.CreationDate)}
	}
	return buckets, aws.ToString(out.ContinuationToken), fate{}
}

// A bucketCall is a ListBuckets in words.
type bucketCall struct {
	broker.BucketQuery
	region  string // whose S3 is asked
	setting string // that says so
}

func (c *Client) bucketCall(q broker.BucketQuery) bucketCall {
	if q.Account.Region == "" {
		return bucketCall{q, c.config.Region, "AWS_REGION"}
	}
	return bucketCall{q, q.Account.Region, "the region of " + q.Account.Name + " in the config"}
}

// failure says why there is no list.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
func (l bucketCall) failure(ctx context.Context, err error, s *sending) *broker.Error {
	var api smithy.APIError
	code := ""
	if errors.As(err, &api) {
		code = api.ErrorCode()
	}
	switch s.arrivalOf(ctx, err, code) {
	case refusedByAWS:
		e := l.refused(err, code)
		e.Facts.Service, e.Facts.AWSCode, e.Facts.Region = "S3", code, l.region
		return e
	case arrivedNowhere, misdirected:
		return s.notReached(err, "S3", l.setting, l.soon())
	case malformed:
		return detailed(failed(broker.CodeCredentialsGone, "No request to S3 can be made with the credentials for "+l.Account.Name+".", l.withNewOnes(), err),
			"characters", "S3")
	case refusedOnWay:
		return refusedBefore("S3", err, broker.AskOperator)
	case serverFailed:
		if code == slowDown {
			return l.refused(err, code)
		}
		return detailed(failed(broker.CodeCannotReachAWS, "S3 is not working right now.", l.soon()+".", err), "not_working", "S3")
	case lost:
	}
	detail, what := "lost", "The bot got no answer from S3."
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		detail, what = "timeout", "S3 did not answer in time."
	case errors.Is(err, io.ErrUnexpectedEOF):
	case errors.Is(err, errNoList), statusOf(err) == http.StatusOK:
		return detailed(failed(broker.CodeStrangeAnswer, "S3 answered, but not with a list of buckets that the bot can read.", broker.AskOperator, err),
			"no_list", "S3")
	}
	return detailed(failed(broker.CodeCannotReachAWS, what, l.soon()+".", err), detail, "S3")
}

// refused is S3's own refusal.
func (l bucketCall) refused(err error, code string) *broker.Error {
	name := l.Account.Name
	switch code {
	case "AccessDenied":
		detail, what := "", "The role of "+name+" may not list buckets."
		if !l.Account.HasRole() {
			detail, what = "no_role", "Your IAM user may not list buckets."
		}
		return detailed(failed(broker.CodeBucketsRefused, what, "Its policy, and any session policy, must allow s3:ListAllMyBuckets. "+broker.AskOperator, err),
			detail, "S3")
	case "ExpiredToken":
		return failed(broker.CodeCredentialsGone, "The credentials for "+name+" have ended.", l.withNewOnes(), err)
	case "InvalidAccessKeyId", "InvalidToken":
		// Both also of credentials that live, in a region that is off.
		return detailed(failed(broker.CodeRegion,
			"S3 in "+l.region+" does not know the credentials for "+name+": they ended, or the region is not enabled for their AWS account.",
			"If it is a region to opt in to, enable it there, or let "+l.setting+" be another. Else: "+l.withNewOnes(), err), "not_known", "S3")
	case "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect":
		return detailed(failed(broker.CodeRegion, "S3 does not answer for "+l.region+" where the bot asked.", "Look at "+l.setting+". "+broker.AskOperator, err),
			"elsewhere", "S3")
	case slowDown, "Throttling", "ThrottlingException", "RequestLimitExceeded":
		return failed(broker.CodeThrottled, throttled, l.soon()+".", err)
	case "RequestTimeTooSkewed":
		return failed(broker.CodeClock, clockWrong, "The bot has learnt the right time from AWS: try again"+l.noNewCode()+".", err)
	case "InvalidArgument":
		if l.Token != "" {
			err = errors.Join(listing.ErrNoSuchPart, err)
		}
	}
	return detailed(failed(broker.CodeAWSRefused, "AWS refused to list the buckets of "+name+".", broker.AskOperator, err), "buckets", "S3")
}

// soon says what to do in a minute; it is no whole sentence.
func (l bucketCall) soon() string { return "Try again in a minute" + l.noNewCode() }

// noNewCode says what asking again takes, where codes have to do with it.
func (l bucketCall) noNewCode() string {
	switch l.Again {
	case broker.RenewWithoutMFA:
		return ""
	case broker.RenewFromSaved:
		return "; no new code is needed while your credentials live"
	case broker.RenewFromSession:
		return "; no new code is needed while your MFA session lives"
	case broker.RenewWithCode:
	}
	return " with a new code"
}

// withNewOnes says how to get other credentials.
func (l bucketCall) withNewOnes() string {
	if l.Again == broker.RenewWithoutMFA {
		return "Send it again."
	}
	return "Send it again with a new code."
}
