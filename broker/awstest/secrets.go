package awstest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The labels of the versions of a secret:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html#term_version
const (
	stageCurrent  = "AWSCURRENT"
	stagePrevious = "AWSPREVIOUS"
)

type secret struct {
	suffix   string // AWS ends a secret's ARN in six random characters
	tags     []tagJSON
	created  time.Time
	versions []*secretVersion
	rotated  bool      // Secrets Manager rotates it by a function of somebody
	deleted  time.Time // from when on it can be read no more; zero: it is not deleted
}

type secretVersion struct {
	id, value string
	created   time.Time
	stages    []string
}

type secretJSON struct {
	ARN           string
	CreatedDate   float64 // seconds since 1970
	Name          string
	SecretString  string
	VersionID     string `json:"VersionId"`
	VersionStages []string
}

type tagJSON struct{ Key, Value string }

type describedJSON struct {
	ARN                string
	CreatedDate        float64
	Name               string
	RotationEnabled    bool                `json:",omitempty"`
	DeletedDate        float64             `json:",omitempty"`
	Tags               []tagJSON           `json:",omitempty"`
	VersionIDsToStages map[string][]string `json:"VersionIdsToStages"`
}

// version finds one by its ID, or by a label; "" is any.
func (s *secret) version(id, stage string) *secretVersion {
	for _, v := range s.versions {
		if (id == "" || v.id == id) && (stage == "" || slices.Contains(v.stages, stage)) {
			return v
		}
	}
	return nil
}

// label puts a label on v. AWSPREVIOUS goes to the version from which AWSCURRENT was taken.
func (s *secret) label(v *secretVersion, stage string) {
	from := s.version("", stage)
	if from == v {
		return
	}
	if from != nil {
		from.unlabel(stage)
		if stage == stageCurrent {
			s.label(from, stagePrevious)
		}
	}
	v.stages = append(v.stages, stage)
}

func (v *secretVersion) unlabel(stage string) {
	v.stages = slices.DeleteFunc(v.stages, func(has string) bool { return has == stage })
}

func (s *secret) add(id, value string, at time.Time, stages ...string) {
	v := &secretVersion{id: id, value: value, created: at}
	s.versions = append(s.versions, v)
	for _, stage := range stages {
		s.label(v, stage)
	}
}

// PutSecret stores a new current version of the account's secret. It is found in every region.
func (s *Server) PutSecret(account, name, value string) {
	key := account + "/" + name
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.secrets[key] == nil {
		s.secrets[key] = &secret{suffix: uniqueID("", key)[:6], created: s.now()}
	}
	s.secrets[key].add(newRequestID(), value, s.now(), stageCurrent)
}

// AddEmptySecret adds a secret that somebody made with a tag, and has not given a value.
func (s *Server) AddEmptySecret(account, name, tag, value string) {
	key := account + "/" + name
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets[key] = &secret{suffix: uniqueID("", key)[:6], created: s.now(), tags: []tagJSON{{tag, value}}}
}

// DeleteSecret removes a secret.
func (s *Server) DeleteSecret(account, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.secrets, account+"/"+name)
}

// SecretNow is what a label of a secret stands on, "" for nothing.
func (s *Server) SecretNow(account, name, stage string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sec := s.secrets[account+"/"+name]; sec != nil {
		if v := sec.version("", stage); v != nil {
			return v.value
		}
	}
	return ""
}

// SetRotatedByLambda has Secrets Manager say that it rotates the secret by itself.
func (s *Server) SetRotatedByLambda(account, name string, on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sec := s.secrets[account+"/"+name]; sec != nil {
		sec.rotated = on
	}
}

func invalidSecret(code, message string) *refusal {
	return &refusal{http.StatusBadRequest, code, message}
}

// secretsManager answers what is known of each action:
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html
func (s *Server) secretsManager(req *request, who *caller) (any, *refusal) {
	do := map[string]func(*Server, secretCall) (any, *refusal){
		"GetSecretValue":           (*Server).getSecretValue,
		"DescribeSecret":           (*Server).describeSecret,
		"PutSecretValue":           (*Server).putSecretValue,
		"UpdateSecretVersionStage": (*Server).updateSecretVersionStage,
		"DeleteSecret":             (*Server).deleteSecret,
		"RestoreSecret":            (*Server).restoreSecret,
	}[req.action]
	if do == nil && req.action != "CreateSecret" {
		return nil, invalidSecret("UnknownOperationException", "")
	}
	var in secretInput
	if json.Unmarshal(req.body, &in) != nil {
		return nil, invalidSecret("SerializationException", "")
	}
	if do == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.createSecret(req, who, in)
	}
	if len(in.SecretID) < 1 || len(in.SecretID) > 2048 {
		return nil, invalidSecret("InvalidParameterException", "Invalid name. Must be a valid name containing 1 to 2048 characters.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	call, ref := s.secretCall(req, who, in)
	if ref != nil {
		return nil, ref
	}
	return do(s, call)
}

// secretInput is what the actions take.
type secretInput struct {
	SecretID            string `json:"SecretId"`
	VersionStage        string
	VersionID           string `json:"VersionId"`
	ClientRequestToken  string
	SecretString        *string
	VersionStages       []string
	MoveToVersionID     string `json:"MoveToVersionId"`
	RemoveFromVersionID string `json:"RemoveFromVersionId"`

	Name                 string // of one that is made
	Tags                 []tagJSON
	RecoveryWindowInDays *int
}

// secretCall is a call about a secret that is there, by somebody who may.
type secretCall struct {
	in        secretInput
	arn, name string
	*secret
}

// secretCall finds the secret and asks policies. The caller holds mu.
func (s *Server) secretCall(req *request, who *caller, in secretInput) (secretCall, *refusal) {
	prefix := "arn:aws:secretsmanager:" + req.auth.region + ":" + who.account + ":secret:"
	action, id := "secretsmanager:"+req.action, in.SecretID
	if strings.HasPrefix(id, "arn:") && !strings.HasPrefix(id, prefix) {
		return secretCall{}, invalidSecret("AccessDeniedException",
			notAuthorized(who, action, id, " because no resource-based policy allows the "+action+" action"))
	}
	name := strings.TrimPrefix(id, prefix)
	sec := s.secrets[who.account+"/"+name]
	if cut := len(name) - len("-123456"); sec == nil && name != id && cut > 0 { // a whole ARN
		sec = s.secrets[who.account+"/"+name[:cut]]
		if sec != nil && name[cut:] != "-"+sec.suffix {
			sec = nil
		}
		name = name[:cut]
	}
	suffix := ""
	if sec != nil {
		suffix = sec.suffix
	}
	arn := prefix + name + "-" + suffix
	if reason, allowed := s.authorize(who, s.ask(who, action, arn)); !allowed {
		return secretCall{}, invalidSecret("AccessDeniedException", notAuthorized(who, action, id, reason))
	}
	if sec == nil {
		return secretCall{}, invalidSecret("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
	}
	if !sec.deleted.IsZero() && !onceDeleted(req.action) {
		return secretCall{}, invalidSecret("InvalidRequestException",
			"You can't perform this operation on the secret because it was marked for deletion.")
	}
	return secretCall{in, arn, name, sec}, nil
}

// getSecretValue is https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
func (s *Server) getSecretValue(c secretCall) (any, *refusal) {
	stage := c.in.VersionStage
	if stage == "" && c.in.VersionID == "" {
		stage = stageCurrent
	}
	v := c.version(c.in.VersionID, stage)
	if v == nil {
		return nil, invalidSecret("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for staging label: "+stage)
	}
	return secretJSON{
		ARN: c.arn, CreatedDate: seconds(v.created), Name: c.name,
		SecretString: v.value, VersionID: v.id, VersionStages: v.stages,
	}, nil
}

// describeSecret is https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html
func (s *Server) describeSecret(c secretCall) (any, *refusal) {
	out := describedJSON{
		ARN: c.arn, CreatedDate: seconds(c.created), Name: c.name,
		RotationEnabled: c.rotated, Tags: c.tags, VersionIDsToStages: map[string][]string{},
	}
	if !c.deleted.IsZero() {
		out.DeletedDate = seconds(c.deleted)
	}
	for _, v := range c.versions {
		if len(v.stages) > 0 {
			out.VersionIDsToStages[v.id] = v.stages
		}
	}
	return out, nil
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
