package awstest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	sigAlgorithm = "AWS4-HMAC-SHA256"
	sigEnd       = "aws4_request"
	amzDate      = "20060102T150405Z"

	// sigWindow and s3SigWindow are how far a request's date may be from AWS's clock:
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html (5 minutes) and
	// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html (15 minutes).
	sigWindow   = 5 * time.Minute
	s3SigWindow = 15 * time.Minute
)

// regionShape admits today's regions, such as eu-west-1, us-gov-east-1 and ap-southeast-5.
var regionShape = regexp.MustCompile(`^[a-z]{2,3}(-[a-z]+){1,2}-\d{1,2}$`)

// authorization is the Authorization header of Signature Version 4:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
type authorization struct {
	keyID, day, region, service, end string
	signed                           []string
	signature                        string
	date                             string // as sent
	at                               time.Time
}

// parseAuthorization returns what is wrong in AWS's words, or "". A missing header gives the zero value.
func parseAuthorization(h http.Header) (authorization, string) {
	header := h.Get("Authorization")
	if header == "" {
		return authorization{}, ""
	}
	rest, ok := strings.CutPrefix(header, sigAlgorithm+" ")
	if !ok {
		return authorization{}, "Authorization header format is invalid: only " + sigAlgorithm + " is supported."
	}
	fields := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(part), "=")
		fields[k] = v
	}
	var missing strings.Builder
	for _, k := range []string{"Credential", "Signature", "SignedHeaders"} {
		if fields[k] == "" {
			fmt.Fprintf(&missing, "Authorization header requires '%s' parameter. ", k)
		}
	}
	a := authorization{date: h.Get("X-Amz-Date"), signature: fields["Signature"]}
	at, err := time.Parse(amzDate, a.date)
	if err != nil {
		missing.WriteString("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ")
	}
	if missing.Len() > 0 {
		return authorization{}, missing.String()
	}
	scope := strings.Split(fields["Credential"], "/")
	if len(scope) != 5 {
		return authorization{}, fmt.Sprintf("Credential must have exactly 5 slash-delimited elements, e.g. "+
			"keyid/date/region/service/term, got '%s'", fields["Credential"])
	}
	a.keyID, a.day, a.region, a.service, a.end = scope[0], scope[1], scope[2], scope[3], scope[4]
	a.signed, a.at = strings.Split(fields["SignedHeaders"], ";"), at
	return a, ""
}

// authenticate says whose request it is, or refuses it as its service does. No state changes before the
// signature is checked: whoever fails here has spent no code.
func (s *Server) authenticate(r *request) (*caller, *refusal) {
	if r.authErr != "" {
		return nil, r.unauthenticated(sigIncomplete, r.authErr)
	}
	if r.auth.keyID == "" {
		return nil, r.unauthenticated(sigMissing, "")
	}
	if detail := r.scopeProblem(); detail != "" {
		return nil, r.unauthenticated(sigScope, detail)
	}
	cred, kind := s.credential(r.auth.region, r.auth.keyID, r.http.Header.Get("X-Amz-Security-Token"))
	if kind != sigFine {
		return nil, r.unauthenticated(kind, "")
	}
	if detail := r.dateProblem(s.awsTime(), s.shownTime()); detail != "" {
		return nil, r.unauthenticated(sigSkewed, detail)
	}
	if name := r.unsignedHeader(); name != "" {
		return nil, r.unauthenticated(sigUnsigned, name)
	}
	payload, ref := r.payloadHash()
	if ref != nil {
		return nil, ref
	}
	want := signature(cred.secret, r.auth, canonicalRequest(r.http, r.service, r.auth.signed, payload))
	if !hmac.Equal([]byte(want), []byte(r.auth.signature)) {
		return nil, r.unauthenticated(sigMismatch, "")
	}
	if !s.used(r) {
		return nil, r.unauthenticated(sigUnknownKey, "")
	}
	cred.who.ip, _, _ = net.SplitHostPort(r.http.RemoteAddr) // as net/http writes it
	return cred.who, nil
}

func (r *request) scopeProblem() string {
	switch a := r.auth; {
	case a.end != sigEnd:
		return fmt.Sprintf("Credential should be scoped with a valid terminator: '%s'. ", sigEnd)
	case a.service != r.service:
		return fmt.Sprintf("Credential should be scoped to correct service: '%s'. ", r.service)
	case !regionShape.MatchString(a.region):
		return "Credential should be scoped to a valid region. "
	case a.day != a.date[:8]:
		return fmt.Sprintf("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "+
			"'%s' != '%s', from '%s'.", a.day, a.date[:8], a.date)
	}
	return ""
}

func (r *request) dateProblem(earliest, latest time.Time) string {
	window := sigWindow
	if r.service == serviceS3 {
		window = s3SigWindow
	}
	minutes := int(window.Minutes())
	if oldest := earliest.Add(-window); r.auth.at.Before(oldest.Truncate(time.Second)) {
		return fmt.Sprintf("Signature expired: %s is now earlier than %s (%s - %d min.)",
			r.auth.date, oldest.Format(amzDate), earliest.Format(amzDate), minutes)
	}
	if newest := latest.Add(window); r.auth.at.After(newest) {
		return fmt.Sprintf("Signature not yet current: %s is still later than %s (%s + %d min.)",
			r.auth.date, newest.Format(amzDate), latest.Format(amzDate), minutes)
	}
	return ""
}

// unsignedHeader names a header that must be signed and is not: Host and all of x-amz-*.
func (r *request) unsignedHeader() string {
	if !slices.Contains(r.auth.signed, "host") {
		return "host"
	}
	for name := range r.http.Header {
		name = strings.ToLower(name)
		if strings.HasPrefix(name, "x-amz-") && !slices.Contains(r.auth.signed, name) {
			return name
		}
	}
	return ""
}

// payloadHash is the last line of the canonical request. S3 takes the client's word in
// x-amz-content-sha256 and then holds the body against it:
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
func (r *request) payloadHash() (string, *refusal) {
	sum := sha256.Sum256(r.body)
	got := hex.EncodeToString(sum[:])
	if r.service != serviceS3 {
		return got, nil
	}
	said := r.http.Header.Get("X-Amz-Content-Sha256")
	switch {
	case said == "UNSIGNED-PAYLOAD" || said == unsignedTrailer || said == got:
		return said, nil
	case said == "":
		return "", &refusal{http.StatusBadRequest, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256"}
	case strings.HasPrefix(said, "STREAMING-"):
		return "", notImplemented()
	}
	return "", &refusal{http.StatusBadRequest, "XAmzContentSHA256Mismatch",
		"The provided 'x-amz-content-sha256' header does not match what was computed."}
}

func canonicalRequest(r *http.Request, service string, signed []string, payload string) string {
	path := r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	if service != serviceS3 { // all others encode the encoded path once more
		path = strings.ReplaceAll(uriEncode(path), "%2F", "/")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n%s\n", r.Method, path, canonicalQuery(r.URL.RawQuery))
	for _, name := range signed {
		fmt.Fprintf(&b, "%s:%s\n", name, canonicalHeader(r, name))
	}
	fmt.Fprintf(&b, "\n%s\n%s", strings.Join(signed, ";"), payload)
	return b.String()
}

func canonicalHeader(r *http.Request, name string) string {
	var values []string
	switch name {
	case "host": // net/http takes these two out of the header
		values = []string{r.Host}
	case "content-length":
		values = []string{fmt.Sprint(r.ContentLength)}
	default:
		values = r.Header.Values(name)
	}
	trimmed := make([]string, len(values))
	for i, v := range values {
		trimmed[i] = strings.Join(strings.FieldsFunc(v, func(c rune) bool { return c == ' ' }), " ")
	}
	return strings.Join(trimmed, ",")
}

func canonicalQuery(raw string) string {
	var pairs [][2]string
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		k, v, _ := strings.Cut(part, "=")
		pairs = append(pairs, [2]string{reEncode(k), reEncode(v)})
	}
	slices.SortFunc(pairs, func(a, b [2]string) int {
		if c := strings.Compare(a[0], b[0]); c != 0 {
			return c
		}
		return strings.Compare(a[1], b[1])
	})
	parts := make([]string, len(pairs))
	for i, p := range pairs {
		parts[i] = p[0] + "=" + p[1]
	}
	return strings.Join(parts, "&")
}

func reEncode(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		s = plain
	}
	return uriEncode(s)
}

// uriEncode leaves RFC 3986's unreserved characters alone and writes all others as %XX, upper case.
func uriEncode(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// signature signs the canonical request with a key derived for its day, region and service.
func signature(secret string, a authorization, canonical string) string {
	sum := sha256.Sum256([]byte(canonical))
	scope := strings.Join([]string{a.day, a.region, a.service, a.end}, "/")
	toSign := strings.Join([]string{sigAlgorithm, a.date, scope, hex.EncodeToString(sum[:])}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range []string{a.day, a.region, a.service, a.end} {
		key = hmacSHA256(key, part)
	}
	return hex.EncodeToString(hmacSHA256(key, toSign))
}

func hmacSHA256(key []byte, data string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(data))
	return m.Sum(nil)
}
