package awsapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"

	"github.com/assumebot/assumebot/broker/endpoint"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/watch"
)

// A Client talks to AWS. It holds one long-lived STS client, because that learns
// how far our clock is from AWS's, which a call without retries cannot heal by
// itself. It is safe for concurrent use.
type Client struct {
	config   aws.Config
	foreign  bool // endpoints of others were accepted
	sts      *sts.Client
	second   string        // the region that is asked where that of config does not answer; "": none
	fallback *sts.Client   // of second; nil without one
	share    time.Duration // of a call that may be followed by one there
	padding  *int32        // the least that a session token has; nil: what it needs
	secrets  *secretsmanager.Client
	getenv   func(string) string
	now      func() time.Time
	signin   http.RoundTripper // to the console sign-in endpoint
	watch    watch.Watcher     // nil: nobody watches
	log      *slog.Logger

	mu       sync.Mutex
	s3       map[string]*s3.Client   // by region
	cached   map[string]cachedSecret // by secret name
	breakers map[service]*breaker
}

// New reads the SDK's own settings: region, endpoints, the bot's identity.
// It calls nobody. getenv reads the variables that users' keys are in.
func New(ctx context.Context, region string, getenv func(string) string, now func() time.Time) (*Client, error) {
	if region == "" {
		return nil, errors.New("no AWS region: set AWS_REGION to the region whose STS the bot should call, such as eu-west-1")
	}
	foreign := getenv(AcceptForeignEndpoint) == endpoint.Accepted
	cfg, err := loadConfig(ctx, foreign, config.WithRegion(region), config.WithAppID("assumebot"))
	if err != nil {
		return nil, err
	}
	return newClient(cfg, foreign, getenv, now), nil
}

// A Place is an AWS that answers at one Endpoint, where the bot is whom Key
// belongs to.
type Place struct {
	Endpoint string
	Key      secret.Credentials
}

// NewAt is [New] for one place. It reads none of the SDK's own settings, so that
// those of whoever runs the process are not used.
func NewAt(place Place, region string, getenv func(string) string, now func() time.Time) *Client {
	return newClient(aws.Config{
		Region: region, BaseEndpoint: &place.Endpoint, Credentials: signing(place.Key), AppID: "assumebot", APIOptions: guards(false),
	}, false, getenv, now)
}

func newClient(cfg aws.Config, foreign bool, getenv func(string) string, now func() time.Time) *Client {
	through := transport(cfg.HTTPClient)
	cfg.HTTPClient = wholeAnswers{client: staying(through)}
	c := &Client{
		config: cfg, foreign: foreign, share: firstShare,
		getenv: getenv, now: now, signin: through, log: slog.New(slog.DiscardHandler),
		cached: make(map[string]cachedSecret), breakers: make(map[service]*breaker),
	}
	c.connect()
	return c
}

// connect makes the clients of the services by c's config.
func (c *Client) connect() {
	c.sts, c.secrets, c.s3 = sts.NewFromConfig(c.config), secretsmanager.NewFromConfig(c.config), make(map[string]*s3.Client)
	if c.second != "" {
		c.fallback = sts.NewFromConfig(c.config, func(o *sts.Options) { o.Region = c.second })
	}
}

// bucketsClient returns the long-lived S3 client of a region.
func (c *Client) bucketsClient(region string) *s3.Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	client, ok := c.s3[region]
	if !ok {
		client = s3.NewFromConfig(c.config, func(o *s3.Options) { o.Region = region })
		c.s3[region] = client
	}
	return client
}

// static signs with exactly these credentials.
type static struct{ credentials aws.Credentials }

func (s static) Retrieve(context.Context) (aws.Credentials, error) { return s.credentials, nil }

// signing turns the broker's Credentials into the SDK's, to sign with.
func signing(c secret.Credentials) static {
	return static{aws.Credentials{
		AccessKeyID:     c.AccessKeyID,
		SecretAccessKey: c.SecretAccessKey.Reveal(),
		SessionToken:    c.SessionToken.Reveal(),
		Source:          "assumebot",
	}}
}

// resultID is the request ID of an answer.
func resultID(m middleware.Metadata) string {
	id, _ := awsmiddleware.GetRequestIDMetadata(m)
	return id
}

// requestID is the request ID of an error's answer, "" if there was none.
func requestID(err error) string {
	var answered *awshttp.ResponseError
	if errors.As(err, &answered) {
		return answered.ServiceRequestID()
	}
	return ""
}
