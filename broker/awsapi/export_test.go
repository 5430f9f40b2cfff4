package awsapi

import (
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// Through makes every client of a use the SDK's transport with change made to it.
// A proxy cannot come from the environment here: net/http reads that once, and
// never for loopback.
func (c *Client) Through(change func(*http.Transport)) *Client {
	through := transport(awshttp.NewBuildableClient().WithTransportOptions(change))
	c.signin = through
	c.config.HTTPClient = wholeAnswers{client: staying(through)}
	c.connect()
	return c
}

// By has all of c's calls, to AWS's own hosts, be made by client.
func (c *Client) By(client aws.HTTPClient) *Client {
	c.config.HTTPClient, c.config.BaseEndpoint = wholeAnswers{client: client}, nil
	c.connect()
	return c
}

// Sharing gives a call that a second region may follow so much time.
func (c *Client) Sharing(d time.Duration) *Client {
	c.share = d
	return c
}

// Impatiently makes a try again at once, as often as ever.
func (a *ArchiveBucket) Impatiently() *ArchiveBucket {
	a.pace.First, a.pace.Longest = time.Microsecond, time.Microsecond
	return a
}

// Impatiently is b with no time between tries.
func (b *LogBucket) Impatiently() *LogBucket {
	b.pace.First, b.pace.Longest = time.Microsecond, time.Microsecond
	return b
}
