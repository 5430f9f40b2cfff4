package awsapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/patience"
	"github.com/assumebot/assumebot/broker/secret"
)

// How console sign-in works, its hosts and its limits:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html
const (
	// issuer tells AWS's sign-in page who sent the person. It may be the URL of a
	// page to sign in at again, and a chat has none.
	issuer = "assumebot"
	// maxSigninAnswer is far above any sign-in token.
	maxSigninAnswer = 64 << 10
	signinAttempts  = 2
	signinTimeout   = 6 * time.Second // of one attempt
)

// A partitionConsole is where one partition signs people in, and to what.
type partitionConsole struct{ signin, console string }

// consoles are those of the partitions whose hosts AWS documents.
// https://docs.amazonaws.cn/en_us/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html
// https://docs.aws.amazon.com/govcloud-us/latest/UserGuide/govcloud-console.html
var consoles = map[string]partitionConsole{
	"aws":        {"https://signin.aws.amazon.com/federation", "https://console.aws.amazon.com/"},
	"aws-cn":     {"https://signin.amazonaws.cn/federation", "https://console.amazonaws.cn/"},
	"aws-us-gov": {"https://signin.amazonaws-us-gov.com/federation", "https://console.amazonaws-us-gov.com/"},
}

// HasConsole implements [broker.Signin].
func (c *Client) HasConsole(partition string) bool {
	_, ok := consoles[partition]
	return ok
}

// SigninLink implements [broker.Signin].
func (c *Client) SigninLink(ctx context.Context, q broker.SigninQuery) (secret.Text, error) {
	hosts := consoles[q.Account.RoleARN.Partition()]
	if q.Endpoint != "" {
		hosts.signin = q.Endpoint
	}
	asking, e := c.ask(c.breaker(signinName, signinPlace(hosts.signin)), q.User, "")
	if e != nil {
		return secret.Text{}, signinError("not_answering", "The sign-in endpoint of AWS stopped answering, so it was not asked, and there is no link.", e)
	}
	token, answered, err := c.signinToken(ctx, hosts.signin, q.Credentials)
	if answered == unsaid {
		asking.notBegun()
	} else {
		c.ended(asking, answered == heard)
	}
	if err != nil {
		return secret.Text{}, err
	}
	return loginURL(hosts, token, q.Service, q.Account.Region), nil
}

// signinPlace tells the endpoints of sign-in apart: AWS's own has the region of no other.
func signinPlace(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil || endpoint == consoles["aws"].signin {
		return anyRegion
	}
	return u.Host
}

// A hearing is what a call says of the endpoint.
type hearing int

const (
	unsaid   hearing = iota // nothing: it was given up, or our own settings kept it
	unspoken                // it did not answer, or is unwell
	heard                   // it answered
)

// heardOf is what a call of sign-in says that came to err.
func heardOf(ctx context.Context, err error) hearing {
	var dns *net.DNSError
	if errors.Is(ctx.Err(), context.Canceled) || errors.As(err, &dns) && dns.IsNotFound {
		return unsaid
	}
	return unspoken
}

// loginURL is what a browser opens.
func loginURL(hosts partitionConsole, token secret.Text, service, region string) secret.Text {
	destination := hosts.console
	if service != "" {
		destination += service + "/home"
	} else if region != "" {
		destination += "console/home"
	}
	if region != "" {
		destination += "?region=" + url.QueryEscape(region)
	}
	return secret.New(hosts.signin + "?" + url.Values{
		"Action": {"login"}, "Issuer": {issuer}, "Destination": {destination}, "SigninToken": {token.Reveal()},
	}.Encode())
}

// signinToken exchanges Credentials for a sign-in token. It sends no
// SessionDuration: the console session would outlive the recorded expiry. There
// is no code in the call, so it is tried again when the network fails.
func (c *Client) signinToken(ctx context.Context, endpoint string, by secret.Credentials) (token secret.Text, h hearing, err error) {
	session, err := json.Marshal(map[string]string{
		"sessionId": by.AccessKeyID, "sessionKey": by.SecretAccessKey.Reveal(), "sessionToken": by.SessionToken.Reveal(),
	})
	if err != nil {
		return secret.Text{}, unsaid, fmt.Errorf("encode session: %w", err)
	}
	query := secret.New(url.Values{"Action": {"getSigninToken"}, "Session": {string(session)}}.Encode())
	ctx, cancel := patience.ForAWS(ctx)
	defer cancel()
	for range signinAttempts {
		var again bool
		token, h, again, err = c.askSignin(ctx, endpoint, query)
		if !again || ctx.Err() != nil {
			break
		}
	}
	return token, h, err
}

// askSignin sends one request, by GET, which is what AWS documents. again is that the next may
// be answered.
func (c *Client) askSignin(ctx context.Context, endpoint string, query secret.Text) (token secret.Text, h hearing, again bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, signinTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint, http.NoBody)
	if err != nil {
		return secret.Text{}, unsaid, false, signinError("not_reached", "The bot cannot reach the sign-in endpoint of AWS, so there is no link.",
			errors.New("signin_endpoint is not a URL"))
	}
	request.URL.RawQuery = query.Reveal()
	// As a RoundTripper it follows no redirect, which would carry the secret on, and
	// its errors name no URL, which an http.Client's do.
	answer, err := c.signin.RoundTrip(request)
	if err != nil {
		return secret.Text{}, heardOf(ctx, err), true, signinSilent(err)
	}
	defer func() { _ = answer.Body.Close() }() // only read from
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxSigninAnswer+1))
	if err != nil {
		return secret.Text{}, heardOf(ctx, err), true, signinSilent(err)
	}
	// Neither the body nor its header goes into an error: they may repeat what
	// was asked.
	switch {
	case answer.StatusCode >= http.StatusInternalServerError:
		return secret.Text{}, unspoken, false, signinRefused(answer.StatusCode)
	case answer.StatusCode != http.StatusOK:
		return secret.Text{}, heard, false, signinRefused(answer.StatusCode)
	}
	var out struct{ SigninToken string }
	if len(body) > maxSigninAnswer || json.Unmarshal(body, &out) != nil || out.SigninToken == "" {
		return secret.Text{}, unspoken, false, signinError("no_link", "The sign-in endpoint of AWS answered something else than a link.",
			fmt.Errorf("%d bytes that hold no sign-in token", len(body)))
	}
	return secret.New(out.SigninToken), heard, false, nil
}

// signinRefused tells a refusal of these credentials from an endpoint that is
// unwell. AWS's guide says that it refuses credentials of a role that was
// assumed with temporary ones, such as an MFA session's.
func signinRefused(status int) *broker.Error {
	err := fmt.Errorf("the sign-in endpoint answered %d", status)
	if status >= http.StatusBadRequest && status < http.StatusInternalServerError {
		return signinError("refused", "The sign-in endpoint of AWS refused these credentials, so there is no link.", err)
	}
	return signinError("not_working", "The sign-in endpoint of AWS is not working, so there is no link.", err)
}

func signinError(detail, what string, err error) *broker.Error {
	return detailed(failed(broker.CodeSignin, what, "The credentials were issued and work: here they are. "+broker.AskOperator, err), detail, "")
}

// signinSilent is of an answer that did not come, or not whole.
func signinSilent(err error) *broker.Error {
	return signinError("no_answer", "The sign-in endpoint of AWS did not answer, so there is no link.", withoutURL(err))
}

// withoutURL keeps the query, which is the secret, out of an error.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
