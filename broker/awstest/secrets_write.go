package awstest

import "slices"

// What Secrets Manager takes as the ID of a version, and as a value:
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
const (
	minVersionID   = 32
	maxVersionID   = 64
	maxSecretValue = 65_536
)

type versionJSON struct {
	ARN           string
	Name          string
	VersionID     string   `json:"VersionId"`
	VersionStages []string `json:",omitempty"`
}

// putSecretValue adds a version; one of the same ID and value is added once. Without labels it is the current one.
func (s *Server) putSecretValue(c secretCall) (any, *refusal) {
	id, value := c.in.ClientRequestToken, c.in.SecretString
	switch {
	case len(id) < minVersionID || len(id) > maxVersionID:
		return nil, invalidSecret("InvalidParameterException", "ClientRequestToken must be 32-64 characters long.")
	case value == nil:
		return nil, invalidSecret("InvalidRequestException", "You must provide either SecretString or SecretBinary.")
	case len(*value) < 1 || len(*value) > maxSecretValue:
		return nil, invalidSecret("InvalidParameterException", "SecretString must be 1-65536 characters long.")
	}
	stages := c.in.VersionStages
	if len(stages) == 0 {
		stages = []string{stageCurrent}
	}
	switch v := c.version(id, ""); {
	case v == nil:
		c.add(id, *value, s.now(), stages...)
	case v.value != *value:
		return nil, invalidSecret("ResourceExistsException",
			"You can't modify a secret version. You can only create new versions to store new secret values.")
	}
	return versionJSON{c.arn, c.name, id, c.version(id, "").stages}, nil
}

// updateSecretVersionStage moves a label, which must be taken off the version that has it:
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
func (s *Server) updateSecretVersionStage(c secretCall) (any, *refusal) {
	stage, from, to := c.in.VersionStage, c.in.RemoveFromVersionID, c.in.MoveToVersionID
	if stage == "" || from == "" && to == "" {
		return nil, invalidSecret("InvalidParameterException", "You must provide a staging label and a version.")
	}
	if stage == stageCurrent && to == "" {
		return nil, invalidSecret("InvalidParameterException",
			"You can't remove the staging label AWSCURRENT from a version; you can only move it to another one.")
	}
	on := c.version("", stage)
	for _, id := range []string{from, to} {
		if id != "" && c.version(id, "") == nil {
			return nil, invalidSecret("ResourceNotFoundException", "Secrets Manager can't find the specified secret version.")
		}
	}
	target := c.version(to, "")
	if on != nil && (to == "" || on != target) && on.id != from || from != "" && !slices.Contains(c.version(from, "").stages, stage) {
		return nil, invalidSecret("InvalidParameterException", "The parameter RemoveFromVersionId can't be empty. Staging label "+stage+
			" is currently attached to another version, so you must explicitly reference that version in RemoveFromVersionId.")
	}
	if to == "" {
		on.unlabel(stage)
	} else {
		c.label(target, stage)
	}
	return versionJSON{ARN: c.arn, Name: c.name}, nil
}
