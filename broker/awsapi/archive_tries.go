package awsapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/assumebot/assumebot/broker/record/archive"
	"github.com/assumebot/assumebot/broker/retry"
)

// A call about an archive is made again when S3 asks for that or nothing is known of
// it; every one of them can be repeated. The caller's context bounds all tries.

// archivePace is how often and how soon.
func archivePace() retry.Pace {
	return retry.Pace{First: 100 * time.Millisecond, Longest: 2 * time.Second, Tries: 5}
}

// archivePatience bounds one try.
const archivePatience = 30 * time.Second

var (
	errRaced   = errors.New("another wrote at the same time")
	errNotS3   = errors.New("an answer that is not one of S3")
	errTooLong = fmt.Errorf("an answer of more than %d bytes", maxAnswer)
)

// try calls call until it succeeds, or trying again cannot help.
func (a *ArchiveBucket) try(ctx context.Context, path string, call func(context.Context, *s3.Client) error) error {
	err := a.pace.Do(ctx, func() error {
		ctx, cancel := context.WithTimeout(ctx, archivePatience)
		defer cancel()
		bucket, err := a.inRegion(ctx)
		if err == nil {
			err = call(ctx, bucket)
		}
		return a.worthAnother(err)
	})
	if err != nil {
		return fmt.Errorf("archive in %s: %s: %w", a.place, path, err)
	}
	return nil
}

// worthAnother marks an error as final if trying again cannot help.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
func (a *ArchiveBucket) worthAnother(err error) error {
	var place *endpointError
	switch status := statusOf(err); {
	case err == nil:
		return nil
	case errors.Is(err, archive.ErrNoObject), errors.Is(err, archive.ErrOtherBytes), errors.Is(err, archive.ErrChanged),
		errors.Is(err, errTooLong), errors.As(err, &place):
		return retry.Final(err)
	case status == http.StatusMovedPermanently: // the bucket was made anew, elsewhere
		a.mu.Lock()
		a.bucket = nil
		a.mu.Unlock()
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

// codeOf is what AWS calls an error; "" for what is none of its own.
func codeOf(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// maxAnswer is the largest object, and more than any page of versions.
const maxAnswer = archive.MaxObject + 1<<20

// boundedAnswers ends an answer that is longer than any of S3. The SDK reads some
// answers to their end.
type boundedAnswers struct{ client aws.HTTPClient }

// Do implements [aws.HTTPClient].
func (b boundedAnswers) Do(r *http.Request) (*http.Response, error) {
	answer, err := b.client.Do(r)
	if answer != nil && answer.Body != nil {
		answer.Body = &boundedBody{answer.Body, maxAnswer}
	}
	return answer, err
}

type boundedBody struct {
	io.ReadCloser
	left int
}

// Read implements [io.Reader].
func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		return 0, errTooLong
	}
	return n, err
}
