package awsapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/assumebot/assumebot/broker/record/archive"
	"github.com/assumebot/assumebot/broker/retry"
)

// A reachedBucket is a bucket and how it is asked: in its own region, again where that helps,
// and never for an answer without bound. It is safe for concurrent use.
type reachedBucket struct {
	client  *Client
	what    string // that is in it, for errors
	place   archivePlace
	longest int // answer
	pace    retry.Pace

	mu     sync.Mutex
	bucket *s3.Client // in the bucket's region; nil until that is known
}

// try calls call until it succeeds, or trying again cannot help.
func (b *reachedBucket) try(ctx context.Context, path string, call func(context.Context, *s3.Client) error) error {
	err := b.pace.Do(ctx, func() error {
		ctx, cancel := context.WithTimeout(ctx, archivePatience)
		defer cancel()
		bucket, err := b.inRegion(ctx)
		if err == nil {
			err = call(ctx, bucket)
		}
		return b.worthAnother(err)
	})
	if err != nil {
		return fmt.Errorf("%s in %s: %s: %w", b.what, b.place, path, err)
	}
	return nil
}

// worthAnother marks an error as final if trying again cannot help.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
func (b *reachedBucket) worthAnother(err error) error {
	var place *endpointError
	switch status := statusOf(err); {
	case err == nil:
		return nil
	case errors.Is(err, archive.ErrNoObject), errors.Is(err, archive.ErrOtherBytes), errors.Is(err, archive.ErrChanged),
		errors.Is(err, errTooLong), errors.As(err, &place):
		return retry.Final(err)
	case status == http.StatusMovedPermanently: // the bucket was made anew, elsewhere
		b.mu.Lock()
		b.bucket = nil
		b.mu.Unlock()
		return err
	case status == http.StatusConflict, status == http.StatusTooManyRequests,
		status >= http.StatusInternalServerError && status != http.StatusNotImplemented:
		return err
	case codeOf(err) == "RequestTimeout", codeOf(err) == "RequestTimeTooSkewed": // the SDK has learnt the time from the answer
		return err
	case status >= http.StatusMultipleChoices:
		return retry.Final(err)
	}
	return err
}

// inRegion is the client for the bucket's region, which S3 tells in every answer about
// the bucket, also where it refuses. It is asked once.
func (b *reachedBucket) inRegion(ctx context.Context) (*s3.Client, error) {
	b.mu.Lock()
	bucket := b.bucket
	b.mu.Unlock()
	if bucket != nil {
		return bucket, nil
	}
	region := b.client.config.Region
	head, err := b.client.onceClient(region, b.longest).HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &b.place.bucket})
	var answered *awshttp.ResponseError
	switch {
	case err == nil:
		region = cmp.Or(aws.ToString(head.BucketRegion), region)
	case !errors.As(err, &answered) || answered.HTTPStatusCode() >= http.StatusInternalServerError:
		return nil, err
	case answered.HTTPStatusCode() == http.StatusNotFound:
		return nil, retry.Final(fmt.Errorf("there is no such bucket: %w", err))
	default: // S3 refuses HEAD without a word: the call itself is told why
		region = cmp.Or(answered.Response.Header.Get("X-Amz-Bucket-Region"), region)
	}
	bucket = b.client.onceClient(region, b.longest)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bucket = bucket
	return bucket, nil
}

// onceClient is a client that tries once: when to try again is decided in one place. No
// answer of it is longer than longest.
func (c *Client) onceClient(region string, longest int) *s3.Client {
	return s3.NewFromConfig(c.config, func(o *s3.Options) {
		o.Region = region
		o.Retryer = aws.NopRetryer{}
		o.HTTPClient = boundedAnswers{o.HTTPClient, longest}
		o.UsePathStyle = o.BaseEndpoint != nil // its host is not ours to put a name before
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenSupported
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenSupported
		o.DisableLogOutputChecksumValidationSkipped = true // there is none of what others wrote
	})
}
