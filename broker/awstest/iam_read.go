package awstest

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

type roleXML struct {
	XMLName xml.Name `xml:"GetRoleResult"`
	Role    struct {
		Path, RoleName, Arn      string
		RoleID                   string `xml:"RoleId"`
		CreateDate               string
		AssumeRolePolicyDocument string
		MaxSessionDuration       int
		PermissionsBoundary      *boundaryXML
	}
}

type boundaryXML struct{ PermissionsBoundaryType, PermissionsBoundaryArn string }

type accessKeysXML struct {
	XMLName     xml.Name       `xml:"ListAccessKeysResult"`
	Keys        []accessKeyXML `xml:"AccessKeyMetadata>member"`
	IsTruncated bool
}

type accessKeyXML struct {
	UserName    string
	AccessKeyID string `xml:"AccessKeyId"`
	Status      string
	CreateDate  string
}

type devicesXML struct {
	XMLName     xml.Name    `xml:"ListMFADevicesResult"`
	Devices     []deviceXML `xml:"MFADevices>member"`
	IsTruncated bool
}

type deviceXML struct{ UserName, SerialNumber, EnableDate string }

// SetKeyCreated sets when IAM says that a long-term key was made; when it was added, otherwise.
func (s *identities) SetKeyCreated(accessKeyID string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.keys[accessKeyID]; k != nil {
		k.created = at
	}
}

// SetTrustText makes IAM show another text as the trust policy of a role than it goes by.
func (s *identities) SetTrustText(roleARN, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.roles[roleARN]; r != nil {
		r.trustText = text
	}
}

// getRole is https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html. The caller holds mu.
func (r *role) getRole(arn string) roleXML {
	var out roleXML
	at := strings.LastIndexByte(r.Name, '/') + 1
	o := &out.Role
	o.Path, o.RoleName, o.Arn, o.RoleID = "/"+r.Name[:at], r.Name[at:], arn, uniqueID("AROA", arn)
	o.CreateDate = time.Unix(0, 0).UTC().Format(time.RFC3339)
	o.AssumeRolePolicyDocument = url.PathEscape(r.trustText)
	o.MaxSessionDuration = int(r.MaxSession / time.Second)
	if r.Boundary != "" {
		o.PermissionsBoundary = &boundaryXML{"PermissionsBoundaryPolicy", r.Boundary}
	}
	return out
}

// iamOfUser lists what a user has. Without UserName it is of the user whose key signs.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccessKeys.html
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListMFADevices.html
func (s *Server) iamOfUser(req *request, who *caller) (any, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	arn := who.userARN
	if name := req.params.Get("UserName"); name != "" {
		arn, _ = s.userByName(who.account, name)
	}
	if arn == "" {
		return nil, &refusal{http.StatusBadRequest, "ValidationError", "Must specify userName when calling with non-User credentials"}
	}
	if reason, ok := s.authorize(who, s.askOfUser(who, "iam:"+req.action, arn, s.users[arn])); !ok {
		return nil, &refusal{http.StatusForbidden, "AccessDenied", notAuthorized(who, "iam:"+req.action, arn, reason)}
	}
	name := arn[strings.LastIndexByte(arn, '/')+1:]
	if s.users[arn] == nil {
		return nil, noSuchEntity("The user with name " + name + " cannot be found.")
	}
	if req.action == "ListMFADevices" {
		out := devicesXML{}
		for serial, d := range s.devices {
			if d.owner == arn {
				out.Devices = append(out.Devices, deviceXML{name, serial, time.Unix(0, 0).UTC().Format(time.RFC3339)})
			}
		}
		slices.SortFunc(out.Devices, func(a, b deviceXML) int { return strings.Compare(a.SerialNumber, b.SerialNumber) })
		return out, nil
	}
	out := accessKeysXML{}
	for id, k := range s.keys {
		if k.userARN == arn {
			status := map[bool]string{true: "Inactive", false: "Active"}[k.disabled]
			out.Keys = append(out.Keys, accessKeyXML{name, id, status, k.created.UTC().Format(time.RFC3339)})
		}
	}
	slices.SortFunc(out.Keys, func(a, b accessKeyXML) int { return strings.Compare(a.AccessKeyID, b.AccessKeyID) })
	return out, nil
}

// text is the policy as somebody would have written it.
func (p *policyDocument) text() string {
	var statements []object
	for _, st := range p.Statement {
		o := object{"Effect": st.Effect, "Principal": map[string]oneOrMore[string](st.Principal), "Action": st.Action}
		if len(st.Condition) > 0 {
			o["Condition"] = st.Condition
		}
		statements = append(statements, o)
	}
	out, _ := json.Marshal(object{"Version": p.Version, "Statement": statements}) // strings always marshal
	return string(out)
}

// object is a JSON object on its way out.
type object map[string]any
