package awsapi

import (
	"errors"
	"fmt"
	"strings"

	"github.com/assumebot/assumebot/broker/text"
)

// An archivePlace is a bucket and what the keys in it begin with, "" or with a slash
// at its end.
type archivePlace struct{ bucket, prefix string }

var (
	// bucketName is a general purpose bucket's, or an alias of an access point.
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
	bucketName = text.NewPattern(`^[a-z0-9](?:[a-z0-9-]|\.[a-z0-9])+$`)
	// archivePrefix has characters that are safe in keys.
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
	archivePrefix = text.NewPattern(`^(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*$`)
)

// maxPrefix leaves room for every path in a key.
const maxPrefix = 500

// CheckArchive says what is wrong with url as the place of an archive in S3.
func CheckArchive(url string) error {
	_, err := parseArchive(url)
	return err
}

func parseArchive(url string) (archivePlace, error) {
	rest, ok := strings.CutPrefix(url, "s3://")
	bucket, prefix, _ := strings.Cut(rest, "/")
	if prefix != "" && !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	switch {
	case !ok:
		return archivePlace{}, errors.New("is no s3:// URL: write one such as s3://my-bucket/assumebot")
	case strings.HasSuffix(bucket, "--x-s3"):
		return archivePlace{}, errors.New("names a directory bucket, which keeps no versions and knows no Object Lock: name a general purpose bucket")
	case len(bucket) < 3 || len(bucket) > 63 || !bucketName.MatchString(bucket):
		return archivePlace{}, fmt.Errorf("names no bucket of S3 with %.80q: write one such as s3://my-bucket/assumebot", bucket)
	case len(prefix) > maxPrefix || !archivePrefix.MatchString(prefix):
		return archivePlace{}, errors.New("has a prefix of other characters than letters, digits, dots, hyphens and underscores between single slashes")
	}
	return archivePlace{bucket, prefix}, nil
}

func (p archivePlace) key(path string) string { return p.prefix + path }

// String is the URL.
func (p archivePlace) String() string { return "s3://" + p.bucket + "/" + p.prefix }
