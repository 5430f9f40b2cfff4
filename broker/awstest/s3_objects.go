package awstest

import (
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxKey is the most bytes of a key.
const maxKey = 1024

// objects are the versions of a bucket's objects by their keys, the newest last. A bucket without versions
// has at most one of each, which S3 calls null.
type objects map[string][]version

type version struct {
	id       string
	marker   bool // a delete marker
	data     []byte
	etag     string
	modified time.Time
	sums     http.Header // the checksums that came with it
	lock     retention
}

const nullVersion = "null"

// current is what a key stands for; nil when that is nothing.
func (o objects) current(key string) *version {
	all := o[key]
	if len(all) == 0 || all[len(all)-1].marker {
		return nil
	}
	return &all[len(all)-1]
}

// Object is what a bucket has of a key.
type Object struct {
	Data      []byte // of the current version; nil beneath a delete marker
	Versions  int    // delete markers too
	Version   string // the ID of the current one
	LockMode  string // of the current version
	LockUntil time.Time
}

// Objects returns the objects of a bucket by their keys.
func (s *Server) Objects(bucket string) map[string]Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := map[string]Object{}
	for key, all := range s.objects[bucket] {
		o := Object{Versions: len(all)}
		if v := s.objects[bucket].current(key); v != nil {
			o.Data, o.Version, o.LockMode, o.LockUntil = slices.Clone(v.data), v.id, v.lock.mode, v.lock.until
		}
		found[key] = o
	}
	return found
}

// SetObject writes an object as somebody else who may write to the bucket does, who asks for no condition; nil
// deletes it, which leaves a delete marker where there are versions.
func (s *Server) SetObject(bucket, key string, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.bucketNamed(bucket)
	if b == nil {
		panic("awstest: no bucket " + bucket)
	}
	b.add(key, version{data: slices.Clone(data), marker: data == nil, modified: s.now()})
}

// add makes v the current version.
func (b *reached) add(key string, v version) version {
	sum := md5.Sum(v.data)
	if b.KMS {
		sum = md5.Sum(append([]byte("ciphertext of "), v.data...))
	}
	v.id, v.etag = nullVersion, `"`+hex.EncodeToString(sum[:])+`"`
	switch {
	case b.Versioned:
		v.id = rand.Text()
		b.held[key] = append(b.held[key], v)
	case v.marker:
		delete(b.held, key)
	default:
		b.held[key] = []version{v}
	}
	return v
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
func (b *reached) put(req *request) (any, *refusal) {
	_, key := req.s3Path()
	h := req.http.Header
	if len(key) > maxKey {
		return nil, &refusal{http.StatusBadRequest, "KeyTooLongError", "Your key is too long"}
	}
	actions := []string{"s3:PutObject"}
	if h.Get("X-Amz-Object-Lock-Mode") != "" {
		actions = append(actions, "s3:PutObjectRetention")
	}
	if h.Get("If-Match") != "" {
		actions = append(actions, "s3:GetObject")
	}
	for _, action := range actions {
		if ref := b.may(action, key); ref != nil {
			return nil, ref
		}
	}
	v := version{modified: b.server.now()}
	var ref *refusal
	if v.data, v.sums, ref = req.objectBody(); ref != nil {
		return nil, ref
	}
	if v.lock, ref = b.retention(h, v.sums); ref != nil {
		return nil, ref
	}
	if ref := b.precondition(h, key); ref != nil {
		return nil, ref
	}
	encryption := "AES256"
	if b.KMS {
		encryption = "aws:kms"
	}
	v = b.add(key, v)
	v.describe(req.reply)
	v.showSums(req.reply)
	req.reply.Set("X-Amz-Server-Side-Encryption", encryption)
	return s3Plain{status: http.StatusOK}, nil
}

// precondition holds a write against what is there.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
func (b *reached) precondition(h http.Header, key string) *refusal {
	none, match := h.Get("If-None-Match"), h.Get("If-Match")
	failed := &refusal{http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold"}
	found := b.held.current(key)
	switch {
	case none != "" && (none != "*" || match != ""):
		return notImplemented()
	case none == "*" && found != nil:
		return failed
	case match == "":
	case found == nil:
		return b.noKey()
	case match != found.etag && match != strings.Trim(found.etag, `"`):
		return failed
	}
	return nil
}

// describe sets the headers that a version has in every answer about it.
func (v version) describe(h http.Header) {
	if v.id != nullVersion {
		h.Set("X-Amz-Version-Id", v.id)
	}
	if v.marker {
		h.Set("X-Amz-Delete-Marker", "true")
		return
	}
	h.Set("Etag", v.etag)
}

// showSums sets the checksums that the version came with.
func (v version) showSums(h http.Header) {
	for name := range v.sums {
		h.Set(name, v.sums.Get(name))
		h.Set("X-Amz-Checksum-Type", "FULL_OBJECT")
	}
}

// get is GetObject and HeadObject, which has no body.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
func (b *reached) get(req *request) (any, *refusal) {
	_, key := req.s3Path()
	h := req.http.Header
	for _, name := range []string{"Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"} {
		if h.Get(name) != "" {
			return nil, notImplemented()
		}
	}
	action := "s3:GetObject"
	if req.params.Get("versionId") != "" {
		action = "s3:GetObjectVersion"
	}
	if ref := b.may(action, key); ref != nil {
		return nil, ref
	}
	v, ref := b.find(req, key)
	if ref != nil {
		return nil, ref
	}
	v.describe(req.reply)
	req.reply.Set("Last-Modified", v.modified.UTC().Format(http.TimeFormat))
	req.reply.Set("Content-Length", strconv.Itoa(len(v.data)))
	if v.lock.mode != "" && b.may("s3:GetObjectRetention", key) == nil {
		req.reply.Set("X-Amz-Object-Lock-Mode", v.lock.mode)
		req.reply.Set("X-Amz-Object-Lock-Retain-Until-Date", v.lock.until.UTC().Format(s3Time))
	}
	if h.Get("X-Amz-Checksum-Mode") == "ENABLED" {
		v.showSums(req.reply)
	}
	return s3Plain{http.StatusOK, v.data}, nil
}

// find is the version that is asked for.
func (b *reached) find(req *request, key string) (*version, *refusal) {
	id := req.params.Get("versionId")
	if id == "" {
		if v := b.held.current(key); v != nil {
			return v, nil
		}
		if len(b.held[key]) > 0 {
			req.reply.Set("X-Amz-Delete-Marker", "true")
		}
		return nil, b.noKey()
	}
	at := slices.IndexFunc(b.held[key], func(v version) bool { return v.id == id })
	switch {
	case at < 0:
		return nil, &refusal{http.StatusNotFound, "NoSuchVersion", "The specified version does not exist."}
	case b.held[key][at].marker:
		b.held[key][at].describe(req.reply)
		return nil, &refusal{http.StatusMethodNotAllowed, "MethodNotAllowed", "The specified method is not allowed against this resource."}
	}
	return &b.held[key][at], nil
}

// delete removes a version if it is named; without a name, a bucket with versions gets a delete marker.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
func (b *reached) delete(req *request) (any, *refusal) {
	_, key := req.s3Path()
	done := s3Plain{status: http.StatusNoContent}
	id := req.params.Get("versionId")
	if id == "" {
		if ref := b.may("s3:DeleteObject", key); ref != nil {
			return nil, ref
		}
		marker := b.add(key, version{marker: true, modified: b.server.now()})
		if b.Versioned {
			marker.describe(req.reply)
		}
		return done, nil
	}
	if ref := b.may("s3:DeleteObjectVersion", key); ref != nil {
		return nil, ref
	}
	at := slices.IndexFunc(b.held[key], func(v version) bool { return v.id == id })
	if at < 0 {
		return done, nil
	}
	v := b.held[key][at]
	if ref := b.locked(req.http.Header, key, v.lock); ref != nil {
		return nil, ref
	}
	v.describe(req.reply)
	req.reply.Del("Etag")
	if b.held[key] = slices.Delete(b.held[key], at, at+1); len(b.held[key]) == 0 {
		delete(b.held, key)
	}
	return done, nil
}
