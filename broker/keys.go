package broker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"
)

// secretLife is how long a key read from Secrets Manager is kept in memory. A
// key that AWS no longer knows is forgotten at once.
const secretLife = 5 * time.Minute

type cachedSecret struct {
	credentials aws.Credentials
	until       time.Time
}

// key returns the User's long-term key. Where MFA or GetSessionToken is in the
// plan it must be one: temporary credentials own no MFA device.
func (a *AWS) key(ctx context.Context, u User, p Plan) (aws.Credentials, error) {
	ctx, cancel := context.WithTimeout(ctx, awsTimeout)
	defer cancel()
	credentials, err := a.readKey(ctx, u.Key)
	if err != nil {
		return aws.Credentials{}, &Error{
			Code: CodeKeyUnreadable, Err: fmt.Errorf("%s: %s", u.Key, keyFailure(err)),
			Message: "The bot cannot read your long-term access key.",
			Hint:    "Your code was not used. Pass the reference to whoever runs the bot.",
		}
	}
	// A profile without a key of its own would fall through to the bot's own
	// role, and sign in another's name.
	if credentials.SessionToken != "" && (p.MFA || p.Method == MethodGetSessionToken || !u.Key.Default) {
		return aws.Credentials{}, &Error{
			Code: CodeKeyNotLongTerm, Err: fmt.Errorf("%s holds temporary credentials", u.Key),
			Message: "What the bot has for you is not an IAM user's long-term key, and AWS takes MFA codes only with one.",
			Hint:    "Your code was not used. Pass the reference to whoever runs the bot.",
		}
	}
	return credentials, nil
}

// keyFailure says why a key could not be read, without upstream's words: those
// of a credential_process quote what the process printed, keys included.
func keyFailure(err error) string {
	var (
		ours  *keyProblem
		place *endpointError
		api   smithy.APIError
		where *config.SharedConfigProfileNotExistError
	)
	switch {
	case errors.As(err, &ours):
		return ours.text
	case errors.As(err, &place):
		return place.text
	case errors.As(err, &api):
		return "AWS answered " + api.ErrorCode()
	case errors.As(err, &where):
		return "there is no such profile"
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	}
	return fmt.Sprintf("the SDK could not read it (%T); look at it with aws sts get-caller-identity", err)
}

// A keyProblem is a reason in words of ours.
type keyProblem struct{ text string }

func (k *keyProblem) Error() string { return k.text }

func (a *AWS) readKey(ctx context.Context, k KeySource) (aws.Credentials, error) {
	switch {
	case k.Env != "":
		return a.environmentKey(k.Env)
	case k.Secret != "":
		return a.secretKey(ctx, k.Secret)
	case k.Profile != "":
		// Read anew each time, so that a rotated key counts at once.
		cfg, err := loadConfig(ctx, a.foreign, config.WithRegion(a.config.Region), config.WithSharedConfigProfile(k.Profile))
		if err != nil {
			return aws.Credentials{}, err
		}
		return cfg.Credentials.Retrieve(ctx)
	case k.Default:
		return a.config.Credentials.Retrieve(ctx)
	}
	return aws.Credentials{}, &keyProblem{"no source of credentials"}
}

func (a *AWS) environmentKey(prefix string) (aws.Credentials, error) {
	id, secret := prefix+"_AWS_ACCESS_KEY_ID", prefix+"_AWS_SECRET_ACCESS_KEY"
	c := aws.Credentials{
		AccessKeyID:     strings.TrimSpace(a.getenv(id)),
		SecretAccessKey: strings.TrimSpace(a.getenv(secret)),
		Source:          "environment",
	}
	if c.AccessKeyID == "" || c.SecretAccessKey == "" {
		return aws.Credentials{}, &keyProblem{"set both " + id + " and " + secret}
	}
	return c, nil
}

// secretKey reads {"access_key_id","secret_access_key"} from Secrets Manager.
// Two Requests at once may both read it; neither waits for the other.
func (a *AWS) secretKey(ctx context.Context, name string) (aws.Credentials, error) {
	a.mu.Lock()
	kept, ok := a.cached[name]
	a.mu.Unlock()
	if ok && a.now().Before(kept.until) {
		return kept.credentials, nil
	}
	out, err := a.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &name})
	if err != nil {
		return aws.Credentials{}, err
	}
	var doc struct {
		ID     string `json:"access_key_id"`
		Secret string `json:"secret_access_key"`
	}
	// The decoder's error may quote the text, which is the secret.
	if json.Unmarshal([]byte(aws.ToString(out.SecretString)), &doc) != nil || doc.ID == "" || doc.Secret == "" {
		return aws.Credentials{}, &keyProblem{`not a JSON object with "access_key_id" and "secret_access_key"`}
	}
	c := aws.Credentials{AccessKeyID: doc.ID, SecretAccessKey: doc.Secret, Source: "secretsmanager"}
	a.mu.Lock()
	a.cached[name] = cachedSecret{credentials: c, until: a.now().Add(secretLife)}
	a.mu.Unlock()
	return c, nil
}

// forgetKey makes the next Request read the key again.
func (a *AWS) forgetKey(k KeySource) {
	if cache, ok := a.config.Credentials.(*aws.CredentialsCache); ok && k.Default {
		cache.Invalidate()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.cached, k.Secret)
}
