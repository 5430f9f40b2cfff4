package awstest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

const (
	serviceSTS     = "sts"
	serviceIAM     = "iam"
	serviceS3      = "s3"
	serviceSecrets = "secretsmanager"
	serviceKMS     = "kms"
)

// iamVersion is the API version by which IAM's query calls are told from those of STS.
const iamVersion = "2010-05-08"

// request is one call, told apart but not yet authenticated.
type request struct {
	http            *http.Request
	body            []byte
	id              string
	service, action string
	params          url.Values
	auth            authorization // zero when the header is missing or malformed
	authErr         string        // what is wrong with the header
	reply           http.Header   // what the answer has beside its service's own headers
}

// newRequest tells the service by X-Amz-Target (JSON), an Action parameter (query protocol) or
// neither (S3). What the signature was scoped to is compared with that later.
func newRequest(r *http.Request, body []byte) *request {
	req := &request{http: r, body: body, id: newRequestID(), params: r.URL.Query(), reply: http.Header{}}
	if r.URL.Path == federationPath {
		req.readSignin()
		return req
	}
	req.auth, req.authErr = parseAuthorization(r.Header)
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		var family string
		family, req.action, _ = strings.Cut(target, ".")
		req.service = serviceSecrets
		if family == "TrentService" {
			req.service = serviceKMS
		}
		req.params = jsonParams(body)
		return req
	}
	if media := r.Header.Get("Content-Type"); strings.HasPrefix(media, "application/x-www-form-urlencoded") {
		form, _ := url.ParseQuery(string(body)) // what does not parse is not there
		maps.Copy(req.params, form)
	}
	if action := req.params.Get("Action"); action != "" {
		req.action = action
		req.service = serviceSTS
		if req.params.Get("Version") == iamVersion {
			req.service = serviceIAM
		}
		return req
	}
	req.service = serviceS3
	req.action = req.s3Action()
	return req
}

func jsonParams(body []byte) url.Values {
	var members map[string]any
	if json.Unmarshal(body, &members) != nil {
		return url.Values{}
	}
	params := url.Values{}
	for k, v := range members {
		params.Set(k, fmt.Sprint(v))
	}
	return params
}

// dispatch authenticates the request and hands it to its service.
func (s *Server) dispatch(req *request) answer {
	if req.service == serviceSignin {
		return s.federation(req)
	}
	who, ref := s.authenticate(req)
	if ref != nil {
		return req.refuse(ref)
	}
	var result any
	switch req.service {
	case serviceSTS:
		result, ref = s.sts(req, who)
	case serviceIAM:
		result, ref = s.iam(req, who)
	case serviceSecrets:
		result, ref = s.secretsManager(req, who)
	case serviceKMS:
		result, ref = s.keyManagement(req, who)
	default:
		result, ref = s.s3(req, who)
	}
	if ref != nil {
		return req.refuse(ref)
	}
	return req.succeed(result)
}

// newRequestID is a version 4 UUID, the shape of AWS's request IDs outside S3.
func newRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
