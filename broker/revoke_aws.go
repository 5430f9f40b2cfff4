package broker

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
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

// unconfirmed says that AWS may have been told all the same.
type unconfirmed struct{ err error }

func (u *unconfirmed) Error() string { return "AWS did not confirm it: " + u.err.Error() }

func (u *unconfirmed) Unwrap() error { return u.err }

// stillDenied is what the policy refused before a writing that failed.
type stillDenied struct {
	doc revocations
	err error
}

func (s *stillDenied) Error() string { return s.err.Error() }

func (s *stillDenied) Unwrap() error { return s.err }

// knownDenied is what AWS is known to refuse of session although err; nil: nothing.
func knownDenied(err error, session string) *Denied {
	var still *stillDenied
	if !errors.As(err, &still) {
		return nil
	}
	var known *Denied
	for _, s := range still.doc.Statement {
		if name := s.session(); (name == session || name == anySession) && (known == nil || s.before().After(known.Before)) {
			known = &Denied{Before: s.before(), Everybody: name == anySession}
		}
	}
	return known
}

// deny makes the role of the Account refuse sessions, of all that names returns,
// issued until now, and keeps what it refuses already. names is asked once, before
// the policy is read; still before each write whether this process may go on.
func (a *AWS) deny(ctx context.Context, account Account, names func() []string, still func(context.Context) error) (Denied, error) {
	client, err := a.revoker(ctx, account)
	if err != nil {
		return Denied{}, fmt.Errorf("assume the revoker: %w", err)
	}
	role, sessions := account.RoleARN.RoleName(), names()
	for _, session := range sessions {
		if err := checkDeniable(session); err != nil {
			return Denied{}, err
		}
	}
	doc, now, err := readRevocations(ctx, client, role)
	if err != nil {
		return Denied{}, fmt.Errorf("read the policy: %w", err)
	}
	// What was issued within the second of now is issued before the next one.
	denied := Denied{Before: now.Truncate(time.Second).Add(time.Second)}
	before := doc
	for range denyTries {
		if err := still(ctx); err != nil {
			return Denied{}, &stillDenied{before, err}
		}
		if err := writeRevocations(ctx, client, role, doc, sessions, &denied); err != nil {
			return Denied{}, &stillDenied{before, fmt.Errorf("write the policy: %w", maybeWritten(err))}
		}
		if doc, _, err = readRevocations(ctx, client, role); err != nil {
			return Denied{}, &stillDenied{before, fmt.Errorf("read the policy again: %w", &unconfirmed{err})}
		}
		if denied.shownBy(doc, sessions) {
			return denied, nil
		}
		select {
		case <-time.After(denyPause):
		case <-ctx.Done():
			return Denied{}, &stillDenied{before, &unconfirmed{ctx.Err()}}
		}
	}
	return Denied{}, &stillDenied{before, &unconfirmed{errors.New("the policy was written, but IAM does not show it")}}
}

// maybeWritten marks what is no refusal: the answer may have been lost.
func maybeWritten(err error) error {
	var refused smithy.APIError
	if errors.As(err, &refused) {
		return err
	}
	return &unconfirmed{err}
}

func (d Denied) shownBy(doc revocations, sessions []string) bool {
	return !slices.ContainsFunc(sessions, func(name string) bool { return !doc.denies(d.session(name), d.Before) })
}

func (d Denied) session(name string) string {
	if d.Everybody {
		return anySession
	}
	return name
}

// writeRevocations puts doc with the deny of sessions. If that is more than all
// inline policies of the role may hold together, it denies everybody instead.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func writeRevocations(ctx context.Context, client *iam.Client, role string, doc revocations, sessions []string, denied *Denied) error {
	put := func(doc revocations) error {
		_, err := client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
			RoleName: &role, PolicyName: aws.String(RevocationsPolicy), PolicyDocument: aws.String(doc.text()),
		})
		return err
	}
	next := doc
	for _, name := range sessions {
		next = next.with(denied.session(name), denied.Before)
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
