package broker

import (
	"context"
	"time"

	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/text"
)

// A Plan is which STS call a Request becomes, and why.
type Plan struct {
	Method   Method
	MFA      bool // the credentials are issued under MFA
	Chained  bool // the MFA session signs the call, instead of the long-term key and a code
	Begins   bool // the code begins that MFA session first
	Duration time.Duration
	Way      []prose.Part // for the reply
}

// SendsCode reports whether SerialNumber and TokenCode go into the call.
func (p Plan) SendsCode() bool { return p.MFA && !p.Chained }

// chainingCap is how long a role lives at most that temporary credentials
// assume, those of an MFA session included.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
const chainingCap = time.Hour

// A situation is what the planner decides by.
type situation struct {
	account  policy.Account
	asked    time.Duration // what the person named; 0: nothing
	duration time.Duration // what durationOf made of it
	hasCode  bool
	sessions time.Duration // how long MFA sessions last; 0: off
	live     bool          // the User has an MFA session that may be used
}

// takesSession reports whether the Account may be had from an MFA session.
func (s situation) takesSession() bool {
	return s.sessions > 0 && s.account.TakesSession()
}

// plan follows the planner's table; anything it does not know asks for a code.
func plan(s situation) (Plan, error) {
	a := s.account
	p := Plan{Method: MethodAssumeRole, MFA: true, Duration: s.duration}
	if !a.HasRole() {
		p.Method = MethodGetSessionToken
	}
	switch {
	case a.MFA == policy.MFANone:
		p.MFA = false
		p.Way = prose.Say(string(p.Method)+" without MFA: the config says ", prose.Literal("mfa: none"), " for this account")
		if s.hasCode {
			p.Way = prose.Say(p.Way, ", and your code was not sent")
		}
	case !s.hasCode && s.live && s.takesSession() && s.asked <= chainingCap:
		p.Chained = true
		p.Way = prose.Say("AssumeRole from your MFA session, without a new code")
		if p.Duration > chainingCap {
			p.Way = prose.Say(p.Way, ", for 1h instead of "+text.FormatDuration(p.Duration)+", since AWS gives no more from an MFA session")
			p.Duration = chainingCap
		}
	case !s.hasCode:
		return Plan{}, s.needsCode()
	case s.takesSession() && p.Duration <= chainingCap:
		p.Chained, p.Begins = true, true
		p.Way = prose.Say("GetSessionToken with your MFA code, then AssumeRole from that MFA session")
	case s.takesSession():
		p.Way = prose.Say("AssumeRole with your MFA code, without an MFA session: AWS gives 1h at most from one")
	case a.HasRole():
		p.Way = prose.Say("AssumeRole with your MFA code")
	default:
		p.Way = prose.Say("GetSessionToken with your MFA code: this account has no role, so the credentials are those of your own IAM user")
	}
	return p, nil
}

// needsCode asks for a code, and says why the MFA session, if there is one, will not do.
func (s situation) needsCode() error {
	e := newError(CodeNeedsCode,
		prose.Say(s.account.Name+" needs the code of your MFA device."),
		prose.Say("Send it again with the six digits after the account name."))
	if !s.live {
		if s.takesSession() {
			e.What = prose.Say(s.account.Name + " needs the code of your MFA device: you have no live MFA session.")
		}
		return e
	}
	e.Err = ErrMFASessionNotEnough
	switch {
	case s.takesSession():
		e.What = prose.Say(s.account.Name + " needs the code of your MFA device for " + text.FormatDuration(s.asked) +
			": from your MFA session AWS gives 1h at most.")
	case s.account.HasRole():
		e.What = prose.Say(s.account.Name + " needs the code of your MFA device: it takes a new one for each request, so your MFA session is not enough.")
	default:
		e.What = prose.Say(s.account.Name + " needs the code of your MFA device: your MFA session is only for accounts with a role.")
	}
	return e
}

// planFor is what r becomes, and the MFA session that it uses if the Plan says so.
func (b *Issuing) planFor(ctx context.Context, r Request, user policy.User, account policy.Account) (Plan, usableSession, error) {
	d, err := durationOf(account, r.Duration)
	if err != nil {
		return Plan{}, usableSession{}, err
	}
	var session usableSession
	if r.Code.Empty() && account.MFA != policy.MFANone {
		if session, err = b.mfaSessions.usableSession(ctx, user); err != nil {
			return Plan{}, usableSession{}, err
		}
	}
	p, err := plan(situation{
		account: account, asked: r.Duration, duration: d,
		hasCode: !r.Code.Empty(), sessions: b.config.MFASession, live: session.ok,
	})
	if err != nil {
		return Plan{}, usableSession{}, askForCode(r, err)
	}
	return p, session, nil
}
