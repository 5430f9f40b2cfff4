package awsapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/cloudtrail"
)

const trailKey = "logs/AWSLogs/111111111111/CloudTrail/eu-west-1/2026/01/%02d/111111111111_CloudTrail_eu-west-1_202601%02[1]dT1510Z_%04d.json.gz"

// logs are the log files at url: names without the bucket, each with what it holds or why it cannot be read.
func (b *archiveBench) logs(t *testing.T, url string, since time.Time) ([]string, error) {
	t.Helper()
	client := awsapi.NewAt(b.at, "eu-west-1", func(string) string { return "" }, func() time.Time { return b.now })
	bucket, err := client.LogBucket(url)
	if err != nil {
		t.Fatal(err)
	}
	var source cloudtrail.Source = bucket.Impatiently()
	var found []string
	err = source.Each(t.Context(), since, func(name string, r io.Reader, err error) error {
		said := ""
		if err != nil {
			said = err.Error()
		} else {
			data, err := io.ReadAll(r)
			if err != nil {
				return err
			}
			said = string(data)
		}
		found = append(found, strings.TrimPrefix(name, "s3://audit/")+" "+said)
		return nil
	})
	return found, err
}

// TestReadsTheLogFilesOfABucket: more than a page of them, in order, and nothing else.
func TestReadsTheLogFilesOfABucket(t *testing.T) {
	b := newArchive(t, awstest.Bucket{Region: "us-east-2"}, awsapi.ObjectLock{})
	var want, late []string
	for day := 1; day <= 3; day++ {
		for n := range 500 {
			key := fmt.Sprintf(trailKey, day, n)
			b.SetObject("audit", key, []byte(fmt.Sprint(day, n)))
			want = append(want, key+" "+fmt.Sprint(day, n))
		}
	}
	late = want[1000:]
	for _, key := range []string{
		"logs/AWSLogs/111111111111/CloudTrail-Digest/eu-west-1/2026/01/01/111111111111_CloudTrail-Digest_eu-west-1_t_eu-west-1_20260101T000000Z.json.gz",
		"logs/readme.txt", "other/x.json",
	} {
		b.SetObject("audit", key, []byte("x"))
	}
	if got, err := b.logs(t, "s3://audit/logs", time.Time{}); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %d, %v, want %d", len(got), err, len(want))
	}
	if got, err := b.logs(t, "s3://audit/logs/", time.Date(2026, 1, 3, 10, 0, 0, 0, time.UTC)); err != nil || !slices.Equal(got, late) {
		t.Errorf("since the third: got %d, %v, want %d", len(got), err, len(late))
	}
	if got, err := b.logs(t, "s3://audit/"+fmt.Sprintf(trailKey, 2, 7), time.Time{}); err != nil || !slices.Equal(got, want[507:508]) {
		t.Errorf("got %q, %v of one file", got, err)
	}
	if got, err := b.logs(t, "s3://audit/logs/none", time.Time{}); err != nil || len(got) != 0 {
		t.Errorf("got %q, %v of a prefix without files", got, err)
	}
}

func TestWhatOfABucketCannotBeReadIsTold(t *testing.T) {
	b := newArchive(t, awstest.Bucket{}, awsapi.ObjectLock{})
	key := fmt.Sprintf(trailKey, 1, 1)
	b.SetObject("audit", key, []byte("x"))
	b.allow(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*"}]}`)
	if got, err := b.logs(t, "s3://audit/logs", time.Time{}); err != nil || len(got) != 1 || !strings.Contains(got[0], "AccessDenied") {
		t.Errorf("got %q, %v without GetObject", got, err)
	}
	b.allow(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`)
	if got, err := b.logs(t, "s3://audit/logs", time.Time{}); err == nil || !strings.Contains(err.Error(), "CloudTrail in s3://audit/logs/: list") {
		t.Errorf("got %q, %v without ListBucket", got, err)
	}
	b.allow("")
	clear := b.Inject(awstest.Fault{Action: "GetObject", Times: 1, Error: &awstest.FaultError{Status: 503, Code: "SlowDown"}})
	if got, err := b.logs(t, "s3://audit/logs", time.Time{}); err != nil || !slices.Equal(got, []string{key + " x"}) {
		t.Errorf("got %q, %v after one answer of 503", got, err)
	}
	clear()
	client := awsapi.NewAt(b.at, "eu-west-1", func(string) string { return "" }, func() time.Time { return b.now })
	for _, url := range []string{"https://audit/logs", "s3://A", "s3://audit/l ogs", "s3://audit/l ogs/x.json"} {
		if _, err := client.LogBucket(url); err == nil {
			t.Errorf("%s is taken", url)
		}
	}
	bucket, err := client.LogBucket("s3://absent/logs")
	if err != nil || bucket.String() != "s3://absent/logs/" {
		t.Fatal(bucket, err)
	}
	none := func(string, io.Reader, error) error { return errors.New("called") }
	if err := bucket.Impatiently().Each(t.Context(), time.Time{}, none); err == nil || !strings.Contains(err.Error(), "no such bucket") {
		t.Errorf("got %v", err)
	}
}

func TestWhoReadsLogFilesCanStop(t *testing.T) {
	b := newArchive(t, awstest.Bucket{}, awsapi.ObjectLock{})
	for n := range 50 {
		b.SetObject("audit", fmt.Sprintf(trailKey, 1, n), []byte("x"))
	}
	client := awsapi.NewAt(b.at, "eu-west-1", func(string) string { return "" }, func() time.Time { return b.now })
	bucket, err := client.LogBucket("s3://audit/logs")
	if err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	if err := bucket.Each(t.Context(), time.Time{}, func(string, io.Reader, error) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = bucket.Each(ctx, time.Time{}, func(string, io.Reader, error) error {
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if n := b.count("GetObject"); n > 25 {
		t.Errorf("got %d files fetched, want some", n)
	}
}

// TestTheShippedPolicyReadsLogFilesAndNothingElse: deploy/iam/cloudtrail-reader-policy.json.
func TestTheShippedPolicyReadsLogFilesAndNothingElse(t *testing.T) {
	b := newArchive(t, awstest.Bucket{}, awsapi.ObjectLock{})
	policy, err := os.ReadFile("../../deploy/iam/cloudtrail-reader-policy.json")
	if err != nil {
		t.Fatal(err)
	}
	b.allow(strings.ReplaceAll(string(policy), "my-cloudtrail-bucket", "audit"))
	key := strings.TrimPrefix(fmt.Sprintf(trailKey, 1, 1), "logs/")
	b.SetObject("audit", key, []byte("x"))
	b.SetObject("audit", "assumebot/x.json", []byte("x"))
	if got, err := b.logs(t, "s3://audit/AWSLogs", time.Time{}); err != nil || !slices.Equal(got, []string{key + " x"}) {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := b.logs(t, "s3://audit/assumebot", time.Time{}); err != nil || len(got) != 1 || !strings.Contains(got[0], "AccessDenied") {
		t.Errorf("got %q, %v beside the log files", got, err)
	}
	if err := b.Create(t.Context(), "tile/0/000.p/1", []byte("x")); err == nil {
		t.Error("it may write")
	}
}
