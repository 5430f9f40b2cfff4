package broker

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

// A call is one Request on its way to STS.
type call struct {
	request Request
	user    User
	account Account
	plan    Plan
	key     aws.Credentials
	region  string // whose STS is called
}

// issue calls STS once: a code is never sent twice, so nothing is retried.
func (a *AWS) issue(ctx context.Context, c call) (Issued, error) {
	c.region = a.config.Region
	if tooLate(ctx) {
		return Issued{}, tooLateError(c)
	}
	ctx, cancel := forAWS(ctx)
	defer cancel()
	ctx, sent := withSending(ctx)
	var (
		answer answer
		err    error
	)
	if c.plan.Method == MethodGetSessionToken {
		answer, err = a.sessionToken(ctx, c)
	} else {
		answer, err = a.assumeRole(ctx, c)
	}
	if err == nil && !answer.complete() {
		err = errors.New("STS answered without credentials")
	}
	if err != nil {
		e := stsError(ctx, err, c, sent)
		if e.Code == CodeKeyInvalid {
			a.forgetKey(c.user.Key)
		}
		return Issued{}, e
	}
	return c.issued(answer, a.now()), nil
}

// An answer is what both calls answer.
type answer struct {
	credentials *types.Credentials
	principal   string
	requestID   string
}

func (a answer) complete() bool {
	c := a.credentials
	return c != nil && aws.ToString(c.AccessKeyId) != "" && aws.ToString(c.SecretAccessKey) != "" &&
		aws.ToString(c.SessionToken) != "" && c.Expiration != nil
}

func (c call) issued(a answer, now time.Time) Issued {
	expires := a.credentials.Expiration.UTC()
	return Issued{
		Account: c.account,
		Way:     c.plan.Way,
		Grant: Grant{
			ID: c.request.ID, User: c.user.Slack, Account: c.account.Name, RoleARN: c.account.RoleARN,
			Principal: a.principal, AccessKeyID: *a.credentials.AccessKeyId,
			Purpose: c.request.Purpose, Method: c.plan.Method, MFA: c.plan.MFA, Issued: now.UTC(), Expires: expires,
			Reason: c.request.Reason, STSRequestID: a.requestID,
		},
		Credentials: Credentials{
			AccessKeyID:     *a.credentials.AccessKeyId,
			SecretAccessKey: NewSecret(*a.credentials.SecretAccessKey),
			SessionToken:    NewSecret(*a.credentials.SessionToken),
			Expires:         expires,
		},
	}
}

// once signs one call with the User's key and switches retries off.
func once(key aws.Credentials) func(*sts.Options) {
	return func(o *sts.Options) {
		o.Credentials = static{key}
		o.Retryer = aws.NopRetryer{}
	}
}

func (a *AWS) assumeRole(ctx context.Context, c call) (answer, error) {
	in := &sts.AssumeRoleInput{
		RoleArn:         aws.String(string(c.account.RoleARN)),
		RoleSessionName: &c.user.SessionName,
		DurationSeconds: aws.Int32(c.plan.seconds()),
	}
	if c.plan.sendsCode() {
		in.SerialNumber = &c.user.MFASerial
		in.TokenCode = aws.String(c.request.Code.Reveal())
	}
	if c.account.ExternalID != "" {
		in.ExternalId = &c.account.ExternalID
	}
	if c.account.SessionPolicy != "" {
		in.Policy = &c.account.SessionPolicy
	}
	if c.account.SourceIdentity {
		in.SourceIdentity = &c.user.SessionName
	}
	for _, arn := range c.account.PolicyARNs {
		in.PolicyArns = append(in.PolicyArns, types.PolicyDescriptorType{Arn: aws.String(arn)})
	}
	for _, key := range slices.Sorted(maps.Keys(c.account.Tags)) {
		in.Tags = append(in.Tags, types.Tag{Key: aws.String(key), Value: aws.String(c.account.Tags[key])})
	}
	out, err := a.sts.AssumeRole(ctx, in, once(c.key))
	if err != nil {
		return answer{}, err
	}
	got := answer{credentials: out.Credentials, requestID: resultID(out.ResultMetadata)}
	if out.AssumedRoleUser != nil {
		got.principal = aws.ToString(out.AssumedRoleUser.Arn)
	}
	return got, nil
}

func (a *AWS) sessionToken(ctx context.Context, c call) (answer, error) {
	in := &sts.GetSessionTokenInput{DurationSeconds: aws.Int32(c.plan.seconds())}
	if c.plan.sendsCode() {
		in.SerialNumber = &c.user.MFASerial
		in.TokenCode = aws.String(c.request.Code.Reveal())
	}
	out, err := a.sts.GetSessionToken(ctx, in, once(c.key))
	if err != nil {
		return answer{}, err
	}
	return answer{credentials: out.Credentials, requestID: resultID(out.ResultMetadata)}, nil
}
