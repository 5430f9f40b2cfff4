package awstest

import (
	"regexp"
	"time"
)

// Secrets that are made, removed and brought back:
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RestoreSecret.html

var secretName = regexp.MustCompile(`^[A-Za-z0-9/_+=.@-]{1,512}$`)

// The recovery window, in days; without one it is the longest.
const minRecovery, maxRecovery = 7, 30

type deletedJSON struct {
	ARN          string
	Name         string
	DeletionDate float64 `json:",omitempty"`
}

// createSecret needs no value. The caller holds mu.
func (s *Server) createSecret(req *request, who *caller, in secretInput) (any, *refusal) {
	if !secretName.MatchString(in.Name) {
		return nil, invalidSecret("ValidationException",
			"Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!")
	}
	key := who.account + "/" + in.Name
	suffix := uniqueID("", key)[:6]
	arn := "arn:aws:secretsmanager:" + req.auth.region + ":" + who.account + ":secret:" + in.Name + "-" + suffix
	actions := []string{"secretsmanager:CreateSecret"}
	if len(in.Tags) > 0 {
		actions = append(actions, "secretsmanager:TagResource") // whoever makes it with tags needs both
	}
	tags := map[string]string{}
	for _, tag := range in.Tags {
		tags[tag.Key] = tag.Value
	}
	for _, action := range actions {
		if reason, ok := s.authorize(who, s.ask(who, action, arn).withTags(tags)); !ok {
			return nil, invalidSecret("AccessDeniedException", notAuthorized(who, action, in.Name, reason))
		}
	}
	switch sec := s.secrets[key]; {
	case sec != nil && !sec.deleted.IsZero():
		return nil, invalidSecret("InvalidRequestException",
			"You can't create this secret because a secret with this name is already scheduled for deletion.")
	case sec != nil:
		return nil, invalidSecret("ResourceExistsException", "The operation failed because the secret "+in.Name+" already exists.")
	}
	sec := &secret{suffix: suffix, created: s.now(), tags: in.Tags}
	out := versionJSON{ARN: arn, Name: in.Name}
	if in.SecretString != nil {
		call := secretCall{in: in, arn: arn, name: in.Name, secret: sec}
		if _, ref := s.putSecretValue(call); ref != nil {
			return nil, ref
		}
		out.VersionID = in.ClientRequestToken
	}
	s.secrets[key] = sec
	return out, nil
}

func (s *Server) deleteSecret(c secretCall) (any, *refusal) {
	days := maxRecovery
	if c.in.RecoveryWindowInDays != nil {
		days = *c.in.RecoveryWindowInDays
	}
	if days < minRecovery || days > maxRecovery {
		return nil, invalidSecret("InvalidParameterException", "RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")
	}
	c.deleted = s.now().Add(time.Duration(days) * 24 * time.Hour)
	return deletedJSON{c.arn, c.name, seconds(c.deleted)}, nil
}

func (s *Server) restoreSecret(c secretCall) (any, *refusal) {
	c.deleted = time.Time{}
	return deletedJSON{ARN: c.arn, Name: c.name}, nil
}

// SecretDeleted reports whether the secret is scheduled for deletion.
func (s *Server) SecretDeleted(account, name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	sec := s.secrets[account+"/"+name]
	return sec != nil && !sec.deleted.IsZero()
}

// onceDeleted are the actions that a secret takes which is scheduled for deletion.
func onceDeleted(action string) bool {
	return action == "DescribeSecret" || action == "RestoreSecret"
}
