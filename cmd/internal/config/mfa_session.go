package config

import (
	"slices"

	"github.com/assumebot/assumebot/broker"
)

// readMFASession reads how long an MFA session lasts; 0, with or without a unit,
// is off.
func (d *draft) readMFASession(root section) {
	if isZero(root.values["mfa_session"]) {
		return
	}
	v := root.duration("mfa_session")
	if !v.ok {
		return
	}
	if v.v < broker.MinMFASession || v.v > broker.MaxMFASession {
		d.problem(v.pos, "mfa_session is %s: GetSessionToken takes %s to %s; write one such as 8h, or 0 for no MFA sessions",
			broker.FormatDuration(v.v), broker.FormatDuration(broker.MinMFASession), broker.FormatDuration(broker.MaxMFASession))
	}
	d.config.Broker.MFASession, d.mfaSessionAt = v.v, v.pos
}

// warnMFASession tells of MFA sessions that nothing could be had from.
func (d *draft) warnMFASession() {
	takesSession := func(a accountDraft) bool { return a.HasRole() && a.MFA == broker.MFASession }
	if d.config.Broker.MFASession > 0 && !slices.ContainsFunc(d.accounts, takesSession) {
		d.warning(d.mfaSessionAt, "mfa_session: no account may be had from an MFA session: it takes one with role_arn and mfa: session, the default")
	}
}
