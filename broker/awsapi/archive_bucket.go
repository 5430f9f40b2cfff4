package awsapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/assumebot/assumebot/broker/record/archive"
	"github.com/assumebot/assumebot/broker/retry"
)

// An ArchiveBucket is an archive of the record in an S3 bucket, which the bot reaches
// as itself. It implements [record.Objects], and is safe for concurrent use.
//
// Nothing is ever overwritten: an object is put on condition that there is none, the
// checkpoint on condition that it is still the one that was read. S3 answers 412 when
// that does not hold, also to the repeat of a put whose answer was lost: then what is
// there is read and compared. It answers 409 when two come at once, and then the put
// is made again.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
//
// The bot needs s3:GetObject and s3:PutObject on the objects, s3:ListBucket on the
// bucket (without it S3 does not say that an object is not there), to delete
// s3:ListBucketVersions and s3:DeleteObjectVersion, and for locks s3:PutObjectRetention.
type ArchiveBucket struct {
	reachedBucket
	lock ObjectLock
}

// An ObjectLock is how long full tiles and full bundles cannot be deleted, by nobody
// who may not lift it. The bucket must have Object Lock, and no default retention: free
// text could not be erased. The zero ObjectLock locks nothing.
type ObjectLock struct {
	Mode string // GOVERNANCE or COMPLIANCE
	For  time.Duration
}

// maxLock is the longest that S3 takes.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html
const maxLock = 100 * 365 * 24 * time.Hour

func (l ObjectLock) check() error {
	switch {
	case l == ObjectLock{}:
		return nil
	case l.Mode != string(types.ObjectLockModeGovernance) && l.Mode != string(types.ObjectLockModeCompliance):
		return fmt.Errorf("Object Lock has the modes GOVERNANCE and COMPLIANCE, and not %.20q", l.Mode)
	case l.For <= 0 || l.For > maxLock:
		return errors.New("Object Lock needs a time of up to 100 years")
	}
	return nil
}

// Archive is the archive at s3://bucket/prefix. It calls nobody.
func (c *Client) Archive(url string, lock ObjectLock) (*ArchiveBucket, error) {
	place, err := parseArchive(url)
	if err != nil {
		return nil, err
	}
	if err := lock.check(); err != nil {
		return nil, err
	}
	return &ArchiveBucket{
		reachedBucket: reachedBucket{client: c, what: "archive", place: place, longest: maxAnswer, pace: archivePace()}, lock: lock,
	}, nil
}

// Create implements [record.Objects].
func (a *ArchiveBucket) Create(ctx context.Context, path string, data []byte) error {
	kind, err := archive.CheckCreate(path, data)
	if err != nil {
		return err
	}
	return a.try(ctx, path, func(ctx context.Context, bucket *s3.Client) error {
		in := a.put(path, data)
		in.IfNoneMatch = aws.String("*")
		if kind == archive.KindFull && a.lock.Mode != "" {
			in.ObjectLockMode, in.ObjectLockRetainUntilDate = types.ObjectLockMode(a.lock.Mode), aws.Time(a.client.now().Add(a.lock.For))
		}
		err := put(ctx, bucket, in)
		if statusOf(err) != http.StatusPreconditionFailed {
			return err
		}
		switch found, _, err := a.get(ctx, bucket, path); {
		case errors.Is(err, archive.ErrNoObject):
			return retry.After(errRaced, 0)
		case err != nil:
			return err
		case !bytes.Equal(found, data):
			return archive.ErrOtherBytes
		}
		return nil
	})
}

// Read implements [record.Objects].
func (a *ArchiveBucket) Read(ctx context.Context, path string) ([]byte, error) {
	if _, err := archive.KindOf(path); err != nil {
		return nil, err
	}
	var data []byte
	err := a.try(ctx, path, func(ctx context.Context, bucket *s3.Client) (err error) {
		data, _, err = a.get(ctx, bucket, path)
		return err
	})
	return data, err
}

// Replace implements [record.Objects].
func (a *ArchiveBucket) Replace(ctx context.Context, path string, was, data []byte) error {
	if err := archive.CheckReplace(path, data); err != nil {
		return err
	}
	return a.try(ctx, path, func(ctx context.Context, bucket *s3.Client) error {
		found, etag, err := a.get(ctx, bucket, path)
		absent := errors.Is(err, archive.ErrNoObject)
		switch {
		case err != nil && !absent:
			return err
		case !absent && bytes.Equal(found, data):
			return nil
		case absent != (was == nil), !absent && !bytes.Equal(found, was):
			return archive.ErrChanged
		}
		in := a.put(path, data)
		if absent {
			in.IfNoneMatch = aws.String("*")
		} else {
			in.IfMatch = &etag // of what was compared; it is not always its MD5
		}
		err = put(ctx, bucket, in)
		if status := statusOf(err); status == http.StatusPreconditionFailed || status == http.StatusNotFound && codeOf(err) == "NoSuchKey" {
			return retry.After(errRaced, 0) // what is there now decides
		}
		return err
	})
}

// maxPages is how many pages of versions one object may have.
const maxPages = 100

// Delete implements [record.Objects]. Where the bucket keeps versions, it deletes each.
func (a *ArchiveBucket) Delete(ctx context.Context, path string) error {
	if err := archive.CheckDelete(path); err != nil {
		return err
	}
	return a.try(ctx, path, func(ctx context.Context, bucket *s3.Client) error {
		key := a.place.key(path)
		for range maxPages {
			page, err := bucket.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &a.place.bucket, Prefix: &key})
			if err != nil {
				return err
			}
			if page.Name == nil {
				return errNotS3
			}
			ids, more := versionsOf(page, key)
			for _, id := range ids {
				if _, err := bucket.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &a.place.bucket, Key: &key, VersionId: id}); err != nil {
					return err
				}
			}
			if !more {
				return nil
			}
		}
		return retry.Final(errors.New("it has too many versions"))
	})
}

// versionsOf are the versions and delete markers of a key on the first page, and
// whether there are more: keys that begin alike come after it.
func versionsOf(page *s3.ListObjectVersionsOutput, key string) (ids []*string, more bool) {
	for _, v := range page.Versions {
		if aws.ToString(v.Key) == key {
			ids = append(ids, v.VersionId)
		}
	}
	for _, m := range page.DeleteMarkers {
		if aws.ToString(m.Key) == key {
			ids = append(ids, m.VersionId)
		}
	}
	return ids, aws.ToBool(page.IsTruncated) && aws.ToString(page.NextKeyMarker) == key
}

func (a *ArchiveBucket) put(path string, data []byte) *s3.PutObjectInput {
	return &s3.PutObjectInput{Bucket: &a.place.bucket, Key: aws.String(a.place.key(path)), Body: bytes.NewReader(data)}
}

// put sends an object. Every answer of S3 to that has an ETag.
func put(ctx context.Context, bucket *s3.Client, in *s3.PutObjectInput) error {
	out, err := bucket.PutObject(ctx, in)
	if err == nil && aws.ToString(out.ETag) == "" {
		return errNotS3
	}
	return err
}

func (a *ArchiveBucket) get(ctx context.Context, bucket *s3.Client, path string) (data []byte, etag string, err error) {
	out, err := bucket.GetObject(ctx, &s3.GetObjectInput{Bucket: &a.place.bucket, Key: aws.String(a.place.key(path))})
	if codeOf(err) == "NoSuchKey" {
		return nil, "", archive.ErrNoObject
	}
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = out.Body.Close() }() // only read from
	if aws.ToString(out.ETag) == "" {
		return nil, "", errNotS3
	}
	data, err = io.ReadAll(io.LimitReader(out.Body, archive.MaxObject+1)) // which checks the checksum at its end
	if err == nil && len(data) > archive.MaxObject {
		err = errTooLong
	}
	if err != nil {
		return nil, "", fmt.Errorf("read the object: %w", err)
	}
	return data, *out.ETag, nil
}
