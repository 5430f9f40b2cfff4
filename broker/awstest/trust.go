package awstest

import (
	"net/http"
	"slices"
	"time"
)

// Trust is a role's trust policy. Its zero value trusts nobody.
type Trust struct {
	// Principals are ARNs: of users, of roles, of an account (arn:aws:iam::111111111111:root), or "*".
	Principals []string
	// ExternalID must be sent as ExternalId when set.
	ExternalID string
	// RequireMFA tests aws:MultiFactorAuthPresent; MaxMFAAge, when set, aws:MultiFactorAuthAge, and
	// so requires MFA too.
	RequireMFA bool
	MaxMFAAge  time.Duration
	// TagSession and SetSourceIdentity allow sts:TagSession and sts:SetSourceIdentity.
	TagSession, SetSourceIdentity bool
}

// authorizeAssume checks the identity's and the role's side. An unknown role and a refused one look the
// same, at AWS too. The caller holds Server.mu.
func (s *Server) authorizeAssume(who *caller, in assumeRoleInput, mfaAt time.Time) *refusal {
	deny := func(action, reason string) *refusal {
		return &refusal{http.StatusForbidden, "AccessDenied", notAuthorized(who, action, in.roleARN, reason)}
	}
	r := s.roles[in.roleARN]
	if reason, ok := s.authorize(who, "sts:AssumeRole"); !ok {
		return deny("sts:AssumeRole", reason)
	}
	if r == nil || !r.Trust.allows(who, in.externalID, s.now(), mfaAt) {
		return deny("sts:AssumeRole", "")
	}
	if len(in.tags) > 0 {
		if reason, ok := s.authorize(who, "sts:TagSession"); !ok || !r.Trust.TagSession {
			return deny("sts:TagSession", reasonUnless(ok, reason))
		}
	}
	if source := in.effectiveSource(who); source != "" {
		reason, ok := s.authorize(who, "sts:SetSourceIdentity")
		inherited := in.inherited(who)
		if !ok || !r.Trust.SetSourceIdentity || inherited != "" && inherited != source {
			return deny("sts:SetSourceIdentity", reasonUnless(ok, reason))
		}
	}
	return nil
}

func reasonUnless(ok bool, reason string) string {
	if ok {
		return ""
	}
	return reason
}

// allows evaluates principal, external ID and MFA. A zero mfaAt means that the request carries no MFA.
func (t Trust) allows(who *caller, externalID string, now, mfaAt time.Time) bool {
	principals := []string{"*", "arn:aws:iam::" + who.account + ":root", who.arn, who.userARN}
	if who.roleARN != "" {
		principals = append(principals, who.roleARN)
	}
	if !slices.ContainsFunc(t.Principals, func(p string) bool { return p != "" && slices.Contains(principals, p) }) {
		return false
	}
	if t.ExternalID != "" && t.ExternalID != externalID {
		return false
	}
	if mfaAt.IsZero() {
		return !t.RequireMFA && t.MaxMFAAge == 0
	}
	return t.MaxMFAAge == 0 || now.Sub(mfaAt) < t.MaxMFAAge
}
