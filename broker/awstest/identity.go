package awstest

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	minRoleSession = time.Hour
	maxRoleSession = 12 * time.Hour
	// defaultTokenSize is an ordinary size of a session token; AWS promises none.
	defaultTokenSize = 704
)

// User is an IAM user with one long-term key. It may do what Policy allows, without one everything, but
// never what Deny lists.
type User struct {
	Account, Name                string // Name may have a path: assumebot/alice
	AccessKeyID, SecretAccessKey string
	// Deny lists actions that are refused wherever they are checked, such as sts:AssumeRole or s3:*.
	// GetCallerIdentity cannot be denied, at AWS neither.
	Deny []string
	// Policy is its identity policy, as IAM takes it.
	Policy string
}

// Role is an IAM role. It may do what Policy or an inline policy allows, without Policy everything, but never
// what Deny lists or an inline policy denies.
type Role struct {
	Account, Name string        // Name may have a path: team/OnCall
	MaxSession    time.Duration // 1 to 12 hours; 0 means 1 hour
	Trust         Trust
	Deny          []string // actions that its permissions do not allow, such as s3:ListAllMyBuckets
	// RequireMFAOnEachCall makes the permissions test aws:MultiFactorAuthPresent on each call. What
	// AssumeRole returns never carries it, so such a role can do nothing, as at AWS.
	RequireMFAOnEachCall bool
	// Policy is its permissions policy, as IAM takes it.
	Policy string
	// Boundary is the ARN of its permissions boundary, which IAM knows as iam:PermissionsBoundary; the fake
	// knows none of what such a policy says.
	Boundary string
}

// identities are the users, roles, keys, devices and sessions of all accounts.
type identities struct {
	clocks
	tokenLen atomic.Int64

	mu       sync.Mutex
	users    map[string]*user           // by ARN
	roles    map[string]*role           // by ARN
	keys     map[string]*accessKey      // by access key ID, long-term
	sessions map[string]*session        // by access key ID, temporary
	devices  map[string]*Device         // by serial
	managed  map[string]*policyDocument // by ARN
	disabled map[string]bool            // regions without STS
	optIn    map[string]bool            // regions that no account has enabled
	unknown  int                        // how many calls AWS refuses that a new key signs
}

func newIdentities() *identities {
	s := &identities{
		users:    map[string]*user{},
		roles:    map[string]*role{},
		keys:     map[string]*accessKey{},
		sessions: map[string]*session{},
		devices:  map[string]*Device{},
		managed:  map[string]*policyDocument{},
		disabled: map[string]bool{},
		optIn:    map[string]bool{},
	}
	s.SetClock(time.Now)
	s.SetTokenSize(defaultTokenSize)
	return s
}

type user struct {
	User
	policy      *policyDocument         // nil allows everything
	inline      map[string]inlinePolicy // by policy name
	boundaryARN string
	boundary    *policyDocument // nil: none
	tags        map[string]string
	created     time.Time
}

type role struct {
	Role
	policy *policyDocument // nil allows everything
	trust  *policyDocument

	trustText string
	inline    map[string]inlinePolicy // by policy name
}

type accessKey struct {
	userARN, secret string
	disabled        bool
	created         time.Time
	lastUsed        time.Time // zero: never
	usedFor, usedIn string    // service and region
	unknown         int       // how many calls AWS still refuses that it signs
}

// session is what AssumeRole or GetSessionToken issued.
type session struct {
	keyID, secret, token         string
	userARN, roleARN             string // one of them
	name, sourceIdentity         string // of a role session
	issued, expires              time.Time
	mfaAt                        time.Time // zero without MFA
	policy                       *policyDocument
	chained                      bool   // a role assumed with temporary credentials
	account, callerARN, callerID string // as GetCallerIdentity tells them
}

// caller is whom a signature proved.
type caller struct {
	account, arn, userID string
	userARN, roleARN     string   // one of them
	session              *session // nil for a long-term key
	ip                   string   // where the request came from
}

// credential is what a signature is checked with.
type credential struct {
	secret string
	who    *caller
}

// UserARN is arn:aws:iam::account:user/name.
func UserARN(account, name string) string { return "arn:aws:iam::" + account + ":user/" + name }

// RoleARN is arn:aws:iam::account:role/name.
func RoleARN(account, name string) string { return "arn:aws:iam::" + account + ":role/" + name }

// DeviceARN is the serial of a virtual MFA device: arn:aws:iam::account:mfa/name.
func DeviceARN(account, name string) string { return "arn:aws:iam::" + account + ":mfa/" + name }

// AddUser adds an IAM user. Added again with another key, the user has both; the rest is replaced. It panics
// on a Policy that IAM would refuse.
func (s *identities) AddUser(u User) {
	arn := UserARN(u.Account, u.Name)
	u.Deny = slices.Clone(u.Deny)
	policy := mustParse(u.Policy)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[arn] = &user{User: u, policy: policy, tags: map[string]string{}, created: s.now()}
	s.keys[u.AccessKeyID] = &accessKey{userARN: arn, secret: u.SecretAccessKey, created: s.now()}
}

// DisableKey makes a long-term key inactive: AWS answers as for an unknown one.
func (s *identities) DisableKey(accessKeyID string) { s.setDisabled(accessKeyID, true) }

// EnableKey undoes DisableKey.
func (s *identities) EnableKey(accessKeyID string) { s.setDisabled(accessKeyID, false) }

func (s *identities) setDisabled(accessKeyID string, disabled bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.keys[accessKeyID]; k != nil {
		k.disabled = disabled
	}
}

// DeleteKey removes a long-term key.
func (s *identities) DeleteKey(accessKeyID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.keys, accessKeyID)
}

// RotateKey deletes all keys of the user and gives it a new one.
func (s *identities) RotateKey(userARN, newID, newSecret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, k := range s.keys {
		if k.userARN == userARN {
			delete(s.keys, id)
		}
	}
	s.keys[newID] = &accessKey{userARN: userARN, secret: newSecret, created: s.now()}
}

func mustParse(policy string) *policyDocument {
	if policy == "" {
		return nil
	}
	doc, err := parsePolicy(policy)
	if err != nil {
		panic("awstest: policy: " + err.Error())
	}
	return doc
}

// AddRole adds a role, or replaces one of the same ARN and drops its inline policies. It panics on a
// MaxSession outside of 1 to 12 hours, and on a policy that IAM would refuse.
func (s *identities) AddRole(r Role) {
	if r.MaxSession == 0 {
		r.MaxSession = minRoleSession
	}
	if r.MaxSession < minRoleSession || r.MaxSession > maxRoleSession {
		panic("awstest: MaxSession must be 1 to 12 hours: " + r.MaxSession.String())
	}
	r.Deny = slices.Clone(r.Deny)
	policy, trust := mustParse(r.Policy), r.Trust.document()
	text := r.Trust.Policy
	if text == "" {
		text = trust.text()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.roles[RoleARN(r.Account, r.Name)] = &role{Role: r, policy: policy, trust: trust, trustText: text, inline: map[string]inlinePolicy{}}
}

// credential finds the secret for a key in a region and whose it is. The token must be the very one
// that was issued with a temporary key, and absent with a long-term one.
func (s *identities) credential(region, keyID, token string) (credential, sigProblem) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.optIn[region] {
		return credential{}, sigUnknownKey
	}
	if ses := s.sessions[keyID]; ses != nil {
		switch {
		case token != ses.token:
			return credential{}, sigBadToken
		case !s.now().Before(ses.expires):
			return credential{}, sigExpired
		}
		return credential{ses.secret, &caller{
			account: ses.account, arn: ses.callerARN, userID: ses.callerID,
			userARN: ses.userARN, roleARN: ses.roleARN, session: ses,
		}}, sigFine
	}
	k := s.keys[keyID]
	if k == nil || k.disabled || s.users[k.userARN] == nil {
		return credential{}, sigUnknownKey
	}
	if token != "" {
		return credential{}, sigBadToken
	}
	u := s.users[k.userARN]
	return credential{k.secret, &caller{
		account: u.Account, arn: k.userARN, userID: uniqueID("AIDA", k.userARN), userARN: k.userARN,
	}}, sigFine
}

// ask is what policies are asked about an action of the caller.
func (s *identities) ask(who *caller, action, resource string) asked {
	return asked{action: action, resource: resource, facts: who.conditionKeys(s.now())}
}

// authorize returns why the caller may not do the action, in the words that follow AWS's "User: … is
// not authorized to perform: …", or ok. The caller holds mu.
func (s *identities) authorize(who *caller, a asked) (reason string, ok bool) {
	e, reason := s.effectOf(who, a)
	return reason, e == effectAllow
}

// effectOf is what the caller's own policies say of the action, and unless they allow it, why.
func (s *identities) effectOf(who *caller, a asked) (e effect, reason string) {
	noIdentity := " because no identity-based policy allows the " + a.action + " action"
	const denied = " with an explicit deny in an identity-based policy"
	if who.userARN != "" {
		u := s.users[who.userARN]
		switch {
		case u == nil || matchesAny(u.Deny, a.action):
			return effectDeny, noIdentity
		case u.boundary != nil && u.boundary.effect(a) != effectAllow:
			return effectDeny, " because no permissions boundary allows the " + a.action + " action"
		case u.policy == nil:
			e = effectAllow
		default:
			e = u.policy.effect(a)
		}
		for _, p := range u.inline {
			e = max(e, p.parsed.effect(a))
		}
		return e, map[effect]string{effectDeny: denied, effectNone: noIdentity}[e]
	}
	r := s.roles[who.roleARN]
	if r == nil || matchesAny(r.Deny, a.action) || r.RequireMFAOnEachCall {
		return effectDeny, noIdentity
	}
	e = effectAllow
	if r.policy != nil {
		e = r.policy.effect(a)
	}
	for _, p := range r.inline {
		seen := a
		seen.facts = maps.Clone(a.facts)
		seen.facts["aws:tokenissuetime"] = who.session.issued.Add(-p.ahead).UTC().Format(time.RFC3339)
		e = max(e, p.parsed.effect(seen))
	}
	switch {
	case e == effectDeny:
		return e, denied
	case e == effectNone:
		return e, noIdentity
	case who.session.policy == nil:
		return e, ""
	}
	switch e = who.session.policy.effect(a); e {
	case effectDeny:
		return e, " with an explicit deny in a session policy"
	case effectNone:
		return e, " because no session policy allows the " + a.action + " action"
	case effectAllow:
	}
	return e, ""
}

// conditionKeys are the global condition keys of the caller's request:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
func (c *caller) conditionKeys(now time.Time) map[string]string {
	keys := map[string]string{
		"aws:userid":           c.userID,
		"aws:principalarn":     c.arn,
		"aws:principalaccount": c.account,
		"aws:currenttime":      now.UTC().Format(time.RFC3339),
	}
	if c.ip != "" {
		keys["aws:sourceip"] = c.ip
	}
	if c.roleARN != "" {
		keys["aws:principalarn"] = c.roleARN
	} else {
		keys["aws:username"] = c.userARN[strings.LastIndexByte(c.userARN, '/')+1:]
	}
	if s := c.session; s != nil {
		keys["aws:tokenissuetime"] = s.issued.UTC().Format(time.RFC3339)
		keys["aws:multifactorauthpresent"] = fmt.Sprint(!s.mfaAt.IsZero())
		if s.sourceIdentity != "" {
			keys["aws:sourceidentity"] = s.sourceIdentity
		}
	}
	return keys
}

// uniqueID is an IAM unique ID: the prefix (AIDA for users, AROA for roles) and 17 letters and digits,
// here always the same for one ARN.
func uniqueID(prefix, arn string) string {
	sum := sha256.Sum256([]byte(arn))
	return prefix + base32.StdEncoding.EncodeToString(sum[:])[:17]
}

// notAuthorized is AWS's sentence for a refused action.
func notAuthorized(who *caller, action, resource, reason string) string {
	sentence := fmt.Sprintf("User: %s is not authorized to perform: %s", who.arn, action)
	if resource != "" {
		sentence += " on resource: " + resource
	}
	return sentence + reason
}

// SetTokenSize sets the length in bytes of the session tokens issued from now on.
func (s *identities) SetTokenSize(n int) { s.tokenLen.Store(int64(n)) }

// SetRegionDisabled switches STS off in a region: AssumeRole and GetSessionToken signed for it answer
// RegionDisabledException.
func (s *identities) SetRegionDisabled(region string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disabled[region] = true
}

// SetRegionNotEnabled makes a region one to opt in to that no account has enabled: no key is known there.
// https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
// https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html (OptInRequired, InvalidClientTokenId)
func (s *identities) SetRegionNotEnabled(region string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.optIn[region] = true
}
