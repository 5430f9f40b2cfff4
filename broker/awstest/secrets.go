package awstest

import (
	"net/http"
	"strings"
	"time"
)

type secret struct {
	suffix  string // AWS ends a secret's ARN in six random characters
	value   string
	version string
	created time.Time
}

type secretJSON struct {
	ARN           string
	CreatedDate   float64 // seconds since 1970
	Name          string
	SecretString  string
	VersionID     string `json:"VersionId"`
	VersionStages []string
}

// PutSecret stores a new current version of the account's secret. It is found in every region.
func (s *Server) PutSecret(account, name, value string) {
	key := account + "/" + name
	s.mu.Lock()
	defer s.mu.Unlock()
	suffix := s.secrets[key].suffix
	if suffix == "" {
		suffix = uniqueID("", key)[:6]
	}
	s.secrets[key] = secret{suffix: suffix, value: value, version: newRequestID(), created: s.now()}
}

// DeleteSecret removes a secret.
func (s *Server) DeleteSecret(account, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.secrets, account+"/"+name)
}

// secretsManager answers GetSecretValue:
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
func (s *Server) secretsManager(req *request, who *caller) (any, *refusal) {
	if req.action != "GetSecretValue" {
		return nil, &refusal{http.StatusBadRequest, "UnknownOperationException", ""}
	}
	id := req.params.Get("SecretId")
	if len(id) < 1 || len(id) > 2048 {
		return nil, &refusal{http.StatusBadRequest, "InvalidParameterException", "Invalid name. Must be a valid name containing 1 to 2048 characters."}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	prefix := "arn:aws:secretsmanager:" + req.auth.region + ":" + who.account + ":secret:"
	const action = "secretsmanager:GetSecretValue"
	if strings.HasPrefix(id, "arn:") && !strings.HasPrefix(id, prefix) {
		return nil, &refusal{http.StatusBadRequest, "AccessDeniedException",
			notAuthorized(who, action, id, " because no resource-based policy allows the "+action+" action")}
	}
	name := strings.TrimPrefix(id, prefix)
	sec, ok := s.secrets[who.account+"/"+name]
	if cut := len(name) - len("-123456"); !ok && name != id && cut > 0 { // a whole ARN
		sec, ok = s.secrets[who.account+"/"+name[:cut]]
		ok = ok && name[cut:] == "-"+sec.suffix
		name = name[:cut]
	}
	if reason, allowed := s.authorize(who, s.ask(who, action, prefix+name+"-"+sec.suffix)); !allowed {
		return nil, &refusal{http.StatusBadRequest, "AccessDeniedException", notAuthorized(who, action, id, reason)}
	}
	stage, version := req.params.Get("VersionStage"), req.params.Get("VersionId")
	if !ok || stage != "" && stage != "AWSCURRENT" || version != "" && version != sec.version {
		return nil, &refusal{http.StatusBadRequest, "ResourceNotFoundException", "Secrets Manager can't find the specified secret."}
	}
	return secretJSON{
		ARN: prefix + name + "-" + sec.suffix, CreatedDate: float64(sec.created.UnixMilli()) / 1000, Name: name,
		SecretString: sec.value, VersionID: sec.version, VersionStages: []string{"AWSCURRENT"},
	}, nil
}
