package awsapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/assumebot/assumebot/broker/cloudtrail"
)

// A LogBucket is where a trail of CloudTrail delivers its log files, which are only read. It
// needs s3:ListBucket on the bucket and s3:GetObject on the files, and kms:Decrypt on the key
// where they are encrypted by one of KMS. It implements [cloudtrail.Source].
type LogBucket struct {
	reachedBucket
	only string // the key of one file; "": all below the prefix
}

const (
	// maxLogFile is the most bytes of a log file, packed. CloudTrail begins another one long before.
	maxLogFile = 64 << 20
	// logsAhead is how many files are fetched while one is read.
	logsAhead = 4
)

// LogBucket is the bucket and prefix, or the one file, at an s3:// URL. It calls nobody.
func (c *Client) LogBucket(url string) (*LogBucket, error) {
	dir, only := url, ""
	if slash := strings.LastIndexByte(url, '/'); cloudtrail.IsLog(url) && slash > len("s3://") {
		dir, only = url[:slash], url[slash+1:]
	}
	place, err := parseArchive(dir)
	if err != nil {
		return nil, fmt.Errorf("%s %w", url, err)
	}
	b := &LogBucket{reachedBucket: reachedBucket{client: c, what: "CloudTrail", place: place, longest: maxLogFile + 1<<20, pace: archivePace()}}
	if only != "" {
		b.only = place.key(only)
	}
	return b, nil
}

// String implements [cloudtrail.Source].
func (b *LogBucket) String() string {
	if b.only != "" {
		return b.name(b.only)
	}
	return b.place.String()
}

func (b *LogBucket) name(key string) string { return "s3://" + b.place.bucket + "/" + key }

// Each implements [cloudtrail.Source]. A file is fetched whole before it is read, so that a
// broken connection is tried again.
func (b *LogBucket) Each(ctx context.Context, since time.Time, do func(name string, r io.Reader, err error) error) error {
	if b.only != "" {
		data, err := b.fetch(ctx, b.only)
		return b.hand(ctx, fetchedLog{b.only, data, err}, do)
	}
	for token := (*string)(nil); ; {
		var page *s3.ListObjectsV2Output
		err := b.try(ctx, "list", func(ctx context.Context, bucket *s3.Client) (err error) {
			page, err = bucket.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &b.place.bucket, Prefix: &b.place.prefix, ContinuationToken: token})
			if err == nil && page.Name == nil {
				err = errNotS3
			}
			return err
		})
		if err != nil {
			return err
		}
		var keys []string
		for _, o := range page.Contents {
			key := aws.ToString(o.Key)
			if end, ok := cloudtrail.LastIn(key); cloudtrail.IsLog(key) && (!ok || !end.Before(since)) {
				keys = append(keys, key)
			}
		}
		if err := b.page(ctx, keys, do); err != nil {
			return err
		}
		token = page.NextContinuationToken
		if !aws.ToBool(page.IsTruncated) {
			return nil
		}
		if aws.ToString(token) == "" {
			return fmt.Errorf("CloudTrail in %s: list: %w", b.place, errNotS3)
		}
	}
}

type fetchedLog struct {
	key  string
	data []byte
	err  error
}

// page hands on the files of these keys in order, while the next ones are fetched.
func (b *LogBucket) page(ctx context.Context, keys []string, do func(string, io.Reader, error) error) error {
	ctx, stop := context.WithCancel(ctx)
	var fetching sync.WaitGroup
	defer fetching.Wait()
	defer stop()
	ahead := make(chan chan fetchedLog, logsAhead)
	fetching.Go(func() {
		defer close(ahead)
		for _, key := range keys {
			one := make(chan fetchedLog, 1)
			select {
			case ahead <- one:
			case <-ctx.Done():
				return
			}
			fetching.Go(func() {
				data, err := b.fetch(ctx, key)
				one <- fetchedLog{key, data, err}
			})
		}
	})
	for one := range ahead {
		if err := b.hand(ctx, <-one, do); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (b *LogBucket) hand(ctx context.Context, f fetchedLog, do func(string, io.Reader, error) error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case f.err != nil:
		return do(b.name(f.key), nil, f.err)
	}
	return do(b.name(f.key), bytes.NewReader(f.data), nil)
}

func (b *LogBucket) fetch(ctx context.Context, key string) ([]byte, error) {
	var data []byte
	err := b.try(ctx, key, func(ctx context.Context, bucket *s3.Client) error {
		out, err := bucket.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.place.bucket, Key: &key})
		if err != nil {
			return err
		}
		defer func() { _ = out.Body.Close() }() // only read from
		if aws.ToString(out.ETag) == "" {
			return errNotS3
		}
		data, err = io.ReadAll(io.LimitReader(out.Body, maxLogFile+1))
		if err == nil && len(data) > maxLogFile {
			err = errTooLong
		}
		return err
	})
	if errors.Is(err, errTooLong) {
		err = fmt.Errorf("it is larger than %d bytes, as no log file of CloudTrail is", maxLogFile)
	}
	return data, err
}
