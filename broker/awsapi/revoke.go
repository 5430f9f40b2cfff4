package awsapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/retry"
)

const (
	revokerSession = "assumebot-revoker"
	// denyTries bounds how often the policy is written until it says what it
	// should: another writer, or IAM itself, may still show an older one.
	denyTries = 5
	denyPause = 300 * time.Millisecond

	iamName = "IAM"
	// restingTime is what IAM has to answer in while it rests.
	restingTime = 5 * time.Second
)

// Deny implements [broker.Revoker].
func (c *Client) Deny(ctx context.Context, account policy.Account, names func() []string, still func(context.Context) error) (broker.Denied, error) {
	client, err := c.revoker(ctx, account)
	if err != nil {
		return broker.Denied{}, notTold(fmt.Errorf("assume the revoker: %w", err))
	}
	role, sessions := account.RoleARN.RoleName(), names()
	for _, session := range sessions {
		if err := checkDeniable(session); err != nil {
			return broker.Denied{}, notTold(err)
		}
	}
	doc, now, err := c.firstRead(ctx, client, role, sessions)
	if err != nil {
		return broker.Denied{}, notTold(fmt.Errorf("read the policy: %w", err))
	}
	// AWS dates sessions to the second: to deny those of this second, it takes the
	// next one.
	denied := broker.Denied{Before: now.Truncate(time.Second).Add(time.Second)}
	failed := doc.denialError
	err = retry.Pace{First: denyPause, Tries: denyTries}.Do(ctx, func() (err error) {
		if err := still(ctx); err != nil {
			return retry.Final(failed(false, err))
		}
		if err := writeRevocations(ctx, client, role, doc, sessions, &denied); err != nil {
			var refused smithy.APIError // anything else may be an answer that was lost
			return retry.Final(failed(!errors.As(err, &refused), fmt.Errorf("write the policy: %w", err)))
		}
		if doc, _, err = readRevocations(ctx, client, role); err != nil {
			return retry.Final(failed(true, fmt.Errorf("read the policy again: %w", err)))
		}
		if !doc.show(denied, sessions) {
			return errors.New("the policy was written, but IAM does not show it")
		}
		return nil
	})
	var known *broker.DenialError
	switch {
	case err == nil:
		return denied, nil
	case errors.As(err, &known):
		return broker.Denied{}, known
	}
	return broker.Denied{}, failed(true, err)
}

// firstRead reads the policy, which shows whether IAM answers. What takes away is tried also
// while IAM rests; but whoever waits hears soon then.
func (c *Client) firstRead(ctx context.Context, client *iam.Client, role string, sessions []string) (revocations, time.Time, error) {
	asking, resting := c.ask(c.breaker(iamName, anyRegion), strings.Join(sessions, " "), "")
	if resting != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, restingTime)
		defer cancel()
		asking = anyhow(c.breaker(iamName, anyRegion))
	}
	ctx, sent := withSending(ctx)
	doc, now, err := readRevocations(ctx, client, role)
	if call := (*smithy.OperationError)(nil); errors.As(err, &call) {
		c.noted(ctx, asking, err, sent)
	} else { // IAM answered, whatever is wrong with the policy
		c.noted(ctx, asking, nil, sent)
	}
	return doc, now, err
}

// notTold is of a revocation that ended before anything was written.
func notTold(err error) *broker.DenialError { return revocations{}.denialError(false, err) }

// denialError is of a write that failed; doc is what AWS denies without it.
func (doc revocations) denialError(unconfirmed bool, err error) *broker.DenialError {
	var api smithy.APIError
	e := &broker.DenialError{Err: err, Unconfirmed: unconfirmed, Earlier: map[string]time.Time{}}
	e.Refused = errors.As(err, &api) && api.ErrorCode() == "AccessDenied"
	for _, s := range doc.Statement {
		if before := s.before(); before.After(e.Earlier[s.session()]) {
			e.Earlier[s.session()] = before
		}
	}
	return e
}

// show reports whether AWS refuses all sessions as it was told.
func (doc revocations) show(denied broker.Denied, sessions []string) bool {
	return !slices.ContainsFunc(sessions, func(name string) bool { return !doc.denies(target(denied, name), denied.Before) })
}

// target is the session name that is denied for name's sake.
func target(denied broker.Denied, name string) string {
	if denied.Everybody {
		return anySession
	}
	return name
}

// writeRevocations puts doc with the deny of sessions. If that is more than all
// inline policies of the role may hold together, it denies everybody instead.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func writeRevocations(ctx context.Context, client *iam.Client, role string, doc revocations, sessions []string, denied *broker.Denied) error {
	put := func(doc revocations) error {
		_, err := client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
			RoleName: &role, PolicyName: aws.String(RevocationsPolicy), PolicyDocument: aws.String(doc.text()),
		})
		return err
	}
	next := doc
	for _, name := range sessions {
		next = next.with(target(*denied, name), denied.Before)
	}
	err := put(next)
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
func (c *Client) revoker(ctx context.Context, account policy.Account) (*iam.Client, error) {
	out, err := c.assumeRevoker(ctx, &sts.AssumeRoleInput{
		RoleArn: aws.String(string(account.Revoker)), RoleSessionName: aws.String(revokerSession),
		DurationSeconds: aws.Int32(int32(policy.MinDuration / time.Second)),
	})
	if err != nil {
		return nil, err
	}
	got, ok := credentialsOf(out.Credentials)
	if !ok {
		return nil, errNoCredentials
	}
	return iam.NewFromConfig(c.config, func(o *iam.Options) { o.Credentials = signing(got) }), nil
}
