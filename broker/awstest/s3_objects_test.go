package awstest_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker/awstest"
)

// newBuckets is a world with a plain bucket, one with locks and one elsewhere.
func newBuckets(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.AddBuckets(hub,
		awstest.Bucket{Name: "plain", Region: "eu-west-1"},
		awstest.Bucket{Name: "locked", Region: "eu-west-1", ObjectLock: true},
		awstest.Bucket{Name: "far", Region: "us-west-2"},
	)
	w.AddBuckets(target, awstest.Bucket{Name: "another", Region: "eu-west-1"})
	return w
}

func put(w *world, in s3.PutObjectInput, body string) (*s3.PutObjectOutput, error) {
	in.Body = strings.NewReader(body)
	return w.s3(w.alicesCreds).PutObject(context.Background(), &in)
}

func mustPut(w *world, in s3.PutObjectInput, body string) *s3.PutObjectOutput {
	w.t.Helper()
	out, err := put(w, in, body)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func of(bucket, key string) s3.PutObjectInput { return s3.PutObjectInput{Bucket: &bucket, Key: &key} }

func TestAnObjectIsKeptAndRead(t *testing.T) {
	w := newBuckets(t)
	body := strings.Repeat("0123456789", 500_000)
	put := mustPut(w, of("plain", "a/b c+d"), body)
	out, err := w.s3(w.alicesCreds).GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("plain"), Key: aws.String("a/b c+d")})
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(out.Body)
	if err != nil || string(got) != body || *out.ETag != *put.ETag || out.VersionId != nil {
		t.Errorf("got %d bytes, ETag %s and %v, want the %d that were written and %s", len(got), *out.ETag, err, len(body), *put.ETag)
	}
	if out.ChecksumCRC32 == nil || *out.ChecksumCRC32 != *put.ChecksumCRC32 {
		t.Error("the checksum did not come back")
	}
	head, err := w.s3(w.alicesCreds).HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("plain"), Key: aws.String("a/b c+d")})
	if err != nil || *head.ContentLength != int64(len(body)) {
		t.Errorf("got %+v and %v, want its length", head, err)
	}
}

// TestAChecksumInATrailerIsRead talks to the fake by TLS, over which the SDK sends an
// object in chunks and its checksum after them.
func TestAChecksumInATrailerIsRead(t *testing.T) {
	w := newBuckets(t)
	fake, err := url.Parse(w.URL())
	if err != nil {
		t.Fatal(err)
	}
	trailers := 0
	proxy := httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(fake)
		r.Out.Host = r.In.Host
		trailers += len(r.In.Header["X-Amz-Trailer"])
	}}
	server := httptest.NewTLSServer(&proxy)
	defer server.Close()
	client := s3.NewFromConfig(w.config(w.alicesCreds), func(o *s3.Options) {
		o.BaseEndpoint = &server.URL
		o.HTTPClient = plainBodies{&http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}}
	})
	body := bytes.Repeat([]byte("chunk"), 100_000)
	for _, algorithm := range []types.ChecksumAlgorithm{"", types.ChecksumAlgorithmCrc32c, types.ChecksumAlgorithmCrc64nvme, types.ChecksumAlgorithmSha256} {
		key := "by " + string(algorithm)
		in := s3.PutObjectInput{Bucket: aws.String("plain"), Key: &key, Body: bytes.NewReader(body), ChecksumAlgorithm: algorithm}
		if _, err := client.PutObject(t.Context(), &in); err != nil {
			t.Errorf("%s: %v", algorithm, err)
		}
		if !bytes.Equal(w.Objects("plain")[key].Data, body) {
			t.Errorf("%s: got other bytes", algorithm)
		}
	}
	if trailers != 4 {
		t.Errorf("got %d trailers, want one with each", trailers)
	}
}

func TestWhatS3RefusesOfAPutIsRefused(t *testing.T) {
	w := newBuckets(t)
	mustPut(w, of("plain", "there"), "x")
	const crc = "jNwWgw==" // of x, by CRC32
	lock := http.Header{"X-Amz-Object-Lock-Mode": {"GOVERNANCE"}, "X-Amz-Object-Lock-Retain-Until-Date": {"2027-01-01T00:00:00Z"}, "X-Amz-Checksum-Crc32": {crc}}
	with := func(h http.Header, name, value string) http.Header {
		h = h.Clone()
		h.Set(name, value)
		if value == "" {
			h.Del(name)
		}
		return h
	}
	chunked := func(trailer string) http.Header {
		return http.Header{"X-Amz-Content-Sha256": {"STREAMING-UNSIGNED-PAYLOAD-TRAILER"}, "Content-Encoding": {"aws-chunked"},
			"X-Amz-Decoded-Content-Length": {"1"}, "X-Amz-Trailer": {trailer}}
	}
	for name, c := range map[string]struct {
		path, body string
		header     http.Header
		want       string
	}{
		"no bucket":              {"/nothing/key", "x", nil, "NoSuchBucket"},
		"another region":         {"/far/key", "x", nil, "PermanentRedirect"},
		"another account":        {"/another/key", "x", nil, "AccessDenied"},
		"long key":               {"/plain/" + strings.Repeat("k", 1025), "x", nil, "KeyTooLongError"},
		"it is there":            {"/plain/there", "x", http.Header{"If-None-Match": {"*"}}, "PreconditionFailed"},
		"another is there":       {"/plain/there", "x", http.Header{"If-Match": {`"0123"`}}, "PreconditionFailed"},
		"nothing is there":       {"/plain/absent", "x", http.Header{"If-Match": {`"0123"`}}, "NoSuchKey"},
		"none of these":          {"/plain/absent", "x", http.Header{"If-None-Match": {`"0123"`}}, "NotImplemented"},
		"wrong checksum":         {"/plain/key", "y", http.Header{"X-Amz-Checksum-Crc32": {crc}}, "BadDigest"},
		"no checksum":            {"/plain/key", "x", http.Header{"X-Amz-Checksum-Crc32": {"x"}}, "InvalidRequest"},
		"unknown checksum":       {"/plain/key", "x", http.Header{"X-Amz-Checksum-Crc7": {"x"}}, "NotImplemented"},
		"wrong MD5":              {"/plain/key", "x", http.Header{"Content-Md5": {"AAAAAAAAAAAAAAAAAAAAAA=="}}, "BadDigest"},
		"no MD5":                 {"/plain/key", "x", http.Header{"Content-Md5": {"x"}}, "InvalidDigest"},
		"chunks cut":             {"/plain/key", "1\r\nx\r\n", chunked("x-amz-checksum-crc32"), "IncompleteBody"},
		"a chunk of more":        {"/plain/key", "fffffff\r\nx\r\n0\r\n\r\n", chunked("x-amz-checksum-crc32"), "IncompleteBody"},
		"chunks of another size": {"/plain/key", "2\r\nxx\r\n0\r\nx-amz-checksum-crc32:" + crc + "\r\n\r\n", chunked("x-amz-checksum-crc32"), "IncompleteBody"},
		"no trailer":             {"/plain/key", "1\r\nx\r\n0\r\n\r\n", chunked("x-amz-checksum-crc32"), "MalformedTrailerError"},
		"another trailer":        {"/plain/key", "1\r\nx\r\n0\r\nx-amz-checksum-crc32:" + crc + "\r\n\r\n", chunked("x-amz-checksum-sha1"), "MalformedTrailerError"},
		"wrong trailer":          {"/plain/key", "1\r\ny\r\n0\r\nx-amz-checksum-crc32:" + crc + "\r\n\r\n", chunked("x-amz-checksum-crc32"), "BadDigest"},
		"a right trailer":        {"/plain/key", "1\r\nx\r\n0\r\nx-amz-checksum-crc32:" + crc + "\r\n\r\n", chunked("x-amz-checksum-crc32"), ""},
		"no chunks":              {"/plain/key", "x", http.Header{"Content-Encoding": {"aws-chunked"}}, "InvalidRequest"},
		"a lock":                 {"/locked/key", "x", lock, ""},
		"a lock on no such":      {"/plain/key", "x", lock, "Bucket is missing Object Lock Configuration"},
		"a lock without sum":     {"/locked/key", "x", with(lock, "X-Amz-Checksum-Crc32", ""), "Content-MD5 OR x-amz-checksum-"},
		"a lock without end":     {"/locked/key", "x", with(lock, "X-Amz-Object-Lock-Retain-Until-Date", ""), "must both be supplied"},
		"a lock of the past":     {"/locked/key", "x", with(lock, "X-Amz-Object-Lock-Retain-Until-Date", "2026-01-01T00:00:00Z"), "must be in the future"},
		"a lock of no date":      {"/locked/key", "x", with(lock, "X-Amz-Object-Lock-Retain-Until-Date", "soon"), "ISO 8601"},
		"a lock of no mode":      {"/locked/key", "x", with(lock, "X-Amz-Object-Lock-Mode", "FIRM"), "Unknown wormMode"},
		"an ACL":                 {"/plain/key?acl", "x", nil, "NotImplemented"},
	} {
		t.Run(name, func(t *testing.T) {
			status, body := w.send(w.alicesCreds, raw{method: http.MethodPut, path: c.path, body: c.body, header: c.header, service: "s3", region: "eu-west-1"})
			if !strings.Contains(body, c.want) || (status == http.StatusOK) != (c.want == "") {
				t.Errorf("got %d %s, want %q", status, body, c.want)
			}
		})
	}
}

func TestAConditionHoldsAWriteAgainstWhatIsThere(t *testing.T) {
	w := newBuckets(t)
	w.AddBuckets(hub, awstest.Bucket{Name: "kms", Region: "eu-west-1", KMS: true})
	for _, bucket := range []string{"plain", "locked", "kms"} {
		create, replace := of(bucket, "k"), of(bucket, "k")
		create.IfNoneMatch = aws.String("*")
		first := mustPut(w, create, "1")
		_, err := put(w, create, "1")
		wantError(t, err, "PreconditionFailed", "")
		replace.IfMatch = first.ETag
		second := mustPut(w, replace, "2")
		_, err = put(w, replace, "3")
		wantError(t, err, "PreconditionFailed", "")
		if got := string(w.Objects(bucket)["k"].Data); got != "2" {
			t.Errorf("%s: got %q, want what was written last", bucket, got)
		}
		if md5 := `"c81e728d9d4c2f636f067f89cc14862c"`; (*second.ETag == md5) != (bucket != "kms") {
			t.Errorf("%s: got ETag %s, want an MD5 without KMS alone", bucket, *second.ETag)
		}
		if _, err := w.s3(w.alicesCreds).DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: aws.String("k")}); err != nil {
			t.Error(err)
		}
		mustPut(w, create, "4")
	}
}

func TestALockedVersionStays(t *testing.T) {
	w := newBuckets(t)
	lock := func(mode types.ObjectLockMode) *s3.PutObjectOutput {
		in := of("locked", string(mode))
		in.ObjectLockMode, in.ObjectLockRetainUntilDate = mode, aws.Time(w.clock.now().Add(time.Hour))
		return mustPut(w, in, "x")
	}
	remove := func(mode types.ObjectLockMode, version *string, bypass bool) error {
		in := s3.DeleteObjectInput{Bucket: aws.String("locked"), Key: aws.String(string(mode)), VersionId: version}
		if bypass {
			in.BypassGovernanceRetention = &bypass
		}
		_, err := w.s3(w.alicesCreds).DeleteObject(t.Context(), &in)
		return err
	}
	governance, compliance := lock(types.ObjectLockModeGovernance), lock(types.ObjectLockModeCompliance)
	const protected = "object protected by object lock"
	wantError(t, remove(types.ObjectLockModeGovernance, governance.VersionId, false), accessDenied, protected)
	wantError(t, remove(types.ObjectLockModeCompliance, compliance.VersionId, true), accessDenied, protected)
	wantError(t, remove(types.ObjectLockModeCompliance, nil, false), "", "")
	mustPut(w, of("locked", "COMPLIANCE"), "over it")
	if got := w.Objects("locked")["COMPLIANCE"]; got.Versions != 3 || string(got.Data) != "over it" {
		t.Errorf("got %+v, want a delete marker and another version over the locked one", got)
	}
	wantError(t, remove(types.ObjectLockModeGovernance, governance.VersionId, true), "", "")
	w.clock.advance(time.Hour)
	wantError(t, remove(types.ObjectLockModeCompliance, compliance.VersionId, false), "", "")
	if got := w.Objects("locked")["COMPLIANCE"].Versions; got != 2 {
		t.Errorf("got %d versions, want the locked one gone after its time", got)
	}
}

func TestWhoMayNotListIsNotToldWhatIsThere(t *testing.T) {
	w := newBuckets(t)
	get := func(key string) error {
		_, err := w.s3(w.alicesCreds).GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("plain"), Key: &key})
		return err
	}
	mustPut(w, of("plain", "ours/there"), "x")
	wantError(t, get("ours/absent"), "NoSuchKey", "")
	w.AddUser(awstest.User{Account: hub, Name: "alice", AccessKeyID: aliceKey, SecretAccessKey: aliceSecret,
		Policy: `{"Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::plain/ours/*"}}`})
	wantError(t, get("ours/there"), "", "")
	wantError(t, get("ours/absent"), accessDenied, "s3:ListBucket")
	wantError(t, get("theirs"), accessDenied, `not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::plain/theirs"`)
	_, err := put(w, of("plain", "ours/new"), "x")
	wantError(t, err, accessDenied, "s3:PutObject")
}

func TestListsOfObjectsAndVersionsArePaged(t *testing.T) {
	w := newBuckets(t)
	client := w.s3(w.alicesCreds)
	for _, key := range []string{"a/1", "a/10", "a/1", "a/2", "b"} {
		mustPut(w, of("locked", key), "x")
	}
	if _, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("locked"), Key: aws.String("a/2")}); err != nil {
		t.Fatal(err)
	}
	var keys, versions []string
	for p := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: aws.String("locked"), MaxKeys: aws.Int32(1)}); p.HasMorePages(); {
		page, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Contents {
			keys = append(keys, *o.Key)
		}
	}
	list := s3.ListObjectVersionsInput{Bucket: aws.String("locked"), Prefix: aws.String("a/"), MaxKeys: aws.Int32(1)}
	for p := s3.NewListObjectVersionsPaginator(client, &list); p.HasMorePages(); {
		page, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range page.Versions {
			versions = append(versions, *v.Key)
		}
		for _, m := range page.DeleteMarkers {
			versions = append(versions, "no "+*m.Key)
		}
	}
	if diff := cmp.Diff([]string{"a/1", "a/10", "b"}, keys); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a/1", "a/1", "a/10", "no a/2", "a/2"}, versions); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
}

func TestABucketTellsItsRegion(t *testing.T) {
	w := newBuckets(t)
	out, err := w.s3(w.alicesCreds).HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: aws.String("plain")})
	if err != nil || *out.BucketRegion != "eu-west-1" {
		t.Errorf("got %+v and %v, want eu-west-1", out, err)
	}
}
