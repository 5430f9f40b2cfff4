package awsapi

import (
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
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
	errTooLong = errors.New("an answer that is longer than any may be")
)

// codeOf is what AWS calls an error; "" for what is none of its own.
func codeOf(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// maxAnswer is the largest object of an archive, and more than any page of versions.
const maxAnswer = archive.MaxObject + 1<<20

// boundedAnswers ends an answer that is longer than any of S3. The SDK reads some
// answers to their end.
type boundedAnswers struct {
	client aws.HTTPClient
	most   int
}

// Do implements [aws.HTTPClient].
func (b boundedAnswers) Do(r *http.Request) (*http.Response, error) {
	answer, err := b.client.Do(r)
	if answer != nil && answer.Body != nil {
		answer.Body = &boundedBody{answer.Body, b.most}
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
