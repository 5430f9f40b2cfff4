package broker_test

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/listing"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

// plainAWS is broker's ports over the fake AWS, without the SDK: what AWS does
// with codes and credentials is real here, and what it says is not. Its sentences
// are tested where they are made, in awsapi.
type plainAWS struct {
	url string
	env map[string]string

	failure     *broker.Error // of every call to STS; nil: what AWS says
	linkFailure *broker.Error

	mu     sync.Mutex
	denied map[string]time.Time // by session name
	writes int
}

func (a *plainAWS) client(c secret.Credentials) awstest.Client {
	return awstest.Client{Endpoint: a.url, Region: "eu-west-1", Credentials: awstest.Credentials{
		AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey.Reveal(), SessionToken: c.SessionToken.Reveal(),
	}}
}

func (a *plainAWS) LongTermKey(_ context.Context, u policy.User, _ broker.Plan) (secret.Credentials, error) {
	id, key := a.env[u.Key.Env+"_AWS_ACCESS_KEY_ID"], a.env[u.Key.Env+"_AWS_SECRET_ACCESS_KEY"]
	if id == "" || key == "" {
		return secret.Credentials{}, said(broker.CodeKeyUnreadable, broker.UseUnused, errors.New("no key"))
	}
	return secret.Credentials{AccessKeyID: id, SecretAccessKey: secret.New(key)}, nil
}

func (a *plainAWS) Issue(ctx context.Context, c broker.Call) (broker.STSAnswer, error) {
	if a.failure != nil {
		e := *a.failure
		return broker.STSAnswer{}, &e
	}
	params := url.Values{"Action": {string(c.Plan.Method)}, "DurationSeconds": {strconv.Itoa(int(c.Plan.Duration / time.Second))}}
	if c.Plan.Method == broker.MethodAssumeRole {
		params.Set("RoleArn", string(c.Account.RoleARN))
		params.Set("RoleSessionName", c.User.SessionName)
	}
	if c.Plan.SendsCode() {
		params.Set("SerialNumber", c.User.MFASerial)
		params.Set("TokenCode", c.Request.Code.Reveal())
	}
	got, err := a.client(c.Signer).Issue(ctx, params)
	if err != nil {
		return broker.STSAnswer{}, refused(err)
	}
	return broker.STSAnswer{
		Credentials: secret.Credentials{
			AccessKeyID: got.AccessKeyID, SecretAccessKey: secret.New(got.SecretAccessKey), SessionToken: secret.New(got.SessionToken), Expires: got.Expires,
		},
		Principal: got.Principal, RequestID: got.RequestID,
	}, nil
}

func (a *plainAWS) Identity(ctx context.Context, c secret.Credentials, _ policy.KeySource) (broker.Identity, error) {
	got, err := a.client(c).CallerIdentity(ctx)
	if err != nil {
		return broker.Identity{}, refused(err)
	}
	return broker.Identity{Account: got.Account, ARN: got.ARN, UserID: got.UserID}, nil
}

func (a *plainAWS) ListBuckets(ctx context.Context, q broker.BucketQuery) ([]listing.Bucket, string, error) {
	part, next, err := a.client(q.Credentials).ListPart(ctx, q.Prefix, q.Token)
	if err != nil {
		return nil, "", refused(err)
	}
	buckets := make([]listing.Bucket, len(part))
	for i, b := range part {
		buckets[i] = listing.Bucket{Name: b.Name, Region: b.Region, Created: b.Created}
	}
	return buckets, next, nil
}

func (a *plainAWS) HasConsole(partition string) bool { return partition == "aws" }

func (a *plainAWS) SigninLink(_ context.Context, q broker.SigninQuery) (secret.Text, error) {
	if a.linkFailure != nil {
		return secret.Text{}, a.linkFailure
	}
	return secret.New("https://console.example/" + q.Service), nil
}

// Deny takes only the role Revoker for one that may.
func (a *plainAWS) Deny(ctx context.Context, account policy.Account, names func() []string, still func(context.Context) error) (broker.Denied, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if account.Revoker.RoleName() != "Revoker" {
		return broker.Denied{}, &broker.DenialError{Refused: true, Earlier: maps.Clone(a.denied), Err: errors.New("AccessDenied")}
	}
	sessions := names()
	if err := still(ctx); err != nil {
		return broker.Denied{}, &broker.DenialError{Earlier: maps.Clone(a.denied), Err: err}
	}
	now := time.Now()
	for _, session := range sessions {
		a.denied[session] = now
	}
	a.writes++
	return broker.Denied{Before: now}, nil
}

// refused is what the broker must tell apart of AWS's answers.
func refused(err error) *broker.Error {
	var api *awstest.APIError
	if !errors.As(err, &api) {
		return said(broker.CodeOutcomeUnknown, broker.UseUnknown, err)
	}
	switch {
	case api.Code == "AccessDenied" && strings.Contains(api.Message, "MultiFactorAuthentication failed"):
		return said(broker.CodeWrongCode, broker.UseSpent, err)
	case api.Code == "AccessDenied" && api.Operation == "ListBuckets":
		return said(broker.CodeBucketsRefused, broker.UseNone, err)
	case api.Code == "ExpiredToken" && api.Operation == "ListBuckets":
		return said(broker.CodeCredentialsGone, broker.UseNone, err)
	case api.Code == "InvalidArgument":
		return said(broker.CodeAWSRefused, broker.UseNone, errors.Join(listing.ErrNoSuchPart, err))
	case api.Code == "InvalidClientTokenId":
		return said(broker.CodeKeyInvalid, broker.UseUnused, err)
	}
	return said(broker.CodeAWSRefused, broker.UseSpent, err)
}

func said(code broker.Code, use broker.CodeUse, err error) *broker.Error {
	return &broker.Error{Code: code, Use: use, What: prose.Say("AWS said " + string(code) + "."), Hint: prose.Say("Look."), Err: err}
}
