package awsapi

import (
	"context"
	"errors"
	"net"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// whoAsks are credentials whose absence can be told from an answer of KMS: what gives them, such as STS or the
// metadata of a machine, has codes and statuses of its own.
type whoAsks struct{ from aws.CredentialsProvider }

// Retrieve implements [aws.CredentialsProvider].
func (w whoAsks) Retrieve(ctx context.Context) (aws.Credentials, error) {
	out, err := w.from.Retrieve(ctx)
	if err != nil {
		err = &noIdentityError{err}
	}
	return out, err
}

// A noIdentityError says that there are no credentials to sign with.
type noIdentityError struct{ err error }

func (e *noIdentityError) Error() string { return "no credentials: " + e.err.Error() }
func (e *noIdentityError) Unwrap() error { return e.err }

// failure is what becomes of a call to KMS then. A source that is away or unwell may come, as at the boot of a
// machine; one that refuses, or is not set, needs a person.
func (e *noIdentityError) failure(err error) *KMSError {
	var away net.Error
	var answered *smithyhttp.ResponseError
	status := 0
	if errors.As(e.err, &answered) {
		status = answered.HTTPStatusCode()
	}
	return &KMSError{
		What: "there are no AWS credentials to ask KMS with",
		Do:   "look at where the bot's come from, with aws sts get-caller-identity",
		Passes: status >= http.StatusInternalServerError || status == http.StatusTooManyRequests ||
			status == 0 && errors.As(e.err, &away),
		Err: err,
	}
}
