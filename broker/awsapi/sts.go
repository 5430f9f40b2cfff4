package awsapi

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/patience"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/secret"
)

var errNoCredentials = errors.New("STS answered without credentials")

// Issue implements [broker.STS].
func (c *Client) Issue(ctx context.Context, call broker.Call) (broker.STSAnswer, error) {
	op := c.operationOf(call)
	answer, first := c.issueIn(ctx, c.sts, op, call)
	if first.failed == nil {
		return answer, nil
	}
	if c.fallback == nil || !op.code.Empty() || !first.silent || ctx.Err() != nil || patience.TooLate(ctx) {
		return broker.STSAnswer{}, first.failed
	}
	op.region = c.second
	answer, second := c.issueIn(ctx, c.fallback, op, call)
	c.fellBack(string(call.Plan.Method), second)
	if second.failed != nil {
		return broker.STSAnswer{}, c.unserved(first, second)
	}
	return c.noteOn(answer, first), nil
}

// issueIn asks STS of op's region, which at is.
func (c *Client) issueIn(ctx context.Context, at *sts.Client, op operation, call broker.Call) (broker.STSAnswer, fate) {
	asking, e := c.askSTS(ctx, op, call)
	switch {
	case e != nil:
		return broker.STSAnswer{}, rested(e)
	case patience.TooLate(ctx):
		asking.notBegun()
		return broker.STSAnswer{}, fate{failed: op.tooLate()}
	}
	ctx, cancel := patience.ForAWS(ctx)
	defer cancel()
	if c.fallback != nil && at == c.sts && op.code.Empty() {
		ctx, cancel = c.first(ctx)
		defer cancel()
	}
	ctx, sent := withSending(ctx)
	ask := assumeRole
	if call.Plan.Method == broker.MethodGetSessionToken {
		ask = sessionToken
	}
	answer, err := ask(ctx, at, call, c.padding)
	c.noted(ctx, asking, err, sent)
	if err != nil {
		e := op.failure(ctx, err, sent)
		if e.Code == broker.CodeKeyInvalid && at == c.sts {
			c.forgetKey(call.User.Key)
		}
		return broker.STSAnswer{}, fateOf(ctx, err, sent, e)
	}
	answer.Region = op.region
	return answer, fate{}
}

// askSTS begins a call. Where STS rests and is to be tried, a call with a code is not the
// probe: STS is asked who signs first, which takes no code.
func (c *Client) askSTS(ctx context.Context, op operation, call broker.Call) (asking, *broker.Error) {
	b := c.breaker(stsName, op.region)
	ask, probe, silent, wait := b.pass(c.now())
	if probe && !op.code.Empty() {
		ask, probe = c.probe(ctx, call), false
		b.probed(c.now(), ask)
	}
	if ask || probe {
		return asking{b, call.User.Slack, probe, c.now()}, nil
	}
	again := ""
	if op.signer == byMFASession && !op.sessionOK {
		again = " with a new code"
	}
	e := b.resting(silent, wait, again)
	e.Use = op.use(broker.UseUnused)
	return asking{}, e
}

// probe asks STS who signs call, without a code, and reports whether it answered.
func (c *Client) probe(ctx context.Context, call broker.Call) bool {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	ctx, sent := withSending(ctx)
	_, err := c.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}, once(call.Signer))
	return err == nil || !unheard(sent.arrivalOf(ctx, err, codeOf(err)))
}

// once signs one call and switches retries off.
func once(signer secret.Credentials) func(*sts.Options) {
	return func(o *sts.Options) {
		o.Credentials = signing(signer)
		o.Retryer = aws.NopRetryer{}
	}
}

func assumeRole(ctx context.Context, at *sts.Client, call broker.Call, padding *int32) (broker.STSAnswer, error) {
	account, user := call.Account, call.User
	in := &sts.AssumeRoleInput{
		RoleArn:         aws.String(string(account.RoleARN)),
		RoleSessionName: &user.SessionName,
		DurationSeconds: seconds(call.Plan.Duration),

		MinimumSessionTokenSize: padding,
	}
	if call.Plan.SendsCode() {
		in.SerialNumber, in.TokenCode = &user.MFASerial, aws.String(call.Request.Code.Reveal())
	}
	if account.ExternalID != "" {
		in.ExternalId = &account.ExternalID
	}
	if account.SessionPolicy != "" {
		in.Policy = &account.SessionPolicy
	}
	if account.SourceIdentity {
		in.SourceIdentity = &user.SessionName
	}
	for _, arn := range account.PolicyARNs {
		in.PolicyArns = append(in.PolicyArns, types.PolicyDescriptorType{Arn: aws.String(arn)})
	}
	for _, key := range slices.Sorted(maps.Keys(account.Tags)) {
		in.Tags = append(in.Tags, types.Tag{Key: aws.String(key), Value: aws.String(account.Tags[key])})
	}
	out, err := at.AssumeRole(ctx, in, once(call.Signer))
	if err != nil {
		return broker.STSAnswer{}, err
	}
	principal := ""
	if out.AssumedRoleUser != nil {
		principal = aws.ToString(out.AssumedRoleUser.Arn)
	}
	return answerOf(out.Credentials, principal, resultID(out.ResultMetadata))
}

func sessionToken(ctx context.Context, at *sts.Client, call broker.Call, padding *int32) (broker.STSAnswer, error) {
	in := &sts.GetSessionTokenInput{DurationSeconds: seconds(call.Plan.Duration), MinimumSessionTokenSize: padding}
	if call.Plan.SendsCode() {
		in.SerialNumber, in.TokenCode = &call.User.MFASerial, aws.String(call.Request.Code.Reveal())
	}
	out, err := at.GetSessionToken(ctx, in, once(call.Signer))
	if err != nil {
		return broker.STSAnswer{}, err
	}
	return answerOf(out.Credentials, "", resultID(out.ResultMetadata))
}

// MostPadding is the largest session token that AWS pads one to.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
const MostPadding = 4096

// Padding has AWS pad each session token that c asks for to at least size bytes, up to
// MostPadding, to rehearse with tokens of that size; 0 is none. It is for before c is used.
func (c *Client) Padding(size int32) *Client {
	if size > 0 {
		c.padding = aws.Int32(min(size, MostPadding))
	}
	return c
}

// seconds is d as STS takes it.
func seconds(d time.Duration) *int32 {
	return aws.Int32(int32(min(d, policy.MaxSessionTokenDuration) / time.Second)) //nolint:gosec // at most 129,600
}

func answerOf(issued *types.Credentials, principal, requestID string) (broker.STSAnswer, error) {
	credentials, ok := credentialsOf(issued)
	if !ok {
		return broker.STSAnswer{}, errNoCredentials
	}
	return broker.STSAnswer{Credentials: credentials, Principal: principal, RequestID: requestID}, nil
}

// credentialsOf returns what STS issued; ok is false if a part is missing.
func credentialsOf(c *types.Credentials) (got secret.Credentials, ok bool) {
	if c == nil || aws.ToString(c.AccessKeyId) == "" || aws.ToString(c.SecretAccessKey) == "" || aws.ToString(c.SessionToken) == "" || c.Expiration == nil {
		return secret.Credentials{}, false
	}
	return secret.Credentials{
		AccessKeyID:     *c.AccessKeyId,
		SecretAccessKey: secret.New(*c.SecretAccessKey),
		SessionToken:    secret.New(*c.SessionToken),
		Expires:         c.Expiration.UTC(),
	}, true
}

// Identity implements [broker.STS].
func (c *Client) Identity(ctx context.Context, signer secret.Credentials, from policy.KeySource) (broker.Identity, error) {
	ctx, cancel := patience.ForAWS(ctx)
	defer cancel()
	by := func(o *sts.Options) { o.Credentials = signing(signer) }
	op := c.asking(signer)
	who, first := c.identify(ctx, c.sts, op, by, from)
	if first.failed == nil {
		return who, nil
	}
	if c.fallback != nil && first.silent && ctx.Err() == nil {
		var second fate
		op.region = c.second
		if who, second = c.identify(ctx, c.fallback, op, by, from); second.failed == nil {
			c.fellBack("GetCallerIdentity", second)
			return who, nil
		}
		c.fellBack("GetCallerIdentity", second)
	}
	return broker.Identity{}, first.failed
}

func identityOf(out *sts.GetCallerIdentityOutput) broker.Identity {
	return broker.Identity{Account: aws.ToString(out.Account), ARN: aws.ToString(out.Arn), UserID: aws.ToString(out.UserId)}
}
