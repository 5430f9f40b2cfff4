package awsapi

import (
	"net/url"
	"testing"

	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/secret"
)

func TestEveryPartitionHasItsOwnConsole(t *testing.T) {
	const token = "A+b/c=&d% e"
	for _, test := range []struct{ partition, region, signin, destination string }{
		{"aws", "eu-west-1", "https://signin.aws.amazon.com/federation", "https://console.aws.amazon.com/s3/home?region=eu-west-1"},
		{"aws-cn", "cn-north-1", "https://signin.amazonaws.cn/federation", "https://console.amazonaws.cn/s3/home?region=cn-north-1"},
		{"aws-us-gov", "us-gov-west-1", "https://signin.amazonaws-us-gov.com/federation", "https://console.amazonaws-us-gov.com/s3/home?region=us-gov-west-1"},
	} {
		role := policy.RoleARN("arn:" + test.partition + ":iam::222222222222:role/OnCall")
		if !(&Client{}).HasConsole(test.partition) {
			t.Errorf("%s: got no console", test.partition)
		}
		link, err := url.Parse(loginURL(consoles[role.Partition()], secret.New(token), "s3", test.region).Reveal())
		if err != nil {
			t.Fatal(err)
		}
		q := link.Query()
		link.RawQuery = ""
		if link.String() != test.signin || q.Get("Action") != "login" || q.Get("Issuer") != "assumebot" ||
			q.Get("Destination") != test.destination || q.Get("SigninToken") != token || len(q) != 4 {
			t.Errorf("%s: got %s with %v, want %s to %s", test.partition, link, q, test.signin, test.destination)
		}
	}
	for _, other := range []string{"aws-iso", "aws-iso-b", "aws-eusc"} {
		if (&Client{}).HasConsole(other) {
			t.Errorf("%s: got a console", other)
		}
	}
}
