package awstest

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"strings"
	"time"
)

// maxChained is the cap on AssumeRole signed by temporary credentials:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
const maxChained = time.Hour

// maxSessionToken is the size against which AWS states how full a token is (STS, 2026-09-14).
const maxSessionToken = 4096

type credentialsXML struct {
	AccessKeyID     string `xml:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expiration      string
}

type assumedRoleUserXML struct {
	AssumedRoleID string `xml:"AssumedRoleId"`
	Arn           string
}

type assumeRoleXML struct {
	XMLName                 xml.Name `xml:"AssumeRoleResult"`
	SourceIdentity          string   `xml:",omitempty"`
	AssumedRoleUser         assumedRoleUserXML
	Credentials             credentialsXML
	PackedPolicySize        int `xml:",omitempty"`
	SessionTokenSize        int
	SessionTokenUtilization int
}

type sessionTokenXML struct {
	XMLName                 xml.Name `xml:"GetSessionTokenResult"`
	Credentials             credentialsXML
	SessionTokenSize        int
	SessionTokenUtilization int
}

type callerIdentityXML struct {
	XMLName xml.Name `xml:"GetCallerIdentityResult"`
	Arn     string
	UserID  string `xml:"UserId"`
	Account string
}

func (s *Server) sts(req *request, who *caller) (any, *refusal) {
	switch req.action {
	case "AssumeRole":
		return s.assumeRole(req, who)
	case "GetSessionToken":
		return s.sessionToken(req, who)
	case "GetCallerIdentity":
		return callerIdentityXML{Arn: who.arn, UserID: who.userID, Account: who.account}, nil
	}
	return nil, invalidAction(req)
}

func invalidAction(req *request) *refusal {
	return &refusal{http.StatusBadRequest, "InvalidAction",
		"Could not find operation " + req.action + " for version " + req.params.Get("Version")}
}

func (s *Server) assumeRole(req *request, who *caller) (any, *refusal) {
	in, ref := parseAssumeRole(req.params)
	if ref != nil {
		return nil, ref
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	mfaAt, ref := s.multiFactor(req, who, in.mfa)
	if ref != nil {
		return nil, ref
	}
	if ref := s.authorizeAssume(who, in, mfaAt); ref != nil {
		return nil, ref
	}
	r := s.roles[in.roleARN]
	if who.session != nil && in.duration > maxChained {
		return nil, &refusal{http.StatusBadRequest, "ValidationError",
			"The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."}
	}
	if in.duration > r.MaxSession {
		return nil, &refusal{http.StatusBadRequest, "ValidationError",
			"The requested DurationSeconds exceeds the MaxSessionDuration set for this role."}
	}
	base := r.Name[strings.LastIndexByte(r.Name, '/')+1:]
	ses := s.issue(session{
		roleARN: in.roleARN, name: in.sessionName, sourceIdentity: in.effectiveSource(who), policy: in.policy,
		account:   r.Account,
		callerARN: "arn:aws:sts::" + r.Account + ":assumed-role/" + base + "/" + in.sessionName,
		callerID:  uniqueID("AROA", in.roleARN) + ":" + in.sessionName,
		chained:   who.session != nil,
	}, in.duration, in.minToken)
	return assumeRoleXML{
		SourceIdentity:   ses.sourceIdentity,
		AssumedRoleUser:  assumedRoleUserXML{ses.callerID, ses.callerARN},
		Credentials:      ses.xml(),
		PackedPolicySize: in.packedPercent(),
		SessionTokenSize: len(ses.token), SessionTokenUtilization: ses.utilization(),
	}, nil
}

func (s *Server) sessionToken(req *request, who *caller) (any, *refusal) {
	if who.session != nil {
		return nil, &refusal{http.StatusForbidden, "AccessDenied", "Cannot call GetSessionToken with session credentials"}
	}
	in, ref := parseSessionToken(req.params)
	if ref != nil {
		return nil, ref
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	mfaAt, ref := s.multiFactor(req, who, in.mfa)
	if ref != nil {
		return nil, ref
	}
	// It needs no permission: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
	if e, reason := s.effectOf(who, s.ask(who, "sts:GetSessionToken", who.arn)); e == effectDeny {
		return nil, &refusal{http.StatusForbidden, "AccessDenied",
			notAuthorized(who, "sts:GetSessionToken", who.arn, reason)}
	}
	ses := s.issue(session{
		userARN: who.userARN, mfaAt: mfaAt, account: who.account, callerARN: who.arn, callerID: who.userID,
	}, in.duration, in.minToken)
	return sessionTokenXML{
		Credentials:      ses.xml(),
		SessionTokenSize: len(ses.token), SessionTokenUtilization: ses.utilization(),
	}, nil
}

// multiFactor returns when the MFA was done that the request carries: now, when the session was issued,
// or the zero time. A code that validates is spent from here on. The caller holds mu.
func (s *identities) multiFactor(req *request, who *caller, in mfaInput) (time.Time, *refusal) {
	if s.disabled[req.auth.region] {
		return time.Time{}, &refusal{http.StatusForbidden, "RegionDisabledException",
			"STS is not activated in this region for account:" + who.account +
				". Your account administrator can activate STS in this region using the IAM Console."}
	}
	deny := func(sentence string) (time.Time, *refusal) {
		return time.Time{}, &refusal{http.StatusForbidden, "AccessDenied", "MultiFactorAuthentication failed" + sentence}
	}
	if !in.hasSerial && !in.hasCode {
		if who.session != nil {
			return who.session.mfaAt, nil
		}
		return time.Time{}, nil
	}
	if in.hasSerial != in.hasCode {
		return deny(", must provide both MFA serial number and one time pass code.")
	}
	d := s.devices[in.serial]
	if who.session != nil || d == nil || d.owner != who.userARN || d.outOfStep.Load() {
		return deny(", unable to validate MFA code. " +
			"Please verify your MFA serial number is valid and associated with this user.")
	}
	now := s.now()
	if !d.spend(in.code, now) {
		return deny(" with invalid MFA one time pass code. ")
	}
	return now, nil
}

// issue completes a session with fresh credentials and keeps it. The caller holds mu.
func (s *identities) issue(ses session, d time.Duration, minToken int) *session {
	ses.issued = s.now().Truncate(time.Second)
	ses.expires = ses.issued.Add(d)
	ses.keyID = "ASIA" + base32.StdEncoding.EncodeToString(randomBytes(10))
	ses.secret = awkward(40, "")
	ses.token = awkward(max(int(s.tokenLen.Load()), minToken), "=")
	s.sessions[ses.keyID] = &ses
	return &ses
}

func (ses *session) xml() credentialsXML {
	return credentialsXML{ses.keyID, ses.secret, ses.token, ses.expires.UTC().Format(time.RFC3339)}
}

func (ses *session) utilization() int {
	return min(100, (len(ses.token)*100+maxSessionToken-1)/maxSessionToken)
}

// awkward is random base64 text of n bytes that has '/' and '+' in it and ends in end, so that
// whoever forgets to quote or encode is found out at once.
func awkward(n int, end string) string {
	b := []byte(base64.StdEncoding.EncodeToString(randomBytes(n))[:n])
	if n >= 8 {
		b[n/3], b[n/2] = '/', '+'
		copy(b[n-len(end):], end)
	}
	return string(b)
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand
	return b
}
