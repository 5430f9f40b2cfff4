package awstest_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/assumebot/assumebot/broker/awstest"
)

func client(w *world, c aws.Credentials) awstest.Client {
	return awstest.Client{Endpoint: w.URL(), Region: "eu-west-1", Credentials: awstest.Credentials{
		AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken,
	}}
}

func TestClientListsBucketsAndTellsWhoItIs(t *testing.T) {
	w := newWorld(t)
	created := time.Date(2025, 3, 4, 5, 6, 7, 0, time.UTC)
	w.AddBuckets(target, awstest.Bucket{Name: "logs", Region: "eu-west-1", Created: created})
	c := client(w, w.mustAssume(sts.AssumeRoleInput{}))

	got, err := c.ListBuckets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := (awstest.Bucket{Name: "logs", Region: "eu-west-1", Created: created}); len(got) != 1 || got[0] != want {
		t.Errorf("buckets: got %v, want %v alone", got, want)
	}
	who, err := c.CallerIdentity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := "arn:aws:sts::" + target + ":assumed-role/OnCall/alice@example.com"; who.ARN != want || who.Account != target {
		t.Errorf("identity: got %+v, want %s", who, want)
	}
}

func TestClientWordsRefusalsAsTheCLIDoes(t *testing.T) {
	w := newWorld(t)
	c := client(w, w.mustAssume(sts.AssumeRoleInput{}))
	w.clock.advance(2 * time.Hour)

	_, err := c.ListBuckets(t.Context())
	var refused *awstest.APIError
	if !errors.As(err, &refused) || refused.Code != "ExpiredToken" {
		t.Fatalf("got %v, want ExpiredToken", err)
	}
	if got, want := err.Error(), "An error occurred (ExpiredToken) when calling the ListBuckets operation: The provided token has expired."; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if _, err = c.CallerIdentity(t.Context()); !errors.As(err, &refused) || refused.Code != "ExpiredToken" {
		t.Errorf("got %v, want ExpiredToken of STS too", err)
	}
}
