package broker

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

// LinkLife is how long a sign-in link can be opened.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html
const LinkLife = 15 * time.Minute

// A SignIn is what a person gets who asked for the console: the Credentials,
// which were issued either way, and a link, or why there is none.
type SignIn struct {
	Issued
	Service string      // whose console the link opens; "": the console's home
	Link    secret.Text // signs in whoever opens it; Empty if none could be made
	Until   time.Time   // how long the link can be opened
	Problem *Error      // why there is no link
}

// Console issues credentials for r.Account and makes a link that signs in to the AWS
// console with them, at service or, for "", at its home. What rules a link out is
// refused before a code is spent. Once credentials are issued there is no error: why no
// link could be made is the SignIn's Problem, and on the record.
func (b *Issuing) Console(ctx context.Context, r Request, service string) (SignIn, error) {
	r.Purpose = PurposeConsole
	return visit(ctx, b.visits, r, b.visits.toBring(), func(ctx context.Context, r *Request) (SignIn, error) {
		cleared, err := b.consent.clear(ctx, *r, r.user)
		if err == nil {
			err = b.checkConsole(cleared.account, service)
		}
		if err != nil {
			return SignIn{}, err
		}
		issued, err := b.issue(ctx, r, cleared)
		if err != nil {
			return SignIn{Issued: issued}, askForConsole(*r, service, err)
		}
		return b.link(ctx, *r, issued, service), nil
	})
}

// ConsoleLink makes a link for what Reveal gave. The error is that the Account has none.
func (b *Issuing) ConsoleLink(ctx context.Context, r Request, issued Issued, service string) (SignIn, error) {
	r.Purpose, r.Account = PurposeConsole, issued.Account.Name
	return visit(ctx, b.visits, r, way{}, func(ctx context.Context, r *Request) (SignIn, error) {
		if err := b.checkConsole(issued.Account, service); err != nil {
			return SignIn{}, err
		}
		return b.link(ctx, *r, issued, service), nil
	})
}

// checkConsole refuses what AWS would.
func (b *Issuing) checkConsole(a policy.Account, service string) error {
	if !a.HasRole() {
		return newError(CodeNoConsole,
			prose.Say(a.Name+" has no role, and AWS signs nobody in to the console with the credentials of GetSessionToken."),
			prose.Say("Sign in with your own password, or ask for an account that has a role.")).detailed("no_role")
	}
	if !b.aws.HasConsole(a.RoleARN.Partition()) {
		return newError(CodeNoConsole,
			prose.Say("The bot knows no console for "+a.Name+": it is in the partition "+a.RoleARN.Partition()+"."),
			prose.Say("Ask for the credentials without ", prose.Literal("as console"), ".")).detailed("partition")
	}
	if err := policy.CheckConsoleService(service); service != "" && err != nil {
		return &Error{
			Code: CodeNoConsole, Detail: "service", Err: err,
			What: prose.Say("That cannot be the name of an AWS service."),
			Hint: prose.Say("Write it as in the console's address: ", prose.Literal("as console s3"), ", ", prose.Literal("as console ec2"), "."),
		}
	}
	return nil
}

// askForConsole shows what to send instead, where a code is missing.
func askForConsole(r Request, service string, err error) error {
	var e *Error
	if errors.As(err, &e) && e.Code == CodeNeedsCode {
		e.Hint = sendCode(r.withCode(slices.DeleteFunc([]string{"as console", service}, func(s string) bool { return s == "" })...))
	}
	return err
}

// link makes the link, or says and records why it could not be made.
func (b *Issuing) link(ctx context.Context, r Request, issued Issued, service string) SignIn {
	s := SignIn{Issued: issued, Service: service, Until: b.now().Add(LinkLife).UTC()}
	if s.Until.After(issued.Credentials.Expires) {
		s.Until = issued.Credentials.Expires
	}
	var err error
	s.Link, err = b.aws.SigninLink(ctx, SigninQuery{
		User: r.Caller.User, Account: issued.Account, Credentials: issued.Credentials, Service: service, Endpoint: b.config.SigninEndpoint,
	})
	if err != nil {
		s.Problem = b.noLink(ctx, r, issued.Grant, err)
	}
	return s
}

// noLink puts on the record that credentials are shown where a link was asked
// for: what was granted for the console may now be used anywhere.
func (b *Issuing) noLink(ctx context.Context, r Request, g Grant, err error) *Error {
	e := b.asError(r, err)
	b.note(ctx, b.event(r, g.failedWith(r, e)))
	return e
}
