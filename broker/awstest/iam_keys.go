package awstest

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// maxAccessKeys is how many access keys a user has at most, active or not:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const maxAccessKeys = 2

const keyIDPattern = `[\w]+`

type createdKeyXML struct {
	XMLName xml.Name `xml:"CreateAccessKeyResult"`
	Key     struct {
		UserName        string
		AccessKeyID     string `xml:"AccessKeyId"`
		Status          string
		SecretAccessKey string
		CreateDate      string
	} `xml:"AccessKey"`
}

type lastUsedXML struct {
	XMLName  xml.Name `xml:"GetAccessKeyLastUsedResult"`
	UserName string
	Used     struct {
		LastUsedDate string `xml:",omitempty"`
		ServiceName  string
		Region       string
	} `xml:"AccessKeyLastUsed"`
}

// SetNewKeysUnknown has AWS refuse the first n calls that each access key made from now on signs, as IAM does
// until what was made has reached every place:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html#troubleshoot_general_eventual-consistency
func (s *identities) SetNewKeysUnknown(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unknown = n
}

// KeyIDs are the access keys of a user, active ones and others.
func (s *identities) KeyIDs(userARN string) (active, inactive []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, k := range s.keys {
		switch {
		case k.userARN != userARN:
		case k.disabled:
			inactive = append(inactive, id)
		default:
			active = append(active, id)
		}
	}
	return active, inactive
}

// used notes that a long-term key has signed a call. It is false while AWS does not know the key yet.
func (s *identities) used(r *request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.keys[r.auth.keyID]
	if k == nil {
		return true
	}
	if k.unknown > 0 {
		k.unknown--
		return false
	}
	k.lastUsed, k.usedFor, k.usedIn = s.now(), r.service, r.auth.region
	return true
}

// userByName finds a user by the last part of its name; IAM's user names are unique without their path, and "not
// distinguished by case": https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html
func (s *identities) userByName(account, name string) (string, *user) {
	for arn, u := range s.users {
		if u.Account == account && strings.EqualFold(lastPart(u.Name), name) {
			return arn, u
		}
	}
	return UserARN(account, name), nil
}

func lastPart(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// iamKeys makes and changes access keys:
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccessKey.html
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccessKey.html
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html
// Each counts from the next call on; at AWS that may take a while.
func (s *Server) iamKeys(req *request, who *caller) (any, *refusal) {
	c := checker{params: req.params}
	userName := c.optional("UserName", "userName", 1, 128, iamNamePattern)
	keyID := ""
	if req.action != "CreateAccessKey" {
		keyID = c.text("AccessKeyId", "accessKeyId", 16, 128, keyIDPattern)
	}
	if ref := c.refusal(); ref != nil {
		return nil, ref
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	arn, u := who.userARN, s.users[who.userARN]
	k := s.keys[keyID]
	switch {
	case req.action == "GetAccessKeyLastUsed" && k != nil: // it names the user
		arn, u = k.userARN, s.users[k.userARN]
	case userName != "":
		arn, u = s.userByName(who.account, userName)
	case arn == "":
		return nil, &refusal{http.StatusBadRequest, "ValidationError", "Must specify userName when calling with non-User credentials"}
	}
	if reason, ok := s.authorize(who, s.askOfUser(who, "iam:"+req.action, arn, u)); !ok {
		return nil, &refusal{http.StatusForbidden, "AccessDenied", notAuthorized(who, "iam:"+req.action, arn, reason)}
	}
	switch {
	case u == nil:
		return nil, noSuchEntity("The user with name " + lastPart(arn) + " cannot be found.")
	case req.action == "CreateAccessKey":
		return s.createKey(arn, u)
	case k == nil || k.userARN != arn || u.Account != who.account:
		return nil, noSuchEntity("The Access Key with id " + keyID + " cannot be found.")
	}
	switch req.action {
	case "GetAccessKeyLastUsed":
		return k.lastUse(lastPart(u.Name)), nil
	case "DeleteAccessKey":
		delete(s.keys, keyID)
		return nil, nil
	}
	switch status := req.params.Get("Status"); status {
	case "Active", "Inactive":
		k.disabled = status == "Inactive"
		return nil, nil
	default:
		c.fail(status, "status", "Member must satisfy enum value set: [Active, Inactive]")
		return nil, c.refusal()
	}
}

// askOfUser is what policies are asked about an action on a user.
func (s *identities) askOfUser(who *caller, action, arn string, u *user) asked {
	a := s.ask(who, action, arn)
	if u != nil {
		for name, value := range u.tags {
			a.facts["aws:resourcetag/"+strings.ToLower(name)] = value
			a.facts["iam:resourcetag/"+strings.ToLower(name)] = value
		}
	}
	return a
}

// createKey gives the user another key. The caller holds mu.
func (s *identities) createKey(arn string, u *user) (any, *refusal) {
	owned := 0
	for _, k := range s.keys {
		if k.userARN == arn {
			owned++
		}
	}
	if owned >= maxAccessKeys {
		return nil, &refusal{http.StatusConflict, "LimitExceeded", fmt.Sprintf("Cannot exceed quota for AccessKeysPerUser: %d", maxAccessKeys)}
	}
	var raw [30]byte
	_, _ = rand.Read(raw[:]) // never fails: crypto/rand
	id := "AKIA" + base32.StdEncoding.EncodeToString(raw[:10])
	_, _ = rand.Read(raw[:])
	k := &accessKey{userARN: arn, secret: base64.StdEncoding.EncodeToString(raw[:]), created: s.now(), unknown: s.unknown}
	s.keys[id] = k
	var out createdKeyXML
	o := &out.Key
	o.UserName, o.AccessKeyID, o.Status, o.SecretAccessKey = lastPart(u.Name), id, "Active", k.secret
	o.CreateDate = k.created.UTC().Format(time.RFC3339)
	return out, nil
}

// lastUse has no date of a key that was never used, and N/A for the rest.
func (k *accessKey) lastUse(name string) lastUsedXML {
	out := lastUsedXML{UserName: name}
	out.Used.ServiceName, out.Used.Region = "N/A", "N/A"
	if !k.lastUsed.IsZero() {
		out.Used.LastUsedDate = k.lastUsed.UTC().Format(time.RFC3339)
		out.Used.ServiceName, out.Used.Region = k.usedFor, k.usedIn
	}
	return out
}
