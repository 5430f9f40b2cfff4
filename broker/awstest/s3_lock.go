package awstest

import (
	"net/http"
	"time"
)

// s3Time is how S3 writes a time in a header or a document.
const s3Time = "2006-01-02T15:04:05.000Z"

// retention is until when a version cannot be deleted, and by whom not: in GOVERNANCE by nobody who lacks a
// permission of its own, in COMPLIANCE by nobody.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
type retention struct {
	mode  string
	until time.Time
}

// retention reads what a PutObject asks for.
func (b *reached) retention(h, sums http.Header) (retention, *refusal) {
	mode, date := h.Get("X-Amz-Object-Lock-Mode"), h.Get("X-Amz-Object-Lock-Retain-Until-Date")
	invalid := func(message string) (retention, *refusal) { return retention{}, invalidArgument(message) }
	bad := func(message string) (retention, *refusal) {
		return retention{}, &refusal{http.StatusBadRequest, "InvalidRequest", message}
	}
	switch {
	case mode == "" && date == "":
		return retention{}, nil
	case mode == "" || date == "":
		return invalid("x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied")
	case mode != "GOVERNANCE" && mode != "COMPLIANCE":
		return invalid("Unknown wormMode directive.")
	case !b.ObjectLock:
		return bad("Bucket is missing Object Lock Configuration")
	case len(sums) == 0 && h.Get("Content-Md5") == "":
		return bad("Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters")
	}
	until, err := time.Parse(time.RFC3339, date)
	switch {
	case err != nil:
		return invalid("The retain until date must be provided in ISO 8601 format")
	case !until.After(b.server.now()):
		return invalid("The retain until date must be in the future!")
	}
	return retention{mode, until}, nil
}

// locked refuses to delete a version that may not be deleted yet.
func (b *reached) locked(h http.Header, key string, lock retention) *refusal {
	if !b.server.now().Before(lock.until) {
		return nil
	}
	if lock.mode == "GOVERNANCE" && h.Get("X-Amz-Bypass-Governance-Retention") == "true" {
		return b.may("s3:BypassGovernanceRetention", key)
	}
	return &refusal{http.StatusForbidden, "AccessDenied", "Access Denied because object protected by object lock."}
}
