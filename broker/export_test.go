package broker

import (
	"net/http"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Through makes every client of a use the SDK's transport with change made to it.
// A proxy cannot come from the environment here: net/http reads that once, and
// never for loopback.
func (a *AWS) Through(change func(*http.Transport)) *AWS {
	client := awshttp.NewBuildableClient().WithTransportOptions(change)
	a.signin = signinTransport(client)
	a.config.HTTPClient = wholeAnswers{client: staying(client)}
	a.sts, a.secrets, a.s3 = sts.NewFromConfig(a.config), secretsmanager.NewFromConfig(a.config), make(map[string]*s3.Client)
	return a
}
