package broker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// How console sign-in works, its hosts and its limits:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html
const (
	// LinkLife is how long a sign-in link can be opened.
	LinkLife = 15 * time.Minute
	// issuer tells AWS's sign-in page who sent the person. It may be the URL of a
	// page to sign in at again, and a Slack command has none.
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

var consoleService = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

// CheckConsoleService says what is wrong with name as the service whose console
// a link opens: the first part of its console's path, such as s3 or ec2.
func CheckConsoleService(name string) error {
	if !consoleService.MatchString(name) {
		return errors.New("the name of a service is 1 to 40 of a-z, 0-9 and dash")
	}
	return nil
}

// A SignIn is what a person gets who asked for the console: the Credentials,
// which were issued either way, and a link, or why there is none.
type SignIn struct {
	Issued
	Service string    // whose console the link opens; "": the console's home
	Link    Secret    // signs in whoever opens it; Empty if none could be made
	Until   time.Time // how long the link can be opened
	Problem *Error    // why there is no link
}

// Console issues credentials for r.Account and makes a link that signs in to
// the AWS console with them, at service or, for "", at its home. Whatever is
// known to rule a link out is refused before a code is spent. Once credentials
// are issued there is no error any more: a link that could not be made is the
// SignIn's Problem, and on the record.
func (b *Broker) Console(ctx context.Context, r Request, service string) (SignIn, error) {
	r.Purpose = PurposeConsole
	user, err := b.identify(ctx, r.Caller)
	if err != nil {
		return SignIn{}, b.refuse(ctx, r, err)
	}
	if err := b.admit(ctx, r, user); err != nil {
		return SignIn{}, b.refuse(ctx, r, err)
	}
	cleared, err := b.clear(ctx, r, user)
	if err == nil {
		err = checkConsole(cleared.account, service)
	}
	if err != nil {
		return SignIn{}, b.refuse(ctx, r, err)
	}
	issued, err := b.issue(ctx, cleared.request, user, cleared)
	if err != nil {
		return SignIn{}, consoleHint(service, err)
	}
	return b.link(ctx, cleared.request, issued, service), nil
}

// ConsoleLink makes a link for what Reveal gave back. The error is that no link
// can be made for this Account at all.
func (b *Broker) ConsoleLink(ctx context.Context, r Request, issued Issued, service string) (SignIn, error) {
	r.Purpose, r.Account = PurposeConsole, issued.Account.Name
	if err := checkConsole(issued.Account, service); err != nil {
		return SignIn{}, b.refuse(ctx, r, err)
	}
	return b.link(ctx, r, issued, service), nil
}

// checkConsole refuses what AWS would.
func checkConsole(a Account, service string) error {
	if !a.HasRole() {
		return &Error{
			Code: CodeNoConsole,
			What: Say(a.Name + " has no role, and AWS signs nobody in to the console with the credentials of GetSessionToken."),
			Hint: Say("Sign in with your own password, or ask for an account that has a role. Your code was not used."),
		}
	}
	if _, ok := consoles[a.RoleARN.Partition()]; !ok {
		return &Error{
			Code: CodeNoConsole,
			What: Say("The bot knows no console for " + a.Name + ": it is in the partition " + a.RoleARN.Partition() + "."),
			Hint: Say("Ask for the credentials without `as console`. Your code was not used."),
		}
	}
	if err := CheckConsoleService(service); service != "" && err != nil {
		return &Error{
			Code: CodeNoConsole, Err: err,
			What: Say("That cannot be the name of an AWS service."),
			Hint: Say("Write it as in the console's address: `as console s3`, `as console ec2`. Your code was not used."),
		}
	}
	return nil
}

// consoleHint shows what to send instead, where a code is missing.
func consoleHint(service string, err error) error {
	var e *Error
	if errors.As(err, &e) && e.Code == CodeNeedsCode {
		command, rest, _ := strings.Cut(Plain(e.Hint), "` with ")
		e.Hint = Say(strings.TrimSpace(command+" as console "+service) + "` with " + rest)
	}
	return err
}

// link makes the link, or says and records why it could not be made.
func (b *Broker) link(ctx context.Context, r Request, issued Issued, service string) SignIn {
	s := SignIn{Issued: issued, Service: service, Until: b.now().Add(LinkLife).UTC()}
	if s.Until.After(issued.Credentials.Expires) {
		s.Until = issued.Credentials.Expires
	}
	hosts := consoles[issued.Account.RoleARN.Partition()]
	if b.config.SigninEndpoint != "" {
		hosts.signin = b.config.SigninEndpoint
	}
	token, err := b.aws.signinToken(ctx, hosts.signin, issued.Credentials)
	if err != nil {
		s.Problem = b.noLink(ctx, r, issued.Grant, err)
		return s
	}
	s.Link = loginURL(hosts, token, service, issued.Account.Region)
	return s
}

// noLink puts on the record that credentials are shown where a link was asked
// for: what was granted for the console may now be used anywhere.
func (b *Broker) noLink(ctx context.Context, r Request, g Grant, err error) *Error {
	e := b.asError(r, err)
	event := b.grantEvent(EventFailed, r, g)
	event.failed(e)
	event.Message += " The credentials themselves are shown instead."
	b.note(ctx, event)
	return e
}

// loginURL is what a browser opens.
func loginURL(hosts partitionConsole, token Secret, service, region string) Secret {
	destination := hosts.console
	if service != "" {
		destination += service + "/home"
	} else if region != "" {
		destination += "console/home"
	}
	if region != "" {
		destination += "?region=" + url.QueryEscape(region)
	}
	return NewSecret(hosts.signin + "?" + url.Values{
		"Action": {"login"}, "Issuer": {issuer}, "Destination": {destination}, "SigninToken": {token.Reveal()},
	}.Encode())
}

// signinTransport speaks to the sign-in endpoint with the SDK's settings (proxy,
// CA bundle). As a RoundTripper it follows no redirect, which would carry the
// secret on, and its errors name no URL, which an http.Client's do.
func signinTransport(client aws.HTTPClient) http.RoundTripper {
	buildable, ok := client.(*awshttp.BuildableClient)
	if !ok {
		buildable = awshttp.NewBuildableClient()
	}
	return buildable.GetTransport() // whose TLS is 1.2 at least
}

// signinToken exchanges Credentials for a sign-in token. It sends no
// SessionDuration: the console session would outlive the recorded expiry. There
// is no code in the call, so it is tried again when the network fails.
func (a *AWS) signinToken(ctx context.Context, endpoint string, c Credentials) (Secret, error) {
	session, err := json.Marshal(map[string]string{
		"sessionId": c.AccessKeyID, "sessionKey": c.SecretAccessKey.Reveal(), "sessionToken": c.SessionToken.Reveal(),
	})
	if err != nil {
		return Secret{}, fmt.Errorf("encode session: %w", err)
	}
	query := NewSecret(url.Values{"Action": {"getSigninToken"}, "Session": {string(session)}}.Encode())
	ctx, cancel := forAWS(ctx)
	defer cancel()
	var token Secret
	for range signinAttempts {
		var unanswered bool
		token, unanswered, err = a.askSignin(ctx, endpoint, query)
		if !unanswered || ctx.Err() != nil {
			break
		}
	}
	return token, err
}

// askSignin sends one request, by GET, which is what AWS documents.
func (a *AWS) askSignin(ctx context.Context, endpoint string, query Secret) (token Secret, unanswered bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, signinTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint, http.NoBody)
	if err != nil {
		return Secret{}, false, signinError("The bot cannot reach the sign-in endpoint of AWS, so there is no link.", errors.New("signin_endpoint is not a URL"))
	}
	request.URL.RawQuery = query.Reveal()
	answer, err := a.signin.RoundTrip(request)
	if err != nil {
		return Secret{}, true, signinError("The sign-in endpoint of AWS did not answer, so there is no link.", withoutURL(err))
	}
	defer func() { _ = answer.Body.Close() }() // only read from
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxSigninAnswer+1))
	if err != nil {
		return Secret{}, true, signinError("The sign-in endpoint of AWS did not answer, so there is no link.", withoutURL(err))
	}
	// Neither the body nor its header goes into an error: they may repeat what
	// was asked.
	if answer.StatusCode != http.StatusOK {
		return Secret{}, false, signinRefused(answer.StatusCode)
	}
	var out struct{ SigninToken string }
	if len(body) > maxSigninAnswer || json.Unmarshal(body, &out) != nil || out.SigninToken == "" {
		return Secret{}, false, signinError("The sign-in endpoint of AWS answered something else than a link.",
			fmt.Errorf("%d bytes that hold no sign-in token", len(body)))
	}
	return NewSecret(out.SigninToken), false, nil
}

// signinRefused tells a refusal of these credentials from an endpoint that is
// unwell. AWS's guide says that it refuses credentials of a role that was
// assumed with temporary ones, such as an MFA session's.
func signinRefused(status int) *Error {
	err := fmt.Errorf("the sign-in endpoint answered %d", status)
	if status >= http.StatusBadRequest && status < http.StatusInternalServerError {
		return signinError("The sign-in endpoint of AWS refused these credentials, so there is no link.", err)
	}
	return signinError("The sign-in endpoint of AWS is not working, so there is no link.", err)
}

func signinError(message string, err error) *Error {
	return &Error{
		Code: CodeSignin, Err: err,
		What: Say(message),
		Hint: Say("The credentials were issued and work: here they are. " + askOperator),
	}
}

// withoutURL keeps the query, which is the secret, out of an error.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
