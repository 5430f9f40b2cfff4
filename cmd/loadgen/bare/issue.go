package bare

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/redis/go-redis/v9"
)

// A First is what a bare loop does before it posts: calls that no bot of this design can
// do without. Each trip to Redis is one command, with about as many bytes as the bot's. It
// decides nothing, seals nothing, hashes nothing, follows nobody and encodes no JSON.
type First struct {
	redis *redis.Client
	sts   *sts.Client
	do    func(context.Context) error
}

// About how many bytes an entry of the record and sealed credentials have.
const (
	entryBytes  = 900
	sealedBytes = 1500
)

// NewFirst returns one with a Redis and an STS at these URLs. With an STS it issues: three
// trips before STS (a code is claimed, the intent is written and read), one signed call,
// and two trips after it (the outcome, and the credentials). Without it writes once that
// this command was seen, so that nobody serves it twice.
func NewFirst(redisURL, stsURL string) (*First, error) {
	options, err := redis.ParseURL(redisURL)
	if err != nil {
		return nil, fmt.Errorf("the bare loop's Redis: %w", err)
	}
	options.PoolSize = 64
	transport := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) { t.MaxIdleConnsPerHost = 64 })
	f := &First{redis: redis.NewClient(options)}
	f.do = f.see
	if stsURL != "" {
		f.do = f.issue
		f.sts = sts.New(sts.Options{
			Region: "eu-west-1", BaseEndpoint: &stsURL, HTTPClient: transport, RetryMaxAttempts: 1,
			Credentials: credentials.NewStaticCredentialsProvider("AKIALOAD000000000000", "0000000000000000000000000000000000000000", ""),
		})
	}
	return f, nil
}

func (f *First) see(ctx context.Context) error {
	return f.redis.SetNX(ctx, "bare:seen:"+rand.Text(), "1", time.Hour).Err()
}

func (f *First) issue(ctx context.Context) error {
	id, code := rand.Text(), rand.Text()
	entry := make([]byte, entryBytes)
	if err := f.redis.SetNX(ctx, "bare:code:"+code, id, time.Minute).Err(); err != nil {
		return fmt.Errorf("claim: %w", err)
	}
	number, err := f.redis.XAdd(ctx, &redis.XAddArgs{Stream: "bare:record", Values: []any{"leaf", entry}}).Result()
	if err != nil {
		return fmt.Errorf("intent: %w", err)
	}
	if err := f.redis.XRange(ctx, "bare:record", number, number).Err(); err != nil {
		return fmt.Errorf("follow: %w", err)
	}
	_, err = f.sts.AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::222222222222:role/Load"), RoleSessionName: aws.String("bare"), SourceIdentity: aws.String("bare"),
		SerialNumber: aws.String("arn:aws:iam::111111111111:mfa/user0"), TokenCode: aws.String("123456"), DurationSeconds: aws.Int32(3600),
	})
	if err != nil {
		return fmt.Errorf("issue: %w", err)
	}
	if err := f.redis.XAdd(ctx, &redis.XAddArgs{Stream: "bare:record", Values: []any{"leaf", entry}}).Err(); err != nil {
		return fmt.Errorf("outcome: %w", err)
	}
	if err := f.redis.Set(ctx, "bare:grant:"+id, make([]byte, sealedBytes), time.Hour).Err(); err != nil {
		return fmt.Errorf("keep: %w", err)
	}
	return nil
}
