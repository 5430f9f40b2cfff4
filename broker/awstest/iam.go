package awstest

import (
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
)

// maxInline is the limit on all inline policies of a role together, white space not counted:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const maxInline = 10_240

const iamNamePattern = `[\w+=,.@-]+`

type inlinePolicy struct {
	text   string
	parsed *policyDocument
	// ahead is how far the fake's clock was ahead of the time that its answers show when the policy was
	// written: that of its author, who could only go by the answers.
	ahead time.Duration
}

type rolePolicyXML struct {
	XMLName                              xml.Name `xml:"GetRolePolicyResult"`
	RoleName, PolicyName, PolicyDocument string
}

type rolePoliciesXML struct {
	XMLName     xml.Name `xml:"ListRolePoliciesResult"`
	PolicyNames []string `xml:"PolicyNames>member"`
	IsTruncated bool
}

// iam reads roles of the caller's account and keeps their inline policies; what is of users is in files of its own.
// Policies count from the next call on; at AWS that may take minutes.
func (s *Server) iam(req *request, who *caller) (any, *refusal) {
	// "You cannot call any IAM API operations unless MFA authentication information is included":
	// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
	if ses := who.session; ses != nil && ses.userARN != "" && ses.mfaAt.IsZero() {
		return nil, queryUnauthenticated(sigBadToken, "")
	}
	switch req.action {
	case "ListAccessKeys", "ListMFADevices":
		return s.iamOfUser(req, who)
	case "CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey", "GetAccessKeyLastUsed":
		return s.iamKeys(req, who)
	case "CreateUser", "GetUser", "DeleteUser", "TagUser", "PutUserPolicy", "GetUserPolicy", "DeleteUserPolicy":
		return s.iamUsers(req, who)
	case "CreateVirtualMFADevice", "EnableMFADevice", "DeactivateMFADevice", "DeleteVirtualMFADevice":
		return s.iamDevices(req, who)
	}
	if !slices.Contains([]string{"GetRole", "PutRolePolicy", "GetRolePolicy", "DeleteRolePolicy", "ListRolePolicies"}, req.action) {
		return nil, invalidAction(req)
	}
	c := checker{params: req.params}
	roleName := c.text("RoleName", "roleName", 1, 64, iamNamePattern)
	policyName := ""
	if req.action != "ListRolePolicies" && req.action != "GetRole" {
		policyName = c.text("PolicyName", "policyName", 1, 128, iamNamePattern)
	}
	if ref := c.refusal(); ref != nil {
		return nil, ref
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	arn, r := s.roleByName(who.account, roleName)
	a := s.ask(who, "iam:"+req.action, arn)
	if r != nil && r.Boundary != "" && (req.action == "PutRolePolicy" || req.action == "DeleteRolePolicy") {
		// The other two actions have no such key:
		// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
		a.facts["iam:permissionsboundary"] = r.Boundary
	}
	if reason, ok := s.authorize(who, a); !ok {
		return nil, &refusal{http.StatusForbidden, "AccessDenied", notAuthorized(who, "iam:"+req.action, arn, reason)}
	}
	if r == nil {
		return nil, noSuchEntity("The role with name " + roleName + " cannot be found.")
	}
	if req.action == "GetRole" {
		return r.getRole(arn), nil
	}
	if req.action == "PutRolePolicy" {
		return nil, putInline(r.inline, maxInline, "role "+r.Name, policyName, req.params.Get("PolicyDocument"), s.now().Sub(s.shownTime()))
	}
	if req.action == "ListRolePolicies" {
		return rolePoliciesXML{PolicyNames: slices.Sorted(maps.Keys(r.inline))}, nil
	}
	p, ok := r.inline[policyName]
	if !ok {
		return nil, noSuchEntity("The role policy with name " + policyName + " cannot be found.")
	}
	if req.action == "DeleteRolePolicy" {
		delete(r.inline, policyName)
		return nil, nil
	}
	return rolePolicyXML{RoleName: roleName, PolicyName: policyName, PolicyDocument: url.PathEscape(p.text)}, nil
}

// roleByName finds a role by the last part of its name; IAM's role names are unique without their path.
func (s *identities) roleByName(account, name string) (string, *role) {
	for arn, r := range s.roles {
		if r.Account == account && r.Name[strings.LastIndexByte(r.Name, '/')+1:] == name {
			return arn, r
		}
	}
	return RoleARN(account, name), nil
}

// putInline keeps an inline policy of whose, all of which together have a limit.
func putInline(inline map[string]inlinePolicy, limit int, whose, name, text string, ahead time.Duration) *refusal {
	parsed, err := parsePolicy(text)
	if err != nil {
		return &refusal{http.StatusBadRequest, "MalformedPolicyDocument", sentence(err)}
	}
	size := policySize(text)
	for other, p := range inline {
		if other != name {
			size += policySize(p.text)
		}
	}
	if size > limit {
		return &refusal{http.StatusConflict, "LimitExceeded",
			fmt.Sprintf("Maximum policy size of %d bytes exceeded for %s", limit, whose)}
	}
	inline[name] = inlinePolicy{text, parsed, ahead}
	return nil
}

func policySize(text string) int {
	n := 0
	for _, c := range text {
		if !unicode.IsSpace(c) {
			n++
		}
	}
	return n
}

func noSuchEntity(message string) *refusal {
	return &refusal{http.StatusNotFound, "NoSuchEntity", message}
}
