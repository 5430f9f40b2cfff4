package broker

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// A Bucket is one S3 bucket.
type Bucket struct {
	Name    string
	Region  string
	Created time.Time
}

// A BucketList is all buckets of an Account whose names start with Prefix, in
// S3's order.
type BucketList struct {
	Grant   Grant
	Account Account
	Prefix  string
	Buckets []Bucket
	Way     string // how the credentials were obtained
	Reused  bool   // an earlier Grant's credentials listed them
}

// pageSize is how many buckets one call asks for; S3 gives up to 10,000.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
const pageSize = 1000

// bucketsTimeout bounds a whole listing, all pages.
const bucketsTimeout = time.Minute

// Buckets lists the buckets of r.Account. Without a code it uses the newest
// Grant whose Credentials are still in the reveal window; policy is asked
// either way. Credentials issued for a listing alone live as short as AWS
// allows.
func (b *Broker) Buckets(ctx context.Context, r Request, prefix string) (BucketList, error) {
	user, err := b.identify(r.Caller)
	if err != nil {
		return BucketList{}, b.refuse(ctx, r, err)
	}
	account, err := b.authorize(ctx, user, r.Account)
	if err != nil {
		return BucketList{}, b.refuse(ctx, r, err)
	}
	issued, reused, err := b.forListing(ctx, r, user, account)
	if err != nil {
		return BucketList{}, err
	}
	if err := b.recordListing(ctx, r, user, issued.Grant); err != nil {
		return BucketList{}, err
	}
	list := BucketList{Grant: issued.Grant, Account: account, Prefix: prefix, Way: issued.Way, Reused: reused}
	if list.Buckets, err = b.aws.buckets(ctx, account, issued.Credentials, prefix); err != nil {
		return BucketList{}, b.listingFailed(ctx, r, user, issued.Grant, err)
	}
	return list, nil
}

// forListing returns credentials to list with.
func (b *Broker) forListing(ctx context.Context, r Request, user User, account Account) (Issued, bool, error) {
	if r.Code.Empty() {
		grant, credentials, ok, err := b.grants.RevealGrant(ctx, user.Slack, account.Name)
		switch {
		case err != nil:
			return Issued{}, false, b.refuse(ctx, r, &Error{
				Code: CodeStore, Err: err,
				Message: "The bot's own store is not answering, so it cannot look for your live credentials.",
				Hint:    "Try again in a minute.",
			})
		case ok && grant.RoleARN == account.RoleARN && b.now().Before(credentials.Expires):
			return Issued{Grant: grant, Credentials: credentials, Account: account}, true, nil
		}
	}
	r.Duration = MinDuration
	issued, err := b.issue(ctx, r, user, account)
	return issued, false, err
}

// recordListing puts on the record that the bot is about to use a Grant.
func (b *Broker) recordListing(ctx context.Context, r Request, user User, g Grant) error {
	event := b.event(EventListing, r)
	event.User, event.RoleARN, event.Principal = user.Name, g.RoleARN, g.Principal
	event.Method, event.MFA, event.AccessKeyID, event.Expires = g.Method, g.MFA, g.AccessKeyID, g.Expires
	if err := b.recorder.Record(ctx, event); err != nil {
		return &Error{
			Code: CodeRecord, Ref: ShortRef(r.ID), Err: err,
			Message: "The audit record cannot be written right now, so nothing was listed.",
			Hint:    "Try again in a minute.",
		}
	}
	return nil
}

func (b *Broker) listingFailed(ctx context.Context, r Request, user User, g Grant, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	e := b.asError(r, err)
	if e.Code == CodeCredentialsGone {
		if err := b.grants.ForgetCredentials(ctx, user.Slack, g.ID); err != nil {
			b.log.WarnContext(ctx, "dead credentials not forgotten", "request", r.ID, "error", err)
		}
	}
	event := b.event(EventFailed, r)
	event.User, event.RoleARN, event.Principal, event.AccessKeyID = user.Name, g.RoleARN, g.Principal, g.AccessKeyID
	event.Code, event.Message, event.Ref = e.Code, e.Message, e.Ref
	if err := b.recorder.Record(ctx, event); err != nil {
		b.log.ErrorContext(ctx, "failed listing not recorded", "request", r.ID, "code", e.Code, "error", err)
	}
	return e
}

// buckets reads all pages. No code is in these calls, so the SDK may retry.
func (a *AWS) buckets(ctx context.Context, account Account, c Credentials, prefix string) ([]Bucket, error) {
	ctx, cancel := context.WithTimeout(ctx, bucketsTimeout)
	defer cancel()
	in := &s3.ListBucketsInput{MaxBuckets: aws.Int32(pageSize)}
	if prefix != "" {
		in.Prefix = &prefix
	}
	pages := s3.NewListBucketsPaginator(a.bucketsClient(account.Region), in)
	var buckets []Bucket
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx, func(o *s3.Options) { o.Credentials = signing(c) })
		if err != nil {
			return nil, bucketsError(err, account)
		}
		for _, b := range page.Buckets {
			buckets = append(buckets, Bucket{
				Name: aws.ToString(b.Name), Region: aws.ToString(b.BucketRegion), Created: aws.ToTime(b.CreationDate),
			})
		}
	}
	return buckets, nil
}

// bucketsError translates S3's refusals.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
func bucketsError(err error, account Account) *Error {
	var api smithy.APIError
	code := ""
	if errors.As(err, &api) {
		code = api.ErrorCode()
	}
	e := &Error{Code: CodeAWSRefused, Err: err, Message: "AWS refused to list the buckets of " + account.Name + ".", Hint: askOperator}
	switch code {
	case "AccessDenied":
		e.Code = CodeBucketsRefused
		e.Message = "The role of " + account.Name + " may not list buckets."
		if !account.HasRole() {
			e.Message = "Your IAM user may not list buckets."
		}
		e.Hint = "Its policy, and any session policy, must allow s3:ListAllMyBuckets. " + askOperator
	case "ExpiredToken", "InvalidAccessKeyId", "InvalidToken":
		e.Code = CodeCredentialsGone
		e.Message, e.Hint = "The credentials for "+account.Name+" have ended.", "Send it again with a new code."
	case "SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded":
		e.Code = CodeThrottled
		e.Message, e.Hint = "AWS is being asked too often right now.", "Try again in a minute; no new code is needed while your credentials live."
	case "RequestTimeTooSkewed":
		e.Code = CodeClock
		e.Message, e.Hint = "AWS turned the request away because the bot's clock is off.", "Send the same again without a code."
	case "":
		e.Code = CodeCannotReachAWS
		e.Message, e.Hint = "The bot got no answer from S3.", "Try again in a minute; no new code is needed while your credentials live."
	}
	return e
}
