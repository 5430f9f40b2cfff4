package config

import (
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/text"
)

func (f *File) checkMFASession(c *collector) {
	if m := f.MFASession; m.Value != 0 && (m.Value < broker.MinMFASession || m.Value > broker.MaxMFASession) {
		c.problem(m.Position, "mfa_session is %s: GetSessionToken takes %s to %s; write one such as 8h, or 0 for no MFA sessions",
			text.FormatDuration(m.Value), text.FormatDuration(broker.MinMFASession), text.FormatDuration(broker.MaxMFASession))
	}
}

// warnMFASession tells of MFA sessions that nothing could be had from.
func (f *File) warnMFASession(c *collector) {
	if f.MFASession.Value == 0 {
		return
	}
	for a := range each(f.Accounts.Value) {
		if a.hasRole() && a.MFA.Value == string(policy.MFASession) {
			return
		}
	}
	c.warning(f.MFASession.Position, "mfa_session: no account may be had from an MFA session: it takes one with role_arn and mfa: session, the default")
}

func (f *File) warnNoMFA(c *collector) {
	for a := range each(f.Accounts.Value) {
		if a.MFA.Value == string(policy.MFANone) {
			c.warning(a.MFA.Position, "account %s: no MFA: whoever may have it gets credentials without a code", a.Name.Value)
		}
	}
}
