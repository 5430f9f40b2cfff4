package awsapi

import (
	"net/http"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Through makes every client of a use the SDK's transport with change made to it.
// A proxy cannot come from the environment here: net/http reads that once, and
// never for loopback.
func (c *Client) Through(change func(*http.Transport)) *Client {
	through := transport(awshttp.NewBuildableClient().WithTransportOptions(change))
	c.signin = through
	c.config.HTTPClient = wholeAnswers{client: staying(through)}
	c.sts, c.secrets, c.s3 = sts.NewFromConfig(c.config), secretsmanager.NewFromConfig(c.config), make(map[string]*s3.Client)
	return c
}

// Impatiently makes a try again at once, as often as ever.
func (a *ArchiveBucket) Impatiently() *ArchiveBucket {
	a.pace.First, a.pace.Longest = time.Microsecond, time.Microsecond
	return a
}
