package app

import (
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/endpoint"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/text"
	"github.com/assumebot/assumebot/cmd/internal/config"
	"github.com/assumebot/assumebot/store"
)

// Embedded is the REDIS_URL that asks for a Redis within the process.
const Embedded = "embedded"

// embeddedAlone is Embedded where the operator vouches for it that no other
// process uses the Slack app, whatever number of connections Slack counts.
const embeddedAlone = Embedded + "?alone=true"

const defaultSlackAPI = "https://slack.com/api/"

// Settings is what comes from the environment: what is secret, or differs by
// place. Its secrets redact themselves, however it is printed.
type Settings struct {
	SlackAppToken secret.Text // xapp-…
	SlackBotToken secret.Text // xoxb-…
	SlackAPIURL   string      // ends in /
	RedisURL      secret.Text // Embedded, or a URL, which may hold a password
	// RedisCA alone vouches for a Redis that is reached over TLS; nil: the CAs of the machine.
	RedisCA *x509.CertPool
	Alone   bool // Embedded, and no other process uses the Slack app
	// SealKeys are 32 bytes each in padded standard base64, newest first. With
	// Embedded there may be none, and the store makes its own. Those of both rings that
	// KMS has wrapped are as they were written until they are Unwrapped.
	SealKeys []secret.Text
	sealFile secret.Text // what the seal keys were read from, to see a change of the file
	// RecordKeys sign the record, newest first. They have one name, which is its origin.
	// With Embedded there are none.
	RecordKeys []secret.Text
	inClear    []string // what says so of keys that stood in clear, once opened
	opened     bool     // the keys of both rings were opened, so that all are in clear
	ConfigPath string   // "" when ASSUMEBOT_CONFIG is unset
	AWSRegion  string   // where STS is called
	// AWSFallback is the region that is asked where AWSRegion does not answer; "": none.
	AWSFallback string
	// Risks are the names of the settings that accept one, such as REDIS_CLEARTEXT.
	Risks []string

	Metrics  netip.AddrPort // where metrics are served; not valid: nowhere
	Profiles bool           // profiles are served there too
	Traces   bool           // are exported
}

// EmbeddedRedis reports whether Redis is within this process.
func (s Settings) EmbeddedRedis() bool { return s.RedisURL.Reveal() == Embedded }

// ReadSettings reads the environment through getenv, and the files that its
// *_FILE variables name. The error joins everything that is wrong, each naming
// the variable and what mends it; it never holds a value that may be secret.
func ReadSettings(getenv func(string) string) (Settings, error) {
	r := settingsReader{getenv: getenv}
	s := Settings{
		SlackAppToken: r.token("SLACK_APP_TOKEN", appToken),
		SlackBotToken: r.token("SLACK_BOT_TOKEN", botToken),
		SlackAPIURL:   r.slackAPI(),
		ConfigPath:    getenv("ASSUMEBOT_CONFIG"),
		AWSRegion:     r.region(),
	}
	s.AWSFallback = r.fallbackRegion(s.AWSRegion)
	r.awsEndpoints(r.accepts(awsapi.AcceptForeignEndpoint))
	redis, unread := r.secret("REDIS_URL")
	s.RedisURL, s.Alone = r.redis(redis, unread)
	s.RedisCA = r.redisCA(s.RedisURL)
	r.keys(&s, redis.Empty() || redis.Reveal() == Embedded || strings.HasPrefix(redis.Reveal(), Embedded+"?"))
	r.metrics(&s)
	r.traces(&s)
	s.Risks = r.risks
	return s, errors.Join(r.problems...)
}

// keys reads both rings, which may be missing where they are optional.
func (r *settingsReader) keys(s *Settings, optional bool) {
	keys, failed := r.secret("ASSUMEBOT_SEAL_KEYS")
	switch {
	case !keys.Empty():
		s.SealKeys, s.sealFile = r.sealKeys(keys.Reveal()), keys
	case !failed && !optional:
		r.fail("ASSUMEBOT_SEAL_KEYS is not set, and what goes into Redis is sealed with it: make a key with `assumebot keygen` and give it to every replica")
	}
	keys, failed = r.secret("ASSUMEBOT_RECORD_KEY")
	switch {
	case !keys.Empty() && s.EmbeddedRedis():
		r.fail("ASSUMEBOT_RECORD_KEY is set, and with REDIS_URL=%s each start begins another record, which the same key must not sign: unset it", Embedded)
	case !keys.Empty():
		s.RecordKeys = r.recordKeys(keys.Reveal())
	case !failed && !optional:
		r.fail("ASSUMEBOT_RECORD_KEY is not set, and the record is signed with it: make a key with `assumebot keygen record NAME` and give it to every replica")
	}
}

type settingsReader struct {
	getenv   func(string) string
	problems []error
	risks    []string // settings that were accepted
}

func (r *settingsReader) fail(format string, args ...any) {
	r.problems = append(r.problems, fmt.Errorf(format, args...))
}

// maxSecretFile is far above any ring of keys.
const maxSecretFile = 64 << 10

// secret reads name, or the file that name_FILE names, without the white space
// that editors put around it. It is Empty when it is unset, or when it failed, which
// was reported.
func (r *settingsReader) secret(name string) (value secret.Text, failed bool) {
	direct, file := r.getenv(name), r.getenv(name+"_FILE")
	switch {
	case direct != "" && file != "":
		r.fail("%s and %s_FILE are both set: unset one of them", name, name)
		return secret.Text{}, true
	case file == "":
		return secret.New(direct), false
	}
	data, err := config.ReadRegular(file, maxSecretFile)
	switch {
	case err != nil:
		r.fail("%s_FILE: %s cannot be read: %s: name a file that the bot may read", name, file, config.WithoutPath(err))
		return secret.Text{}, true
	case len(data) > maxSecretFile:
		r.fail("%s_FILE: %s is larger than %d bytes: is this the value?", name, file, maxSecretFile)
		return secret.Text{}, true
	}
	text := strings.TrimSpace(string(data))
	if text == "" {
		r.fail("%s_FILE: %s is empty: put the value into it", name, file)
		return secret.Text{}, true
	}
	return secret.New(text), false
}

// A tokenKind is a kind of Slack token, told by its first letters.
// https://docs.slack.dev/authentication/tokens/
type tokenKind struct{ prefix, where string }

var (
	appToken  = tokenKind{"xapp-", "Basic Information, App-Level Tokens, with the scope connections:write"}
	botToken  = tokenKind{"xoxb-", "OAuth & Permissions, Bot User OAuth Token"}
	userToken = tokenKind{"xoxp-", ""}
)

var tokenText = text.NewPattern(`^[\x21-\x7e]+$`)

func (r *settingsReader) token(name string, want tokenKind) secret.Text {
	got, failed := r.secret(name)
	text := got.Reveal()
	other := map[tokenKind]string{
		appToken: "an app-level token, which is for SLACK_APP_TOKEN", botToken: "a bot token, which is for SLACK_BOT_TOKEN",
		userToken: "a user token, which the bot never needs",
	}
	switch {
	case failed:
	case text == "":
		r.fail("%s is not set: it is the token %s… of your Slack app: %s", name, want.prefix, want.where)
	case !tokenText.MatchString(text):
		r.fail("%s has white space or other characters that no token has: copy it again", name)
	case strings.HasPrefix(text, want.prefix) && len(text) > len(want.prefix):
		return got
	default:
		for kind, what := range other {
			if kind != want && strings.HasPrefix(text, kind.prefix) {
				r.fail("%s holds %s: put the one that begins with %s there: %s", name, what, want.prefix, want.where)
				return secret.Text{}
			}
		}
		r.fail("%s does not begin with %s: in your Slack app's settings it is at %s", name, want.prefix, want.where)
	}
	return secret.Text{}
}

// slackAPI never repeats the URL: it may hold a password.
func (r *settingsReader) slackAPI() string {
	const name = "SLACK_API_URL"
	raw, _ := r.secret(name)
	text := raw.Reveal()
	if text == "" {
		return defaultSlackAPI
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		r.fail("%s is not an http or https URL: unset it for %s", name, defaultSlackAPI)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		r.fail("%s must be a scheme, a host and a path alone: remove user, query and fragment", name)
	case u.Scheme == "http" && !endpoint.Loopback(u.Hostname()):
		r.fail("%s is http, and tokens would travel in clear: use https (http is for 127.0.0.1, ::1 and localhost)", name)
	default:
		if !strings.HasSuffix(u.Path, "/") {
			u.Path += "/"
		}
		return u.String()
	}
	return ""
}

// awsEndpoints looks at the SDK's own variables for the services that the bot or
// the SDK itself calls; the broker looks at the shared config too.
func (r *settingsReader) awsEndpoints(foreign bool) {
	for _, service := range []string{"", "_STS", "_S3", "_IAM", "_SECRETS_MANAGER", "_KMS", "_SSO", "_SSO_OIDC", "_SIGNIN"} {
		name := "AWS_ENDPOINT_URL" + service
		if v := r.getenv(name); v != "" {
			if err := awsapi.CheckEndpoint(v, foreign); err != nil {
				r.fail("%s %v", name, err)
			}
		}
	}
}

func (r *settingsReader) region() string {
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		switch v := r.getenv(name); {
		case v == "":
			continue
		case !config.IsRegion(v):
			r.fail("%s is %s, which is not a region's code: write one such as eu-west-1", name, config.Quote(v))
			return ""
		default:
			return v
		}
	}
	r.fail("AWS_REGION is not set: STS is called there; set it to a region such as eu-west-1")
	return ""
}

const fallbackRegion = "AWS_FALLBACK_REGION"

// fallbackRegion reads the second region, which has to be another one where the same
// credentials count, at an endpoint of its own.
func (r *settingsReader) fallbackRegion(home string) string {
	v := r.getenv(fallbackRegion)
	at := ""
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS"} {
		if u, err := url.Parse(r.getenv(name)); err == nil && u.Host != "" && !endpoint.Loopback(u.Hostname()) {
			at = name
		}
	}
	switch {
	case v == "":
		return ""
	case !config.IsRegion(v):
		r.fail("%s is %s, which is not a region's code: write one such as eu-central-1, or unset it", fallbackRegion, config.Quote(v))
	case v == home:
		r.fail("%s is %s, as AWS_REGION is: write another region, or unset it", fallbackRegion, v)
	case home != "" && policy.PartitionOfRegion(v) != policy.PartitionOfRegion(home):
		r.fail("%s is %s, in the partition %s, and AWS_REGION is in %s: write a region of %[4]s",
			fallbackRegion, v, policy.PartitionOfRegion(v), policy.PartitionOfRegion(home))
	case at != "":
		r.fail("%s is set, and %s leads to one endpoint whatever the region: unset one of them", fallbackRegion, at)
	default:
		return v
	}
	return ""
}

// foreignRedis are schemes that other clients use; naming no other keeps the
// first part of a mistyped URL, which may be a password, out of the message.
var foreignRedis = []string{
	"redis+sentinel", "redis-sentinel", "rediss+sentinel", "redis+cluster", "redis-cluster", "rediss+cluster",
	"redis+socket", "redis+unix", "valkey", "valkeys", "http", "https", "tcp", "tls",
}

// foreignParameters are those that other clients take, and what to do instead.
var foreignParameters = map[string]string{
	"ssl":                "write rediss:// for TLS, and leave it out",
	"tls":                "write rediss:// for TLS, and leave it out",
	"ssl_cert_reqs":      "leave it out, the certificate is always checked; REDIS_CA_FILE names a CA of your own",
	"ssl_ca_certs":       "leave it out; REDIS_CA_FILE names a CA of your own",
	"ssl_ca_path":        "leave it out; REDIS_CA_FILE names a file of CAs of your own",
	"ssl_certfile":       "certificates of a client are not supported; leave it out, and give a user and a password",
	"ssl_keyfile":        "certificates of a client are not supported; leave it out, and give a user and a password",
	"ssl_check_hostname": "leave it out, the host's name is always checked",
}

func foreignParameter(query url.Values) string {
	for _, p := range slices.Sorted(maps.Keys(foreignParameters)) {
		if query.Has(p) {
			return p
		}
	}
	return ""
}

func (r *settingsReader) redis(got secret.Text, failed bool) (target secret.Text, alone bool) {
	const name = "REDIS_URL"
	const choices = "set it to embedded for one process, or to a URL such as rediss://HOST:6379/0 for several"
	text := got.Reveal()
	switch {
	case failed || text == Embedded:
		return got, false
	case text == embeddedAlone:
		return secret.New(Embedded), true
	case strings.HasPrefix(text, Embedded+"?"):
		r.fail("%s: nothing may stand after %s but ?alone=true, where no other process uses this Slack app", name, Embedded)
		return secret.Text{}, false
	case text == "":
		r.fail("%s is not set: %s", name, choices)
		return secret.Text{}, false
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		r.fail("%s is not a URL: %s; in a password write %%23 for #, %%2F for / and so on", name, choices)
	case slices.Contains(foreignRedis, u.Scheme):
		r.fail("%s begins with %s://, which is not understood: use redis://, rediss:// (TLS) or unix://; "+
			"?master_name= asks for Sentinel, ?addr= for more nodes of a cluster", name, u.Scheme)
	case u.Scheme != "redis" && u.Scheme != "rediss" && u.Scheme != "unix":
		r.fail("%s begins with neither redis://, rediss:// nor unix://: %s", name, choices)
	case u.Scheme == "unix" && u.Path == "":
		r.fail("%s has no path of a socket: write unix:///run/redis/redis.sock", name)
	case u.Scheme != "unix" && u.Hostname() == "":
		r.fail("%s has no host: write rediss://HOST:6379/0", name)
	case foreignParameter(u.Query()) != "":
		p := foreignParameter(u.Query())
		r.fail("%s has ?%s=, which is another client's: %s", name, p, foreignParameters[p])
	case r.redisRisks(u):
		if err := store.CheckURL(got); err != nil {
			r.problems = append(r.problems, err)
		}
		return got, false
	}
	return secret.Text{}, false
}
