package awsapi_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/record/archive"
	"github.com/assumebot/assumebot/broker/record/archive/objectstest"
	"github.com/assumebot/assumebot/broker/secret"
)

// An archiveBench is a bot with an archive in a fake S3.
type archiveBench struct {
	*awstest.Server
	*awsapi.ArchiveBucket
	at  awsapi.Place
	now time.Time
}

const (
	archiveURL = "s3://audit/assumebot"
	fullTile   = "tile/0/x001/234"
)

func newArchive(t *testing.T, bucket awstest.Bucket, lock awsapi.ObjectLock) *archiveBench {
	t.Helper()
	aws, err := awstest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = aws.Close() })
	b := &archiveBench{Server: aws, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	aws.SetClock(func() time.Time { return b.now })
	b.allow("")
	if bucket.Name = "audit"; bucket.Region == "" {
		bucket.Region = "eu-west-1"
	}
	aws.AddBuckets(hub, bucket)
	b.at = awsapi.Place{Endpoint: aws.URL(), Key: secret.Credentials{AccessKeyID: "AKIABOT0000000000000", SecretAccessKey: secret.New("bot-secret-key")}}
	b.ArchiveBucket = b.open(t, lock)
	return b
}

// allow lets the bot do what an IAM policy says; everything when it is empty.
func (b *archiveBench) allow(policy string) {
	b.AddUser(awstest.User{Account: hub, Name: "bot", AccessKeyID: "AKIABOT0000000000000", SecretAccessKey: "bot-secret-key", Policy: policy})
}

// open is the archive as another replica has it.
func (b *archiveBench) open(t *testing.T, lock awsapi.ObjectLock) *awsapi.ArchiveBucket {
	t.Helper()
	client := awsapi.NewAt(b.at, "eu-west-1", func(string) string { return "" }, func() time.Time { return b.now })
	a, err := client.Archive(archiveURL, lock)
	if err != nil {
		t.Fatal(err)
	}
	return a.Impatiently()
}

// count is how often an action was asked for.
func (b *archiveBench) count(action string) (n int) {
	for _, c := range b.Calls() {
		if c.Action == action {
			n++
		}
	}
	return n
}

func TestABucketKeepsAnArchive(t *testing.T) {
	for name, bucket := range map[string]awstest.Bucket{"plain": {}, "versions": {Versioned: true, KMS: true}} {
		t.Run(name, func(t *testing.T) {
			objectstest.Run(t, func(t *testing.T) func() archive.Objects {
				b := newArchive(t, bucket, awsapi.ObjectLock{})
				return func() archive.Objects { return b.open(t, awsapi.ObjectLock{}) }
			})
		})
	}
}

// calls are each a write that has something to do, by its action at S3.
func (b *archiveBench) writes(t *testing.T) map[string]func() error {
	t.Helper()
	const partial = "tile/0/000.p/1"
	if err := errors.Join(b.Create(t.Context(), partial, []byte("x")), b.Replace(t.Context(), "checkpoint", nil, []byte("1"))); err != nil {
		t.Fatal(err)
	}
	return map[string]func() error{
		"create":  func() error { return b.Create(t.Context(), fullTile, []byte("x")) },
		"replace": func() error { return b.Replace(t.Context(), "checkpoint", []byte("1"), []byte("2")) },
		"delete":  func() error { return b.Delete(t.Context(), partial) },
	}
}

func TestWhatGoesWrongOnceIsTriedAgain(t *testing.T) {
	for name, fault := range map[string]awstest.Fault{
		"the answer was lost": {LoseAnswer: true},
		"it never arrived":    {Refuse: true},
		"two came at once":    {Error: &awstest.FaultError{Status: 409, Code: "ConditionalRequestConflict"}},
		"too much":            {Error: &awstest.FaultError{Status: 503, Code: "SlowDown"}},
		"S3 is unwell":        {Error: &awstest.FaultError{Status: 500, Code: "InternalError"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newArchive(t, awstest.Bucket{Versioned: true}, awsapi.ObjectLock{})
			for what, write := range b.writes(t) {
				fault.Action, fault.Times = map[string]string{"create": "PutObject", "replace": "PutObject", "delete": "DeleteObject"}[what], 1
				before := b.count(fault.Action)
				clear := b.Inject(fault)
				if err := write(); err != nil {
					t.Errorf("%s: %v", what, err)
				}
				clear()
				if b.count(fault.Action) == before {
					t.Errorf("%s: nothing went wrong", what)
				}
			}
			got := b.Objects("audit")
			if _, left := got["assumebot/tile/0/000.p/1"]; left || string(got["assumebot/"+fullTile].Data) != "x" || string(got["assumebot/checkpoint"].Data) != "2" {
				t.Errorf("got %+v, want each write made", got)
			}
			if n := got["assumebot/"+fullTile].Versions; n != 1 {
				t.Errorf("got %d versions of a tile, want one", n)
			}
		})
	}
}

func TestWhatStaysWrongIsGivenUp(t *testing.T) {
	b := newArchive(t, awstest.Bucket{}, awsapi.ObjectLock{})
	for what, write := range b.writes(t) {
		before := len(b.Calls())
		clear := b.Inject(awstest.Fault{Error: &awstest.FaultError{Status: 409, Code: "ConditionalRequestConflict"}})
		err := write()
		clear()
		if n := len(b.Calls()) - before; err == nil || !strings.Contains(err.Error(), "ConditionalRequestConflict") || n != 5 {
			t.Errorf("%s: got %v after %d calls, want what S3 said after 5", what, err, n)
		}
	}
}

func TestALostAnswerDoesNotHideThatAnotherWasFirst(t *testing.T) {
	b := newArchive(t, awstest.Bucket{}, awsapi.ObjectLock{})
	another := b.open(t, awsapi.ObjectLock{})
	if err := errors.Join(another.Create(t.Context(), fullTile, []byte("other")), another.Replace(t.Context(), "checkpoint", nil, []byte("1"))); err != nil {
		t.Fatal(err)
	}
	b.Inject(awstest.Fault{Action: "PutObject", LoseAnswer: true, Times: 1})
	if err := b.Create(t.Context(), fullTile, []byte("ours")); !errors.Is(err, archive.ErrOtherBytes) {
		t.Errorf("got %v, want %v", err, archive.ErrOtherBytes)
	}
	if err := b.Replace(t.Context(), "checkpoint", []byte("0"), []byte("2")); !errors.Is(err, archive.ErrChanged) {
		t.Errorf("got %v, want %v", err, archive.ErrChanged)
	}
}

func TestOnlyWhatNeverChangesIsLocked(t *testing.T) {
	lock := awsapi.ObjectLock{Mode: "COMPLIANCE", For: 24 * time.Hour}
	b := newArchive(t, awstest.Bucket{ObjectLock: true}, lock)
	paths := []string{fullTile, "tile/entries/000", fullTile + ".p/5", "tile/entries/000.p/5", "aside/000"}
	for _, path := range paths {
		if err := b.Create(t.Context(), path, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Replace(t.Context(), "checkpoint", nil, []byte("1")); err != nil {
		t.Fatal(err)
	}
	for i, path := range append(paths, "checkpoint") {
		got := b.Objects("audit")["assumebot/"+path]
		if want := i < 2; (got.LockMode == lock.Mode && got.LockUntil.Equal(b.now.Add(lock.For))) != want || (got.LockMode != "") != want {
			t.Errorf("%s: got %s until %v, want it locked: %v", path, got.LockMode, got.LockUntil, want)
		}
	}
	for _, path := range paths[2:] {
		if err := b.Delete(t.Context(), path); err != nil {
			t.Error(err)
		}
		if n := b.Objects("audit")["assumebot/"+path].Versions; n != 0 {
			t.Errorf("%s: got %d versions, want nothing left of it", path, n)
		}
	}
}

func TestALockOnABucketWithoutIsRefused(t *testing.T) {
	b := newArchive(t, awstest.Bucket{Versioned: true}, awsapi.ObjectLock{Mode: "GOVERNANCE", For: time.Hour})
	if err := b.Create(t.Context(), fullTile, []byte("x")); err == nil || !strings.Contains(err.Error(), "Bucket is missing Object Lock Configuration") {
		t.Errorf("got %v, want what S3 said", err)
	}
	if n := b.count("PutObject"); n != 1 {
		t.Errorf("got %d tries, want one: another cannot help", n)
	}
}

// TestWhatIsLockedCanBeHiddenAndIsPutBack has somebody who may write to the bucket put
// an object over a locked one, and a delete marker over it: S3 allows both.
func TestWhatIsLockedCanBeHiddenAndIsPutBack(t *testing.T) {
	lock := awsapi.ObjectLock{Mode: "GOVERNANCE", For: time.Hour}
	b := newArchive(t, awstest.Bucket{ObjectLock: true}, lock)
	if err := b.Create(t.Context(), fullTile, []byte("x")); err != nil {
		t.Fatal(err)
	}
	b.SetObject("audit", "assumebot/"+fullTile, []byte("forged"))
	if err := b.Create(t.Context(), fullTile, []byte("x")); !errors.Is(err, archive.ErrOtherBytes) {
		t.Errorf("got %v, want %v", err, archive.ErrOtherBytes)
	}
	b.SetObject("audit", "assumebot/"+fullTile, nil)
	if _, err := b.Read(t.Context(), fullTile); !errors.Is(err, archive.ErrNoObject) {
		t.Errorf("got %v, want %v", err, archive.ErrNoObject)
	}
	if err := b.Create(t.Context(), fullTile, []byte("x")); err != nil {
		t.Error(err)
	}
	if got := b.Objects("audit")["assumebot/"+fullTile]; string(got.Data) != "x" || got.Versions != 4 {
		t.Errorf("got %q in %d versions, want it back over all that was", got.Data, got.Versions)
	}
}

// TestErasedFreeTextHasNoVersions writes more versions of an aside than S3 lists at once.
func TestErasedFreeTextHasNoVersions(t *testing.T) {
	b := newArchive(t, awstest.Bucket{Versioned: true}, awsapi.ObjectLock{})
	for range 1100 {
		b.SetObject("audit", "assumebot/aside/001", []byte("text"))
	}
	b.SetObject("audit", "assumebot/aside/001", nil)
	b.SetObject("audit", "assumebot/aside/0010", []byte("another"))
	if err := b.Delete(t.Context(), "aside/001"); err != nil {
		t.Fatal(err)
	}
	if got := b.Objects("audit"); len(got) != 1 || got["assumebot/aside/0010"].Versions != 1 {
		t.Errorf("got %+v, want the other alone", got)
	}
}

func TestWhatTheBotMayNotDoIsSaidAtOnce(t *testing.T) {
	b := newArchive(t, awstest.Bucket{}, awsapi.ObjectLock{})
	writes := b.writes(t)
	const all = `"s3:PutObject","s3:GetObject","s3:ListBucket","s3:ListBucketVersions","s3:DeleteObjectVersion"`
	policy := `{"Statement":{"Effect":"Allow","Action":[%s],"Resource":["arn:aws:s3:::audit","arn:aws:s3:::audit/assumebot/*"]}}`
	for what, missing := range map[string]string{"create": "s3:PutObject", "replace": "s3:GetObject", "delete": "s3:ListBucketVersions"} {
		b.allow(fmt.Sprintf(policy, strings.Replace(all, `"`+missing+`"`, `"s3:Nothing"`, 1)))
		before := len(b.Calls())
		if err := writes[what](); err == nil || !strings.Contains(err.Error(), "not authorized to perform: "+missing) || !strings.Contains(err.Error(), archiveURL) {
			t.Errorf("%s: got %v, want it to name %s", what, err, missing)
		}
		if n := len(b.Calls()) - before; n != 1 {
			t.Errorf("%s: got %d calls, want one", what, n)
		}
	}
	b.allow(fmt.Sprintf(policy, all))
	for what, write := range writes {
		if err := write(); err != nil {
			t.Errorf("%s: got %v, want these permissions to be enough", what, err)
		}
	}
}

func TestABucketIsFoundInItsRegion(t *testing.T) {
	b := newArchive(t, awstest.Bucket{Region: "ap-southeast-2"}, awsapi.ObjectLock{})
	for what, write := range b.writes(t) {
		if err := write(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if n := b.count("HeadBucket"); n != 1 {
		t.Errorf("got %d questions for the region, want one", n)
	}
	b.AddBuckets(hub, awstest.Bucket{Name: "audit", Region: "us-west-2"}) // made anew
	if err := b.Create(t.Context(), "tile/0/000", []byte("x")); err != nil {
		t.Errorf("elsewhere: %v", err)
	}
}

func TestABucketThatIsNotThereIsNamed(t *testing.T) {
	b := newArchive(t, awstest.Bucket{}, awsapi.ObjectLock{})
	client := awsapi.NewAt(b.at, "eu-west-1", func(string) string { return "" }, func() time.Time { return b.now })
	a, err := client.Archive("s3://nothing", awsapi.ObjectLock{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = a.Read(t.Context(), "checkpoint"); err == nil || errors.Is(err, archive.ErrNoObject) || !strings.Contains(err.Error(), "no such bucket") {
		t.Errorf("got %v, want that there is no bucket", err)
	}
}

// TestOverTLSTheChecksumIsATrailer puts TLS before the fake, over which the SDK sends
// what it sends to AWS.
func TestOverTLSTheChecksumIsATrailer(t *testing.T) {
	b := newArchive(t, awstest.Bucket{ObjectLock: true}, awsapi.ObjectLock{})
	fake, err := url.Parse(b.URL())
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
	t.Cleanup(server.Close)
	b.at.Endpoint = server.URL
	client := awsapi.NewAt(b.at, "eu-west-1", func(string) string { return "" }, func() time.Time { return b.now }).
		Through(func(transport *http.Transport) { transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} })
	a, err := client.Archive(archiveURL, awsapi.ObjectLock{Mode: "GOVERNANCE", For: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	data := bytes.Repeat([]byte("x"), 3<<20)
	if err := a.Create(t.Context(), "tile/entries/000", data); err != nil {
		t.Fatal(err)
	}
	if got, err := a.Read(t.Context(), "tile/entries/000"); err != nil || !bytes.Equal(got, data) || trailers != 1 {
		t.Errorf("got %d bytes, %v and %d trailers, want what was written and one", len(got), err, trailers)
	}
}

// endless is a body that never ends.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestWhatIsNoAnswerOfS3IsNotTakenForOne(t *testing.T) {
	object := func(w http.ResponseWriter, sum string) {
		w.Header().Set("Etag", `"0"`)
		w.Header().Set("X-Amz-Checksum-Crc32", sum)
		_, _ = io.WriteString(w, "x")
	}
	for name, answer := range map[string]func(w http.ResponseWriter){
		"a page":          func(w http.ResponseWriter) { _, _ = io.WriteString(w, "<html>Sign in to the guest network</html>") },
		"a refusing page": func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden); _, _ = io.WriteString(w, "<html>") },
		"a redirect": func(w http.ResponseWriter) {
			w.Header().Set("Location", "https://example.com/")
			w.WriteHeader(http.StatusTemporaryRedirect)
		},
		"no end":           func(w http.ResponseWriter) { w.Header().Set("Etag", `"0"`); _, _ = io.Copy(w, endless{}) },
		"a page of no end": func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden); _, _ = io.Copy(w, endless{}) },
		"another checksum": func(w http.ResponseWriter) { object(w, "AAAAAA==") },
		"nothing":          func(_ http.ResponseWriter) {},
	} {
		t.Run(name, func(t *testing.T) {
			b := newArchive(t, awstest.Bucket{}, awsapi.ObjectLock{})
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if _, _ = io.Copy(io.Discard, r.Body); r.Method != http.MethodHead { // which has no body, and so no end of one
					answer(w)
				}
			}))
			t.Cleanup(server.Close)
			b.at.Endpoint = server.URL
			a := b.open(t, awsapi.ObjectLock{})
			data, read := a.Read(t.Context(), "checkpoint")
			for what, err := range map[string]error{
				"read": read, "replace": a.Replace(t.Context(), "checkpoint", nil, []byte("x1")),
				"create": a.Create(t.Context(), fullTile, []byte("x1")), "delete": a.Delete(t.Context(), "aside/000"),
			} {
				if name == "another checksum" && (what == "create" || what == "delete") {
					continue // it has none
				}
				if err == nil || errors.Is(err, archive.ErrNoObject) || errors.Is(err, archive.ErrOtherBytes) || errors.Is(err, archive.ErrChanged) || data != nil {
					t.Errorf("%s: got %v, want that nothing is known", what, err)
				}
			}
		})
	}
}

func TestThePlaceOfAnArchiveIsRead(t *testing.T) {
	for url, want := range map[string]string{
		"s3://audit": "", "s3://audit/": "", "s3://audit/assumebot": "", "s3://audit/a/b-c_d/2026.1/": "", "s3://my.bucket.of-logs/x": "",
		"audit": "is no s3:// URL", "https://audit.s3.amazonaws.com/": "is no s3:// URL", "S3://audit": "is no s3:// URL", "": "is no s3:// URL",
		"s3://": "no bucket", "s3://ab": "no bucket", "s3://Audit": "no bucket", "s3://a..b": "no bucket", "s3://audit-": "", "s3://-audit": "no bucket",
		"s3://" + strings.Repeat("a", 64): "no bucket", "s3://arn:aws:s3:::audit": "no bucket", "s3://user:password@audit/": "no bucket",
		"s3://audit--use1-az4--x-s3/x": "directory bucket", "s3://audit?x": "no bucket",
		"s3://audit//x": "prefix", "s3://audit/../x": "prefix", "s3://audit/a b": "prefix", "s3://audit/a?x": "prefix", "s3://audit/a\n": "prefix",
		"s3://audit/" + strings.Repeat("a", 600): "prefix",
	} {
		err := awsapi.CheckArchive(url)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", url, err, want)
		}
	}
	for _, lock := range []awsapi.ObjectLock{{Mode: "GOVERNANCE"}, {For: time.Hour}, {Mode: "firm", For: time.Hour}, {Mode: "COMPLIANCE", For: -time.Hour},
		{Mode: "COMPLIANCE", For: 200 * 365 * 24 * time.Hour}} {
		b := awsapi.NewAt(awsapi.Place{}, "eu-west-1", nil, nil)
		if _, err := b.Archive(archiveURL, lock); err == nil {
			t.Errorf("%+v: got no error", lock)
		}
	}
}
