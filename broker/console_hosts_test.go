package broker

import (
	"net/url"
	"testing"
)

func TestEveryPartitionHasItsOwnConsole(t *testing.T) {
	const token = "A+b/c=&d% e"
	for _, test := range []struct{ partition, region, signin, destination string }{
		{"aws", "eu-west-1", "https://signin.aws.amazon.com/federation", "https://console.aws.amazon.com/s3/home?region=eu-west-1"},
		{"aws-cn", "cn-north-1", "https://signin.amazonaws.cn/federation", "https://console.amazonaws.cn/s3/home?region=cn-north-1"},
		{"aws-us-gov", "us-gov-west-1", "https://signin.amazonaws-us-gov.com/federation", "https://console.amazonaws-us-gov.com/s3/home?region=us-gov-west-1"},
		{"aws-eusc", "eusc-de-east-1", "https://eusc-de-east-1.signin.amazonaws-eusc.eu/federation", "https://console.amazonaws-eusc.eu/s3/home?region=eusc-de-east-1"},
		{"aws-eusc", "", "https://eusc-de-east-1.signin.amazonaws-eusc.eu/federation", "https://console.amazonaws-eusc.eu/s3/home"},
	} {
		account := Account{Name: "prod", RoleARN: RoleARN("arn:" + test.partition + ":iam::222222222222:role/OnCall"), Region: test.region}
		hosts, ok := consoleOf(account, "")
		if !ok {
			t.Errorf("%s: got no console", test.partition)
		}
		link, err := url.Parse(loginURL(hosts, NewSecret(token), "s3", test.region).Reveal())
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
	for _, other := range []string{"aws-iso", "aws-iso-b"} {
		if hosts, ok := consoleOf(Account{Name: "prod", RoleARN: RoleARN("arn:" + other + ":iam::222222222222:role/OnCall")}, ""); ok {
			t.Errorf("%s: got %v, want no console", other, hosts)
		}
	}
}

func TestASigninEndpointLiftsThatAPartitionHasNoConsole(t *testing.T) {
	for _, test := range []struct{ partition, endpoint, console string }{
		{"aws-iso", "https://signin.c2shome.ic.gov/federation", "https://console.c2shome.ic.gov/"},
		{"aws-iso-b", "https://us-isob-east-1.signin.sc2shome.sgov.gov/federation", "https://console.sc2shome.sgov.gov/"},
		{"aws-iso", "http://127.0.0.1:4566/federation", "https://console.aws.amazon.com/"},
		{"aws-cn", "http://127.0.0.1:4566/federation", "https://console.amazonaws.cn/"},
		{"aws", "https://eu-west-1.signin.aws.amazon.com/federation", "https://console.aws.amazon.com/"},
	} {
		account := Account{Name: "prod", RoleARN: RoleARN("arn:" + test.partition + ":iam::222222222222:role/OnCall")}
		got, ok := consoleOf(account, test.endpoint)
		if want := (partitionConsole{test.endpoint, test.console}); !ok || got != want {
			t.Errorf("%s at %s: got %v %t, want %v", test.partition, test.endpoint, got, ok, want)
		}
	}
}
