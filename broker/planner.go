package broker

import (
	"fmt"
	"time"
)

// A Plan is which STS call a Request becomes, and why.
type Plan struct {
	Method   Method
	MFA      bool // SerialNumber and TokenCode go into the call
	Duration time.Duration
	Way      string // for the reply
}

// seconds is the Duration as STS takes it. MaxSessionTokenDuration bounds it.
func (p Plan) seconds() int32 {
	return int32(min(p.Duration, MaxSessionTokenDuration) / time.Second) //nolint:gosec // at most 129,600
}

// CheckDuration returns what a Request for d gets of the Account, where 0 is
// the default.
func (a Account) CheckDuration(d time.Duration) (time.Duration, error) {
	if d == 0 {
		return a.DefaultDuration, nil
	}
	if d < MinDuration {
		return 0, &Error{
			Code:    CodeTooShort,
			Message: "AWS issues nothing shorter than 15 minutes.",
			Hint:    "Ask for 15m or more. Your code was not used.",
		}
	}
	if d > a.MaxDuration {
		return 0, &Error{
			Code:    CodeTooLong,
			Message: fmt.Sprintf("%s is issued for %s at most.", a.Name, FormatDuration(a.MaxDuration)),
			Hint:    fmt.Sprintf("Ask for %s or less. Your code was not used.", FormatDuration(a.MaxDuration)),
		}
	}
	return d, nil
}

// plan follows the planner's table; anything it does not know asks for a code.
func plan(a Account, d time.Duration, hasCode bool) (Plan, error) {
	p := Plan{Method: MethodAssumeRole, MFA: true, Duration: d}
	if !a.HasRole() {
		p.Method = MethodGetSessionToken
	}
	switch {
	case a.MFA == MFANone:
		p.MFA = false
		p.Way = fmt.Sprintf("%s without MFA: the config says `mfa: none` for this account", p.Method)
		if hasCode {
			p.Way += "; your code was not sent"
		}
	case !hasCode:
		return Plan{}, &Error{
			Code:    CodeNeedsCode,
			Message: a.Name + " needs the code of your MFA device.",
			Hint:    "Send it again with the six digits after the account name.",
		}
	case a.HasRole():
		p.Way = "AssumeRole with your MFA code"
	default:
		p.Way = "GetSessionToken with your MFA code: this account has no role, the credentials are your own IAM user's"
	}
	return p, nil
}

// FormatDuration writes d as people type it: 90m, 2h, 1h30m.
func FormatDuration(d time.Duration) string {
	h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	out := ""
	if h > 0 {
		out += fmt.Sprintf("%dh", h)
	}
	if m > 0 {
		out += fmt.Sprintf("%dm", m)
	}
	if s > 0 || out == "" {
		out += fmt.Sprintf("%ds", s)
	}
	return out
}
