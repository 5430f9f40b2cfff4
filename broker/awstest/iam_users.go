package awstest

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// maxUserInline is the limit on all inline policies of a user together, white space not counted:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const maxUserInline = 2_048

const (
	pathPattern = `(/)|(/[!-~]+/)`
	arnPattern  = `arn:[\w-]+:iam::\d{12}:policy/[\w+=,.@/-]+`
)

type userXML struct {
	XMLName xml.Name
	User    struct {
		Path, UserName, Arn string
		UserID              string `xml:"UserId"`
		CreateDate          string
		PermissionsBoundary *boundaryXML
		Tags                []tagXML `xml:"Tags>member"`
	}
}

type tagXML struct{ Key, Value string }

type userPolicyXML struct {
	XMLName                              xml.Name `xml:"GetUserPolicyResult"`
	UserName, PolicyName, PolicyDocument string
}

// AddManagedPolicy makes a policy that can be the permissions boundary of a user. It panics on one that IAM would refuse.
func (s *identities) AddManagedPolicy(account, name, text string) (arn string) {
	arn = "arn:aws:iam::" + account + ":policy/" + name
	parsed := mustParse(text)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.managed[arn] = parsed
	return arn
}

// HasUser reports whether there is such an IAM user.
func (s *identities) HasUser(arn string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.users[arn] != nil
}

// iamUsers makes, shows and removes users, and keeps their inline policies. It counts from the next call on; at AWS that
// may take a while.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPolicy.html
func (s *Server) iamUsers(req *request, who *caller) (any, *refusal) {
	c := checker{params: req.params}
	name := c.text("UserName", "userName", 1, 64, iamNamePattern)
	policy, path, boundary := "", "/", ""
	switch req.action {
	case "PutUserPolicy", "GetUserPolicy", "DeleteUserPolicy":
		policy = c.text("PolicyName", "policyName", 1, 128, iamNamePattern)
	case "CreateUser":
		if req.params.Has("Path") {
			path = c.text("Path", "path", 1, 512, pathPattern)
		}
		boundary = c.optional("PermissionsBoundary", "permissionsBoundary", 20, 2048, arnPattern)
	}
	tags := c.tags()
	if ref := c.refusal(); ref != nil {
		return nil, ref
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if req.action == "CreateUser" {
		return s.createUser(who, name, path, boundary, tags)
	}
	arn, u := s.userByName(who.account, name)
	a := s.askOfUser(who, "iam:"+req.action, arn, u)
	if u != nil && u.boundaryARN != "" {
		// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
		if req.action == "PutUserPolicy" || req.action == "DeleteUserPolicy" {
			a.facts["iam:permissionsboundary"] = u.boundaryARN
		}
	}
	if reason, ok := s.authorize(who, a.withTags(tags)); !ok {
		return nil, &refusal{http.StatusForbidden, "AccessDenied", notAuthorized(who, "iam:"+req.action, arn, reason)}
	}
	if u == nil {
		return nil, noSuchEntity("The user with name " + name + " cannot be found.")
	}
	switch req.action {
	case "GetUser":
		return u.shown("GetUserResult", arn), nil
	case "TagUser":
		for key, value := range tags {
			u.tags[key] = value
		}
		return nil, nil
	case "DeleteUser":
		return nil, s.deleteUser(arn, u)
	}
	return u.inlinePolicy(req, policy, s.now().Sub(s.shownTime()))
}

// createUser makes a user who may do nothing yet. Names are told apart without regard to case, and whatever their path.
// The caller holds mu.
func (s *Server) createUser(who *caller, name, path, boundary string, tags map[string]string) (any, *refusal) {
	arn := UserARN(who.account, path[1:]+name)
	actions := []string{"iam:CreateUser"}
	if len(tags) > 0 {
		actions = append(actions, "iam:TagUser") // whoever makes it with tags needs both
	}
	for _, action := range actions {
		a := s.ask(who, action, arn)
		if boundary != "" && action == "iam:CreateUser" {
			a.facts["iam:permissionsboundary"] = boundary
		}
		if reason, ok := s.authorize(who, a.withTags(tags)); !ok {
			return nil, &refusal{http.StatusForbidden, "AccessDenied", notAuthorized(who, action, arn, reason)}
		}
	}
	for _, u := range s.users {
		if u.Account == who.account && strings.EqualFold(lastPart(u.Name), name) {
			return nil, &refusal{http.StatusConflict, "EntityAlreadyExists", "User with name " + name + " already exists."}
		}
	}
	if boundary != "" && s.managed[boundary] == nil {
		return nil, noSuchEntity("Scope ARN: " + boundary + " does not exist or is not attachable.")
	}
	u := &user{
		User: User{Account: who.account, Name: path[1:] + name}, policy: &policyDocument{}, tags: tags,
		boundaryARN: boundary, boundary: s.managed[boundary], created: s.now(),
	}
	if u.tags == nil {
		u.tags = map[string]string{}
	}
	s.users[arn] = u
	return u.shown("CreateUserResult", arn), nil
}

func (u *user) shown(result, arn string) userXML {
	out := userXML{XMLName: xml.Name{Local: result}}
	at := strings.LastIndexByte(u.Name, '/') + 1
	o := &out.User
	o.Path, o.UserName, o.Arn, o.UserID = "/"+u.Name[:at], u.Name[at:], arn, uniqueID("AIDA", arn)
	o.CreateDate = u.created.UTC().Format(time.RFC3339)
	if u.boundaryARN != "" {
		o.PermissionsBoundary = &boundaryXML{"PermissionsBoundaryPolicy", u.boundaryARN}
	}
	for key, value := range u.tags {
		o.Tags = append(o.Tags, tagXML{key, value})
	}
	slices.SortFunc(o.Tags, func(a, b tagXML) int { return strings.Compare(a.Key, b.Key) })
	return out
}

func (u *user) inlinePolicy(req *request, name string, ahead time.Duration) (any, *refusal) {
	if req.action == "PutUserPolicy" {
		if u.inline == nil {
			u.inline = map[string]inlinePolicy{}
		}
		return nil, putInline(u.inline, maxUserInline, "user "+lastPart(u.Name), name, req.params.Get("PolicyDocument"), ahead)
	}
	p, ok := u.inline[name]
	if !ok {
		return nil, noSuchEntity("The user policy with name " + name + " cannot be found.")
	}
	if req.action == "DeleteUserPolicy" {
		delete(u.inline, name)
		return nil, nil
	}
	return userPolicyXML{UserName: lastPart(u.Name), PolicyName: name, PolicyDocument: url.PathEscape(p.text)}, nil
}

// deleteUser refuses while anything is left of the user. The caller holds mu.
func (s *Server) deleteUser(arn string, u *user) *refusal {
	conflict := func(what string) *refusal {
		return &refusal{http.StatusConflict, "DeleteConflict", "Cannot delete entity, must delete " + what + " first."}
	}
	if len(u.inline) > 0 || u.Policy != "" {
		return conflict("policies")
	}
	for _, k := range s.keys {
		if k.userARN == arn {
			return conflict("access keys")
		}
	}
	for _, d := range s.devices {
		if d.owner == arn {
			return conflict("MFA device")
		}
	}
	delete(s.users, arn)
	return nil
}
