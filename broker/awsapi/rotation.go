package awsapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/rotation"
	"github.com/assumebot/assumebot/broker/secret"
)

// rotationCall bounds one call, retries included.
const rotationCall = 15 * time.Second

// The labels of versions of a secret.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html#term_version
const (
	stageCurrent  = "AWSCURRENT"
	stagePending  = "AWSPENDING"
	stagePrevious = "AWSPREVIOUS"
)

// A Rotator replaces the keys of Users, by the bot's own identity. It is safe for concurrent use.
type Rotator struct {
	client  *Client
	inspect Inspector
	iam     *iam.Client

	mu  sync.Mutex
	own string // the AWS account of that identity
}

var (
	_ rotation.Keys    = (*Rotator)(nil)
	_ rotation.Secrets = (*Rotator)(nil)
	_ rotation.Owners  = (*Rotator)(nil)
)

// NewRotator asks nobody yet.
func NewRotator(c *Client) *Rotator {
	return &Rotator{client: c, inspect: NewInspector(c), iam: iam.NewFromConfig(c.config)}
}

// Owner implements [rotation.Owners].
func (r *Rotator) Owner(ctx context.Context, key secret.Credentials) (rotation.Owner, error) {
	ctx, cancel := context.WithTimeout(ctx, rotationCall)
	defer cancel()
	who, err := r.inspect.WhoIs(ctx, key)
	if err != nil {
		return rotation.Owner{}, err
	}
	o := rotation.Owner{ARN: who.ARN, Account: who.Account}
	if parts := strings.SplitN(who.ARN, ":", 6); len(parts) == 6 && parts[2] == "iam" && strings.HasPrefix(parts[5], "user/") {
		o.Name = who.ARN[strings.LastIndexByte(who.ARN, '/')+1:]
	}
	return o, nil
}

// Own implements [rotation.Owners]. It asks once.
func (r *Rotator) Own(ctx context.Context) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.own != "" {
		return r.own, nil
	}
	key, err := r.inspect.OwnKey(ctx)
	if err != nil {
		return "", fmt.Errorf("the bot's own identity: %w", err)
	}
	who, err := r.Owner(ctx, key)
	r.own = who.Account
	return r.own, err
}

// notDone is why a call failed. One that AWS could not serve has no code: it may have been done.
func notDone(what string, err error) error {
	if statusOf(err) >= http.StatusInternalServerError {
		return noAnswer(what, err)
	}
	return refusal(what, err)
}

// Keys implements [rotation.Keys].
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccessKeys.html
func (r *Rotator) Keys(ctx context.Context, user string) ([]rotation.Key, error) {
	ctx, cancel := context.WithTimeout(ctx, rotationCall)
	defer cancel()
	out, err := r.iam.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: &user}) // a user has two at most
	if err != nil {
		return nil, notDone("iam:ListAccessKeys", err)
	}
	var all []rotation.Key
	for _, k := range out.AccessKeyMetadata {
		all = append(all, rotation.Key{ID: aws.ToString(k.AccessKeyId), Active: k.Status == types.StatusTypeActive, Created: aws.ToTime(k.CreateDate)})
	}
	return all, nil
}

// CreateKey implements [rotation.Keys]. The SDK does not ask again: each answer that is lost would leave a key.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html
func (r *Rotator) CreateKey(ctx context.Context, user string) (secret.Credentials, error) {
	ctx, cancel := context.WithTimeout(ctx, rotationCall)
	defer cancel()
	out, err := r.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &user}, func(o *iam.Options) { o.Retryer = aws.NopRetryer{} })
	if err != nil {
		return secret.Credentials{}, notDone("iam:CreateAccessKey", err)
	}
	if out.AccessKey == nil || aws.ToString(out.AccessKey.AccessKeyId) == "" || aws.ToString(out.AccessKey.SecretAccessKey) == "" {
		return secret.Credentials{}, errors.New("iam:CreateAccessKey: the answer has no key")
	}
	return secret.Credentials{AccessKeyID: *out.AccessKey.AccessKeyId, SecretAccessKey: secret.New(*out.AccessKey.SecretAccessKey)}, nil
}

// DeactivateKey implements [rotation.Keys].
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccessKey.html
func (r *Rotator) DeactivateKey(ctx context.Context, user, id string) error {
	ctx, cancel := context.WithTimeout(ctx, rotationCall)
	defer cancel()
	if _, err := r.iam.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: &user, AccessKeyId: &id, Status: types.StatusTypeInactive}); err != nil {
		return notDone("iam:UpdateAccessKey", err)
	}
	return nil
}

// DeleteKey implements [rotation.Keys].
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccessKey.html
func (r *Rotator) DeleteKey(ctx context.Context, user, id string) error {
	ctx, cancel := context.WithTimeout(ctx, rotationCall)
	defer cancel()
	if _, err := r.iam.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: &user, AccessKeyId: &id}); err != nil {
		return notDone("iam:DeleteAccessKey", err)
	}
	return nil
}

// KeyLastUsed implements [rotation.Keys].
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html
func (r *Rotator) KeyLastUsed(ctx context.Context, id string) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, rotationCall)
	defer cancel()
	out, err := r.iam.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: &id})
	if err != nil {
		return time.Time{}, notDone("iam:GetAccessKeyLastUsed", err)
	}
	if out.AccessKeyLastUsed == nil {
		return time.Time{}, nil
	}
	return aws.ToTime(out.AccessKeyLastUsed.LastUsedDate), nil
}

// Stored implements [rotation.Secrets].
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html
func (r *Rotator) Stored(ctx context.Context, name string) (rotation.Stored, error) {
	ctx, cancel := context.WithTimeout(ctx, rotationCall)
	defer cancel()
	out, err := r.client.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &name})
	if err != nil {
		return rotation.Stored{}, notDone("secretsmanager:DescribeSecret", err)
	}
	found := rotation.Stored{Elsewhere: aws.ToBool(out.RotationEnabled)}
	for stage, to := range map[string]*rotation.Version{
		stageCurrent: &found.Current, stagePending: &found.Pending, stagePrevious: &found.Previous,
	} {
		for id, stages := range out.VersionIdsToStages {
			if !slices.Contains(stages, stage) {
				continue
			}
			if *to, err = r.version(ctx, name, id); err != nil {
				return rotation.Stored{}, err
			}
		}
	}
	return found, nil
}

// version reads one. What holds no access key has no Key.
func (r *Rotator) version(ctx context.Context, name, id string) (rotation.Version, error) {
	v := rotation.Version{ID: id}
	out, err := r.client.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &name, VersionId: &id})
	if err != nil {
		return v, notDone("secretsmanager:GetSecretValue", err)
	}
	if key, err := keyOf(out); err == nil {
		v.Key = secret.Credentials{AccessKeyID: key.AccessKeyID, SecretAccessKey: secret.New(key.SecretAccessKey)}
	}
	return v, nil
}

// StorePending implements [rotation.Secrets]. The other fields of the current version are kept.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
func (r *Rotator) StorePending(ctx context.Context, name, version string, key secret.Credentials) error {
	ctx, cancel := context.WithTimeout(ctx, rotationCall)
	defer cancel()
	now, err := r.client.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &name})
	if err != nil {
		return notDone("secretsmanager:GetSecretValue", err)
	}
	text, err := keyBeside(aws.ToString(now.SecretString), key)
	if err != nil {
		return err
	}
	_, err = r.client.secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId: &name, ClientRequestToken: &version, SecretString: &text, VersionStages: []string{stagePending},
	})
	if err != nil {
		return notDone("secretsmanager:PutSecretValue", err)
	}
	return nil
}

// keyBeside is a key as it stands in a secret, beside what else the current version holds.
func keyBeside(current string, key secret.Credentials) (string, error) {
	fields := map[string]json.RawMessage{}
	if json.Unmarshal([]byte(current), &fields) != nil || fields == nil { // the decoder's error may quote the text
		return "", &keyProblem{"the secret holds no JSON object, so its other fields cannot be kept"}
	}
	for name, value := range map[string]string{"access_key_id": key.AccessKeyID, "secret_access_key": key.SecretAccessKey.Reveal()} {
		// Go's decoder takes a name in any case, and the last one of a kind.
		maps.DeleteFunc(fields, func(has string, _ json.RawMessage) bool { return strings.EqualFold(has, name) })
		quoted, err := json.Marshal(value)
		if err != nil {
			return "", err
		}
		fields[name] = quoted
	}
	text, err := json.Marshal(fields)
	return string(text), err
}

// keyText is a key as it stands in a secret of its own.
func keyText(key secret.Credentials) (string, error) {
	text, err := json.Marshal(map[string]string{"access_key_id": key.AccessKeyID, "secret_access_key": key.SecretAccessKey.Reveal()})
	return string(text), err
}

// Switch implements [rotation.Secrets]. This process reads the secret anew at once, others within secretLife.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
func (r *Rotator) Switch(ctx context.Context, name, from, to string) error {
	err := r.relabel(ctx, &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: &name, VersionStage: aws.String(stageCurrent), RemoveFromVersionId: &from, MoveToVersionId: &to,
	})
	if err == nil {
		r.client.forgetKey(policy.KeySource{Secret: name})
	}
	return err
}

// DropPending implements [rotation.Secrets].
func (r *Rotator) DropPending(ctx context.Context, name, version string) error {
	return r.relabel(ctx, &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: &name, VersionStage: aws.String(stagePending), RemoveFromVersionId: &version,
	})
}

func (r *Rotator) relabel(ctx context.Context, in *secretsmanager.UpdateSecretVersionStageInput) error {
	ctx, cancel := context.WithTimeout(ctx, rotationCall)
	defer cancel()
	if _, err := r.client.secrets.UpdateSecretVersionStage(ctx, in); err != nil {
		return notDone("secretsmanager:UpdateSecretVersionStage", err)
	}
	return nil
}
