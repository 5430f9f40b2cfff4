package shell

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/assumebot/assumebot/broker/awstest"
)

const (
	accessKeyID  = "AWS_ACCESS_KEY_ID"
	secretKey    = "AWS_SECRET_ACCESS_KEY"
	sessionToken = "AWS_SESSION_TOKEN"
)

// errNoCredentials is what the AWS CLI says, in its words, and what to do here.
var errNoCredentials = errors.New("Unable to locate credentials. Paste a snippet into this shell first.")

// aws asks AWS with the credentials of the environment. A profile is taken for them: nothing
// here is a file.
func (s *Shell) aws(ctx context.Context, words []string) (string, error) {
	if i := len(words) - 2; i >= 0 && words[i] == "--profile" {
		words = words[:i]
	} else if i >= 0 && words[0] == "--profile" {
		words = words[2:]
	}
	call := awsCall(strings.Join(words, " "))
	if call == nil {
		return "", unknownError(fmt.Sprintf("this aws knows `aws s3 ls` and `aws sts get-caller-identity`, not %q: "+
			"for the rest use the AWS CLI in a real terminal", printable("aws "+strings.Join(words, " "), 60)))
	}
	c := awstest.Client{
		Endpoint: s.Endpoint,
		Region:   cmp.Or(s.env["AWS_REGION"], s.env["AWS_DEFAULT_REGION"], s.Region),
		Credentials: awstest.Credentials{
			AccessKeyID:     s.env[accessKeyID],
			SecretAccessKey: s.env[secretKey],
			SessionToken:    s.env[sessionToken],
		},
	}
	if c.Credentials.AccessKeyID == "" || c.Credentials.SecretAccessKey == "" {
		return "", errNoCredentials
	}
	return call(ctx, c)
}

// awsCall finds what the words of a command do; nil when the shell cannot.
func awsCall(words string) func(context.Context, awstest.Client) (string, error) {
	switch words {
	case "s3 ls":
		return listBuckets
	case "sts get-caller-identity":
		return callerIdentity
	}
	return nil
}

// listBuckets prints as `aws s3 ls` does, in UTC.
func listBuckets(ctx context.Context, c awstest.Client) (string, error) {
	all, err := c.ListBuckets(ctx)
	var out strings.Builder
	for _, b := range all {
		fmt.Fprintf(&out, "%s %s\n", b.Created.UTC().Format("2006-01-02 15:04:05"), b.Name)
	}
	return out.String(), err
}

// callerIdentity prints as `aws sts get-caller-identity` does.
func callerIdentity(ctx context.Context, c awstest.Client) (string, error) {
	who, err := c.CallerIdentity(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("{\n    \"UserId\": %q,\n    \"Account\": %q,\n    \"Arn\": %q\n}\n", who.UserID, who.Account, who.ARN), nil
}
