package awsapi

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/assumebot/assumebot/broker/enrol"
	"github.com/assumebot/assumebot/broker/rotation"
	"github.com/assumebot/assumebot/broker/secret"
)

// recoveryDays is how long a secret that was removed can be brought back: the least that AWS takes.
const recoveryDays = 7

// Secret implements [enrol.Secrets].
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html
func (p People) Secret(ctx context.Context, name string) (s enrol.Secret, err error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	out, err := p.client.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &name})
	if err = outcome("secretsmanager:DescribeSecret", err); RefusedAs(err, "ResourceNotFoundException") {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	s = enrol.Secret{Found: true, Deleted: out.DeletedDate != nil, Elsewhere: aws.ToBool(out.RotationEnabled)}
	s.Tagged = slices.ContainsFunc(out.Tags, func(t smtypes.Tag) bool {
		return aws.ToString(t.Key) == enrol.Tag && aws.ToString(t.Value) == enrol.TagValue
	})
	for id, stages := range out.VersionIdsToStages {
		if slices.Contains(stages, stageCurrent) {
			s.Current = id
		}
	}
	return s, nil
}

// CreateSecret implements [enrol.Secrets]. It has no value yet.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
func (p People) CreateSecret(ctx context.Context, name string) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	_, err := p.client.secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{
		Name: &name, Description: aws.String("The access key of one person, for assumebot alone."),
		Tags: []smtypes.Tag{{Key: aws.String(enrol.Tag), Value: aws.String(enrol.TagValue)}},
	})
	return outcome("secretsmanager:CreateSecret", err)
}

// RestoreSecret implements [enrol.Secrets].
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RestoreSecret.html
func (p People) RestoreSecret(ctx context.Context, name string) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	_, err := p.client.secrets.RestoreSecret(ctx, &secretsmanager.RestoreSecretInput{SecretId: &name})
	return outcome("secretsmanager:RestoreSecret", err)
}

// PutEmpty implements [enrol.Secrets].
func (p People) PutEmpty(ctx context.Context, name, version string) error {
	return p.put(ctx, name, version, "{}")
}

// PutKey implements [enrol.Secrets].
func (p People) PutKey(ctx context.Context, name string, key secret.Credentials) error {
	text, err := keyText(key)
	if err != nil {
		return err
	}
	return p.put(ctx, name, rotation.VersionOf(key.AccessKeyID), text)
}

// put makes a version current.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
func (p People) put(ctx context.Context, name, version, text string) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	_, err := p.client.secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &name, ClientRequestToken: &version, SecretString: &text})
	return outcome("secretsmanager:PutSecretValue", err)
}

// DeleteSecret implements [enrol.Secrets].
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html
func (p People) DeleteSecret(ctx context.Context, name string) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	_, err := p.client.secrets.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: &name, RecoveryWindowInDays: aws.Int64(recoveryDays)})
	return outcome("secretsmanager:DeleteSecret", err)
}
