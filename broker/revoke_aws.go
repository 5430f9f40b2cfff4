package broker

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	revokerSession = "assumebot-revoker"
	// denyTries bounds how often the policy is written until it says what it
	// should: another writer, or IAM itself, may still show an older one.
	denyTries = 5
	denyPause = 300 * time.Millisecond
)

// A Denied is what the policy on the role denies now.
type Denied struct {
	Before    time.Time // by AWS's clock: sessions issued before it are refused
	Everybody bool      // there was no room for one session name, so it denies all
}

// deny makes the role of the Account refuse session's sessions issued until
// now, and keeps what it refuses already. still is asked before each write
// whether this process may go on.
func (a *AWS) deny(ctx context.Context, account Account, session string, still func(context.Context) error) (Denied, error) {
	if err := checkDeniable(session); err != nil {
		return Denied{}, err
	}
	client, err := a.revoker(ctx, account)
	if err != nil {
		return Denied{}, fmt.Errorf("assume the revoker: %w", err)
	}
	role := account.RoleARN.RoleName()
	doc, now, err := readRevocations(ctx, client, role)
	if err != nil {
		return Denied{}, fmt.Errorf("read the policy: %w", err)
	}
	// What was issued within the second of now is issued before the next one.
	denied := Denied{Before: now.Truncate(time.Second).Add(time.Second)}
	for range denyTries {
		if err := still(ctx); err != nil {
			return Denied{}, err
		}
		if err := writeRevocations(ctx, client, role, doc, session, &denied); err != nil {
			return Denied{}, fmt.Errorf("write the policy: %w", err)
		}
		if doc, _, err = readRevocations(ctx, client, role); err != nil {
			return Denied{}, fmt.Errorf("read the policy again: %w", err)
		}
		if doc.denies(denied.session(session), denied.Before) {
			return denied, nil
		}
		select {
		case <-time.After(denyPause):
		case <-ctx.Done():
			return Denied{}, ctx.Err()
		}
	}
	return Denied{}, errors.New("the policy was written, but IAM does not show it")
}

func (d Denied) session(name string) string {
	if d.Everybody {
		return anySession
	}
	return name
}

// writeRevocations puts doc with the deny of session. If that is more than all
// inline policies of the role may hold together, it denies everybody instead.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func writeRevocations(ctx context.Context, client *iam.Client, role string, doc revocations, session string, denied *Denied) error {
	put := func(doc revocations) error {
		_, err := client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
			RoleName: &role, PolicyName: aws.String(RevocationsPolicy), PolicyDocument: aws.String(doc.text()),
		})
		return err
	}
	err := put(doc.with(denied.session(session), denied.Before))
	var full *types.LimitExceededException
	if errors.As(err, &full) && !denied.Everybody {
		denied.Everybody = true
		err = put(doc.with(anySession, denied.Before))
	}
	return err
}

// readRevocations returns the policy, empty when there is none, and what AWS's
// clock shows.
func readRevocations(ctx context.Context, client *iam.Client, role string) (revocations, time.Time, error) {
	out, err := client.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &role, PolicyName: aws.String(RevocationsPolicy)})
	var none *types.NoSuchEntityException
	switch {
	case errors.As(err, &none):
		var answered *smithyhttp.ResponseError
		if !errors.As(err, &answered) {
			return revocations{}, time.Time{}, err
		}
		now, err := dateOf(answered.HTTPResponse())
		return revocations{}, now, err
	case err != nil:
		return revocations{}, time.Time{}, err
	}
	now, err := dateOf(rawResponse(out.ResultMetadata))
	if err != nil {
		return revocations{}, time.Time{}, err
	}
	// "The policy document is returned in JSON, URL-encoded compliant with RFC 3986."
	// https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html
	text, err := url.PathUnescape(aws.ToString(out.PolicyDocument))
	if err != nil {
		return revocations{}, time.Time{}, errors.New("IAM's policy document is not URL-encoded")
	}
	doc, err := parseRevocations(text)
	return doc, now, err
}

func rawResponse(m middleware.Metadata) *smithyhttp.Response {
	r, _ := awsmiddleware.GetRawResponse(m).(*smithyhttp.Response)
	return r
}

func dateOf(r *smithyhttp.Response) (time.Time, error) {
	if r == nil || r.Response == nil {
		return time.Time{}, errors.New("IAM's answer has no headers")
	}
	date, err := http.ParseTime(r.Header.Get("Date"))
	if err != nil {
		return time.Time{}, errors.New("IAM's answer does not say what time it is")
	}
	return date.UTC(), nil
}

// revoker returns a client that acts as the Account's revoker role, which the
// bot assumes with its own identity.
func (a *AWS) revoker(ctx context.Context, account Account) (*iam.Client, error) {
	out, err := a.sts.AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn: aws.String(string(account.Revoker)), RoleSessionName: aws.String(revokerSession),
		DurationSeconds: aws.Int32(int32(MinDuration / time.Second)),
	})
	if err != nil {
		return nil, err
	}
	c := out.Credentials
	if c == nil || c.AccessKeyId == nil || c.SecretAccessKey == nil || c.SessionToken == nil {
		return nil, errors.New("STS answered without credentials")
	}
	key := aws.Credentials{AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken, Source: "assumebot"}
	return iam.NewFromConfig(a.config, func(o *iam.Options) { o.Credentials = static{key} }), nil
}
