package awsapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/secret"
)

// What follows looks at how AWS is set up, for somebody who wants to know whether the bot
// will work. It reads alone: nothing here issues, assumes or writes.

// An Inspector looks by means of a Client. It is safe for concurrent use.
type Inspector struct{ client *Client }

// NewInspector asks nobody yet.
func NewInspector(c *Client) Inspector { return Inspector{c} }

// An Identity is what a key proves, and how AWS was reached with it.
type Identity struct {
	Account, ARN string
	Host         string        // that was asked
	Ahead        time.Duration // of AWS's clock before ours, as the Date header has it, to a second
	ClockTold    bool
}

// A Refused is AWS's answer that it does not do or show what was asked.
type Refused struct {
	Code string // such as AccessDenied
	text string
}

// Error implements error; it may be logged.
func (r *Refused) Error() string { return r.text }

// AWSCode is AWS's code of the refusal, for whoever does not know this package.
func (r *Refused) AWSCode() string { return r.Code }

// Unanswered reports whether err is that AWS did not answer at all.
func Unanswered(err error) bool {
	var u *unanswered
	return errors.As(err, &u)
}

// NobodyAt is the address of the host where nothing listens, "" where err is another.
func NobodyAt(err error) string {
	var u *unanswered
	if !errors.As(err, &u) {
		return ""
	}
	return u.nobodyAt
}

type unanswered struct{ text, nobodyAt string }

func noAnswer(what string, err error) *unanswered {
	u := &unanswered{text: upstreamText(fmt.Sprintf("%s: %s", what, err))}
	var dial *net.OpError
	if errors.As(err, &dial) && errors.Is(dial, syscall.ECONNREFUSED) && dial.Addr != nil {
		u.nobodyAt = dial.Addr.String()
	}
	return u
}

// Error implements error; it may be logged.
func (u *unanswered) Error() string { return u.text }

// RefusedAs reports whether AWS refused by one of these codes.
func RefusedAs(err error, codes ...string) bool {
	var r *Refused
	if !errors.As(err, &r) {
		return false
	}
	for _, code := range codes {
		if r.Code == code {
			return true
		}
	}
	return false
}

// refusal is err in words that may be shown.
func refusal(what string, err error) error {
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() != "UnknownError" {
		return &Refused{Code: api.ErrorCode(), text: upstreamText(fmt.Sprintf("%s: %s: %s", what, api.ErrorCode(), api.ErrorMessage()))}
	}
	if status := statusOf(err); status != 0 {
		return fmt.Errorf("%s: the answer (HTTP %d) is not one of AWS", what, status)
	}
	return noAnswer(what, err)
}

// OwnKey returns the bot's own credentials.
func (i Inspector) OwnKey(ctx context.Context) (secret.Credentials, error) {
	if i.client.config.Credentials == nil {
		return secret.Credentials{}, errors.New("there are none")
	}
	key, err := i.client.config.Credentials.Retrieve(ctx)
	if err != nil {
		_, sent := withSending(ctx)
		return secret.Credentials{}, errors.New(keyFailure(policy.KeySource{Default: true}, err, sent))
	}
	return secret.Credentials{
		AccessKeyID: key.AccessKeyID, SecretAccessKey: secret.New(key.SecretAccessKey), SessionToken: secret.New(key.SessionToken),
	}, nil
}

// UserKey returns a User's long-term key. The error says in our words why there is none.
func (i Inspector) UserKey(ctx context.Context, u policy.User) (secret.Credentials, error) {
	key, err := i.client.LongTermKey(ctx, u, broker.Plan{MFA: u.MFASerial != ""})
	var told *broker.Error
	if errors.As(err, &told) && told.Err != nil {
		return secret.Credentials{}, told.Err
	}
	return key, err
}

// WhoIs asks STS whose a key is.
func (i Inspector) WhoIs(ctx context.Context, key secret.Credentials) (Identity, error) {
	return i.WhoIsIn(ctx, i.client.config.Region, key)
}

// WhoIsIn is [Inspector.WhoIs] by the STS of a region.
func (i Inspector) WhoIsIn(ctx context.Context, region string, key secret.Credentials) (Identity, error) {
	ctx, sent := withSending(ctx)
	there := func(o *sts.Options) { o.Region = region }
	out, err := i.client.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}, once(key), there)
	var who Identity
	if host := sent.host.Load(); host != nil {
		who.Host = *host
	}
	if err == nil {
		who.Account, who.ARN = aws.ToString(out.Account), aws.ToString(out.Arn)
		if who.ARN == "" {
			return who, errors.New("sts:GetCallerIdentity: the answer is not one of AWS")
		}
		if r := rawResponse(out.ResultMetadata); r != nil {
			who.clock(r.Response)
		}
		return who, nil
	}
	var answered *awshttp.ResponseError
	var refused *Refused
	told := refusal("sts:GetCallerIdentity", err)
	if errors.As(told, &refused) && errors.As(err, &answered) { // a proxy has a Date of its own
		who.clock(answered.HTTPResponse().Response)
	}
	return who, told
}

// Reach returns the host that is STS of a region, and why it did not answer; nil when it
// did, by whatever error. It is asked with no key of anybody.
func (i Inspector) Reach(ctx context.Context, region string) (host string, err error) {
	ctx, sent := withSending(ctx)
	nobody := secret.Credentials{AccessKeyID: "nobody", SecretAccessKey: secret.New("none")}
	there := func(o *sts.Options) { o.Region = region }
	_, err = i.client.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}, once(nobody), there)
	if err == nil {
		return sent.address(), nil
	}
	err = refusal("sts:GetCallerIdentity", err)
	if refused := (*Refused)(nil); errors.As(err, &refused) {
		err = nil
	}
	return sent.address(), err
}

func (i *Identity) clock(r *http.Response) {
	if r == nil {
		return
	}
	if date, err := http.ParseTime(r.Header.Get("Date")); err == nil {
		i.Ahead, i.ClockTold = time.Until(date).Round(time.Second), true
	}
}

// KeyCreated returns when IAM made the key, which its own user asks; where IAM does not let it, the bot's own identity
// does, which may where it replaces keys.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccessKeys.html
func (i Inspector) KeyCreated(ctx context.Context, key secret.Credentials) (time.Time, error) {
	out, err := i.iamBy(key).ListAccessKeys(ctx, &iam.ListAccessKeysInput{}) // a user has two at most
	if err != nil {
		err = refusal("iam:ListAccessKeys", err)
		if out = i.keysAsBot(ctx, key, err); out == nil {
			return time.Time{}, err
		}
	}
	for _, k := range out.AccessKeyMetadata {
		if aws.ToString(k.AccessKeyId) == key.AccessKeyID && k.CreateDate != nil {
			return *k.CreateDate, nil
		}
	}
	return time.Time{}, errors.New("iam:ListAccessKeys: the answer lacks the key that asked")
}

// keysAsBot has the bot's own identity list the keys of the user that a key is of, if that user may not; nil where it
// may neither.
func (i Inspector) keysAsBot(ctx context.Context, key secret.Credentials, refused error) *iam.ListAccessKeysOutput {
	if !RefusedAs(refused, "AccessDenied") || i.client.config.Credentials == nil {
		return nil
	}
	who, err := i.WhoIs(ctx, key)
	_, path, isUser := strings.Cut(who.ARN, ":user/")
	if err != nil || !isUser {
		return nil
	}
	name := path[strings.LastIndexByte(path, '/')+1:]
	out, err := iam.NewFromConfig(i.client.config).ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: &name})
	if err != nil {
		return nil
	}
	return out
}

// Devices returns the serials of the MFA devices of the user whose key asks, who has
// eight at most.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListMFADevices.html
func (i Inspector) Devices(ctx context.Context, key secret.Credentials) ([]string, error) {
	out, err := i.iamBy(key).ListMFADevices(ctx, &iam.ListMFADevicesInput{})
	if err != nil {
		return nil, refusal("iam:ListMFADevices", err)
	}
	var serials []string
	for _, d := range out.MFADevices {
		serials = append(serials, aws.ToString(d.SerialNumber))
	}
	return serials, nil
}

// A Role is what IAM shows of one.
type Role struct {
	ARN      string
	Trust    string // JSON, as it was written
	Longest  time.Duration
	Boundary string // the ARN of its permissions boundary; "": it has none
}

// Role reads a role of the account that the key is of. IAM finds it by its name alone, so
// the caller compares the ARN.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html
func (i Inspector) Role(ctx context.Context, key secret.Credentials, name string) (Role, error) {
	out, err := i.iamBy(key).GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if err != nil {
		return Role{}, refusal("iam:GetRole", err)
	}
	if out.Role == nil {
		return Role{}, errors.New("iam:GetRole: the answer has no role")
	}
	trust, err := url.PathUnescape(aws.ToString(out.Role.AssumeRolePolicyDocument))
	if err != nil {
		return Role{}, errors.New("iam:GetRole: the trust policy is not URL-encoded")
	}
	r := Role{ARN: aws.ToString(out.Role.Arn), Trust: trust, Longest: time.Duration(aws.ToInt32(out.Role.MaxSessionDuration)) * time.Second}
	if b := out.Role.PermissionsBoundary; b != nil {
		r.Boundary = aws.ToString(b.PermissionsBoundaryArn)
	}
	return r, nil
}

func (i Inspector) iamBy(key secret.Credentials) *iam.Client {
	return iam.NewFromConfig(i.client.config, func(o *iam.Options) { o.Credentials = signing(key) })
}

// InRegion reports whether host is an endpoint of one region, or a fake on this machine:
// tokens of the global one do not work in every region.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_enable-regions.html
func InRegion(host, region string) bool { return strings.Contains("."+host, "."+region+".") }
