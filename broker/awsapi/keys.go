package awsapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/patience"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/text"
)

// secretLife is how long a key read from Secrets Manager is kept in memory. A
// key that AWS no longer knows is forgotten at once.
const secretLife = 5 * time.Minute

type cachedSecret struct {
	credentials aws.Credentials
	until       time.Time
}

// LongTermKey implements [broker.LongTermKeys].
func (c *Client) LongTermKey(ctx context.Context, u policy.User, p broker.Plan) (secret.Credentials, error) {
	ctx, cancel := patience.ForAWS(ctx)
	defer cancel()
	ctx, sent := withSending(ctx)
	key, err := c.readKey(ctx, u, sent)
	if err == nil {
		key, err = checkKey(key)
	}
	if rests := (*broker.Error)(nil); errors.As(err, &rests) {
		rests.Use = broker.UseUnused
		return secret.Credentials{}, rests
	}
	if err != nil {
		return secret.Credentials{}, noKey(broker.CodeKeyUnreadable, "The bot cannot read your long-term access key.",
			fmt.Errorf("%s: %s", u.Key, keyFailure(u.Key, err, sent)))
	}
	// A profile without a key of its own would fall through to the bot's own
	// role, and sign in another's name.
	if key.SessionToken != "" && (p.MFA || p.Method == broker.MethodGetSessionToken || !u.Key.Default) {
		return secret.Credentials{}, noKey(broker.CodeKeyNotLongTerm, "The key that the bot has for you is not an IAM user's long-term key. "+
			"AWS accepts MFA codes only with a long-term key.", fmt.Errorf("%s holds temporary credentials", u.Key))
	}
	return secret.Credentials{
		AccessKeyID: key.AccessKeyID, SecretAccessKey: secret.New(key.SecretAccessKey), SessionToken: secret.New(key.SessionToken),
	}, nil
}

// noKey is told before a code is sent.
func noKey(code broker.Code, what string, err error) *broker.Error {
	e := failed(code, what, broker.AskOperator, err)
	e.Use = broker.UseUnused
	return e
}

// keyFailure says why a key could not be read, without upstream's words: those
// of a credential_process quote what the process printed, keys included.
func keyFailure(k policy.KeySource, err error, s *sending) string {
	var (
		ours    *keyProblem
		place   *endpointError
		api     smithy.APIError
		profile config.SharedConfigProfileNotExistError
		file    config.SharedConfigLoadError
	)
	switch {
	case errors.As(err, &ours):
		return ours.text
	case errors.As(err, &place):
		return place.text
	case errors.As(err, &api) && api.ErrorCode() != "UnknownError":
		return "AWS answered " + api.ErrorCode()
	case errors.As(err, &profile):
		return fmt.Sprintf("the shared config and credentials files name no profile %q", k.Profile)
	case errors.As(err, &file):
		return fmt.Sprintf("the file %q cannot be read", file.Filename)
	case statusOf(err) != 0:
		return fmt.Sprintf("the answer (HTTP %d) is not one of AWS", statusOf(err))
	case s.handed.Load() && !s.dialled.Load():
		return "no request can be made with the bot's own credentials: they hold characters that no key has"
	case s.handed.Load() && !s.written.Load():
		return "the bot cannot reach " + s.address()
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	}
	return fmt.Sprintf("the SDK could not read it (%T); look at it with aws sts get-caller-identity", err)
}

// A keyProblem is a reason in words of ours.
type keyProblem struct{ text string }

func (k *keyProblem) Error() string { return k.text }

// keyID is what IAM says an access key ID is made of.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html
var keyID = text.NewPattern(`^\w{16,128}$`)

// byteOrderMark begins a file that some editors on Windows wrote.
const byteOrderMark = "\ufeff"

// checkKey takes off the line break or blank that people paste along, and refuses
// what AWS would refuse with a sentence about something else. Every source of a
// key passes here, whatever it is.
func checkKey(c aws.Credentials) (aws.Credentials, error) {
	for _, part := range []*string{&c.AccessKeyID, &c.SecretAccessKey, &c.SessionToken} {
		*part = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(*part), byteOrderMark))
	}
	unfit := func(r rune) bool { return r <= ' ' || r > '~' }
	switch {
	case c.AccessKeyID == "" || c.SecretAccessKey == "":
		return c, &keyProblem{"the access key ID or the secret access key is empty"}
	case !keyID.MatchString(c.AccessKeyID):
		return c, &keyProblem{"the access key ID is not one: it has 16 to 128 letters and digits, such as AKIAIOSFODNN7EXAMPLE"}
	case strings.ContainsFunc(c.SecretAccessKey, unfit):
		return c, &keyProblem{"the secret access key holds white space, quotes of a word processor or other characters that no key has"}
	case strings.ContainsFunc(c.SessionToken, unfit):
		return c, &keyProblem{"the session token holds characters that none has"}
	}
	return c, nil
}

func (c *Client) readKey(ctx context.Context, u policy.User, s *sending) (aws.Credentials, error) {
	switch k := u.Key; {
	case k.Env != "":
		return c.environmentKey(k.Env)
	case k.Secret != "":
		return c.secretKey(ctx, u, s)
	case k.Profile != "":
		// Read anew each time, so that a rotated key counts at once.
		cfg, err := loadConfig(ctx, c.foreign, config.WithRegion(c.config.Region), config.WithSharedConfigProfile(k.Profile))
		if err != nil {
			return aws.Credentials{}, err
		}
		return cfg.Credentials.Retrieve(ctx)
	case k.Default:
		return c.config.Credentials.Retrieve(ctx)
	}
	return aws.Credentials{}, &keyProblem{"no source of credentials"}
}

func (c *Client) environmentKey(prefix string) (aws.Credentials, error) {
	id, secret := prefix+"_AWS_ACCESS_KEY_ID", prefix+"_AWS_SECRET_ACCESS_KEY"
	key := aws.Credentials{Source: "environment"}
	var err error
	if key.AccessKeyID, err = c.variable(id); err == nil {
		key.SecretAccessKey, err = c.variable(secret)
	}
	if err == nil && (strings.TrimSpace(key.AccessKeyID) == "" || strings.TrimSpace(key.SecretAccessKey) == "") {
		err = &keyProblem{"set both " + id + " and " + secret + ", or name a file for either by " + id + "_FILE and " + secret + "_FILE"}
	}
	return key, err
}

// maxKeyFile is far above any key: what is larger is another file.
const maxKeyFile = 4096

// variable returns the variable called name, or what is in the file that
// name_FILE names. A file is read anew each time, so that a rotated key counts at
// once, and what it holds is in no environment that somebody could read.
func (c *Client) variable(name string) (string, error) {
	direct, path := c.getenv(name), c.getenv(name+"_FILE")
	switch {
	case direct != "" && path != "":
		return "", &keyProblem{name + " and " + name + "_FILE are both set: unset one of them"}
	case path == "":
		return direct, nil
	}
	problem := func(what string) error { return &keyProblem{fmt.Sprintf("%s_FILE: the file %q %s", name, path, what)} }
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // not to wait for whoever writes to a named pipe
	if err != nil {
		return "", problem("cannot be opened")
	}
	defer func() { _ = f.Close() }() // only read from
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	defer clear(data)
	switch {
	case err != nil:
		return "", problem("cannot be read")
	case len(data) > maxKeyFile:
		return "", problem("is too large for a key")
	case len(bytes.TrimSpace(data)) == 0:
		return "", problem("is empty")
	}
	return string(data), nil
}

// secretKey reads {"access_key_id","secret_access_key"} from Secrets Manager.
// Two Requests at once may both read it; neither waits for the other. Where Secrets Manager
// rests, the error is a [*broker.Error].
func (c *Client) secretKey(ctx context.Context, u policy.User, s *sending) (aws.Credentials, error) {
	name := u.Key.Secret
	c.mu.Lock()
	kept, ok := c.cached[name]
	c.mu.Unlock()
	if ok && c.now().Before(kept.until) {
		return kept.credentials, nil
	}
	asking, e := c.ask(c.breaker(secretsName, c.config.Region), u.Slack, "")
	if e != nil {
		return aws.Credentials{}, e
	}
	out, err := c.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &name})
	c.noted(ctx, asking, err, s)
	if err != nil {
		return aws.Credentials{}, err
	}
	key, err := keyOf(out)
	if err != nil {
		return aws.Credentials{}, err // not kept: who mends it need not wait
	}
	c.keep(name, cachedSecret{credentials: key, until: c.now().Add(secretLife)})
	return key, nil
}

// keyOf reads what a secret holds.
func keyOf(out *secretsmanager.GetSecretValueOutput) (aws.Credentials, error) {
	var doc struct {
		ID     string `json:"access_key_id"`
		Secret string `json:"secret_access_key"`
	}
	// The decoder's error may quote the text, which is the secret.
	if json.Unmarshal([]byte(aws.ToString(out.SecretString)), &doc) != nil || doc.ID == "" || doc.Secret == "" {
		return aws.Credentials{}, &keyProblem{`not a JSON object with "access_key_id" and "secret_access_key"`}
	}
	return checkKey(aws.Credentials{AccessKeyID: doc.ID, SecretAccessKey: doc.Secret, Source: "secretsmanager"})
}

// keep has a key at hand for secretLife, and no longer: nobody may ask for it
// again, and it would stay in memory.
func (c *Client) keep(name string, secret cachedSecret) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cached[name] = secret
	time.AfterFunc(secretLife, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.cached[name] == secret {
			delete(c.cached, name)
		}
	})
}

// forgetKey makes the next Request read the key again.
func (c *Client) forgetKey(k policy.KeySource) {
	if cache, ok := c.config.Credentials.(*aws.CredentialsCache); ok && k.Default {
		cache.Invalidate()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.cached, k.Secret)
}
