package awstest

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"strconv"
	"strings"
)

// unsignedTrailer, in place of the hash of the payload, says that the payload comes in chunks, after which its
// checksum comes as a trailer. The signature covers neither.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
const unsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

// checksums are the algorithms of x-amz-checksum-… that the fake computes.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
var checksums = map[string]func() hash.Hash{
	"X-Amz-Checksum-Crc32":     func() hash.Hash { return crc32.NewIEEE() },
	"X-Amz-Checksum-Crc32c":    func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) },
	"X-Amz-Checksum-Crc64nvme": func() hash.Hash { return crc64.New(crc64.MakeTable(0x9a6c9329ac4bc9b5)) },
	"X-Amz-Checksum-Sha1":      sha1.New,
	"X-Amz-Checksum-Sha256":    sha256.New,
}

// objectBody is the object of a PutObject, with the checksums that came with it, each of which is right.
func (r *request) objectBody() ([]byte, http.Header, *refusal) {
	h, data := r.http.Header, r.body
	sums := http.Header{}
	for name, values := range h {
		if strings.HasPrefix(name, "X-Amz-Checksum-") {
			sums[name] = values
		}
	}
	chunked := h.Get("X-Amz-Content-Sha256") == unsignedTrailer
	if said := strings.Contains(h.Get("Content-Encoding"), "aws-chunked"); said != chunked {
		return nil, nil, &refusal{http.StatusBadRequest, "InvalidRequest", "aws-chunked is not what x-amz-content-sha256 says"}
	}
	if chunked {
		var trailer http.Header
		var ref *refusal
		if data, trailer, ref = r.unchunk(); ref != nil {
			return nil, nil, ref
		}
		for name, values := range trailer {
			sums[name] = values
		}
	}
	for name := range sums {
		if ref := checkSum(name, sums.Get(name), data); ref != nil {
			return nil, nil, ref
		}
	}
	if said := h.Get("Content-Md5"); said != "" {
		raw, err := base64.StdEncoding.DecodeString(said)
		if err != nil || len(raw) != md5.Size {
			return nil, nil, &refusal{http.StatusBadRequest, "InvalidDigest", "The Content-MD5 you specified was invalid."}
		}
		if sum := md5.Sum(data); !bytes.Equal(sum[:], raw) {
			return nil, nil, &refusal{http.StatusBadRequest, "BadDigest", "The Content-MD5 you specified did not match what we received."}
		}
	}
	return data, sums, nil
}

func checkSum(name, said string, data []byte) *refusal {
	algorithm := checksums[name]
	if algorithm == nil {
		return notImplemented()
	}
	sum := algorithm()
	_, _ = sum.Write(data) // hashes never fail
	raw, err := base64.StdEncoding.DecodeString(said)
	switch {
	case err != nil || len(raw) != sum.Size():
		return &refusal{http.StatusBadRequest, "InvalidRequest", "Value for " + strings.ToLower(name) + " header is invalid."}
	case !bytes.Equal(sum.Sum(nil), raw):
		kind := strings.ToUpper(strings.TrimPrefix(name, "X-Amz-Checksum-"))
		return &refusal{http.StatusBadRequest, "BadDigest", "The " + kind + " you specified did not match the calculated checksum."}
	}
	return nil
}

// unchunk reads chunks, each of which is its size in hexadecimal, a line break, the bytes and a line break; an
// empty one is the last, and trailers follow it. Those that were announced must be there, and no others.
func (r *request) unchunk() (data []byte, trailer http.Header, ref *refusal) {
	incomplete := &refusal{http.StatusBadRequest, "IncompleteBody", "The request body terminated unexpectedly"}
	malformed := &refusal{http.StatusBadRequest, "MalformedTrailerError",
		"The request contained trailing data that was not well-formed or did not conform to our published schema."}
	rest := r.body
	for {
		line, after, ok := bytes.Cut(rest, []byte("\r\n"))
		n, err := strconv.ParseUint(string(line), 16, 31)
		if !ok || err != nil {
			return nil, nil, incomplete
		}
		if rest = after; n == 0 {
			break
		}
		if uint64(len(rest)) < n+2 || string(rest[n:n+2]) != "\r\n" {
			return nil, nil, incomplete
		}
		data, rest = append(data, rest[:n]...), rest[n+2:]
	}
	if r.http.Header.Get("X-Amz-Decoded-Content-Length") != strconv.Itoa(len(data)) {
		return nil, nil, incomplete
	}
	trailer = http.Header{}
	for {
		line, after, ok := bytes.Cut(rest, []byte("\r\n"))
		if rest = after; !ok {
			return nil, nil, malformed
		}
		if len(line) == 0 {
			break
		}
		name, value, _ := strings.Cut(string(line), ":")
		trailer.Set(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	announced := http.CanonicalHeaderKey(strings.TrimSpace(r.http.Header.Get("X-Amz-Trailer")))
	if len(rest) > 0 || len(trailer) != 1 || trailer.Get(announced) == "" {
		return nil, nil, malformed
	}
	return data, trailer, nil
}
