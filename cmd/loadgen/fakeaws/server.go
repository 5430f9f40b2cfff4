// Package fakeaws is an AWS that costs little, for load: STS and a list of buckets. It
// checks that a call names an access key in a signature's header, that a serial and a
// code come together, and that a code has six digits. It checks neither signatures nor
// codes, roles or trust: broker/awstest does, and is too slow to stand beside a bot
// that is measured.
package fakeaws

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A Server is one AWS. Its methods are safe for concurrent use.
type Server struct {
	http    *http.Server
	address string

	delay         atomic.Int64 // of each answer of STS, in ns
	newTCP, calls atomic.Int64

	mu     sync.Mutex
	latest []Call
}

// A Call is one of STS.
type Call struct {
	Action       string
	Began, Ended time.Time // when it had come, and when it was answered
}

// remembered is how many calls Latest knows of.
const remembered = 8

// Start listens on a free port of 127.0.0.1 and serves until Close.
func Start() (*Server, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{address: ln.Addr().String()}
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, ConnState: func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.newTCP.Add(1)
		}
	}}
	go func() { _ = s.http.Serve(ln) }() // it ends with Close
	return s, nil
}

// Close ends every connection.
func (s *Server) Close() error { return s.http.Close() }

// URL is the endpoint of every service.
func (s *Server) URL() string { return "http://" + s.address }

// SetDelay sets how long STS takes for each answer.
func (s *Server) SetDelay(d time.Duration) { s.delay.Store(int64(d)) }

// Counts are what was counted since the Server started.
type Counts struct {
	TCP   int64 // new TCP connections
	Calls int64 // of STS
}

// Counts returns them.
func (s *Server) Counts() Counts { return Counts{TCP: s.newTCP.Load(), Calls: s.calls.Load()} }

// Latest are the latest calls that were answered, the oldest first. It remembers a few.
func (s *Server) Latest() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.latest)
}

func (s *Server) remember(c Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latest = append(s.latest[max(0, len(s.latest)+1-remembered):], c)
}

const maxBody = 1 << 20

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	key, signed := accessKey(r.Header.Get("Authorization"))
	w.Header().Set("x-amzn-RequestId", "00000000-0000-4000-8000-"+fmt.Sprintf("%012x", s.calls.Load()))
	switch {
	case err != nil || !signed:
		refuse(w, "MissingAuthenticationToken")
	case r.Method == http.MethodGet:
		w.Header().Set("Content-Type", "application/xml")
		_, _ = io.WriteString(w, buckets)
	default:
		params, _ := url.ParseQuery(string(body)) // what does not parse is not there
		s.sts(w, key, params)
	}
}

// accessKey reads the access key ID of a signature, version 4.
func accessKey(header string) (id string, ok bool) {
	_, rest, ok := strings.Cut(header, "AWS4-HMAC-SHA256 Credential=")
	id, _, cut := strings.Cut(rest, "/")
	return id, ok && cut && len(id) >= 16
}

func refuse(w http.ResponseWriter, code string) {
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(http.StatusForbidden)
	_, _ = fmt.Fprintf(w, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>%s</Code>`+
		`<Message>refused by the load test's AWS</Message></Error><RequestId>1</RequestId></ErrorResponse>`, code)
}

func (s *Server) sts(w http.ResponseWriter, key string, params url.Values) {
	began := time.Now()
	n := s.calls.Add(1)
	if serial, code := params.Get("SerialNumber"), params.Get("TokenCode"); (serial == "") != (code == "") || code != "" && !sixDigits(code) {
		refuse(w, "AccessDenied")
		return
	}
	if d := time.Duration(s.delay.Load()); d > 0 {
		time.Sleep(d)
	}
	var result string
	switch action := params.Get("Action"); action {
	case "AssumeRole":
		arn := params.Get("RoleArn")
		result = fmt.Sprintf(`<AssumeRoleResponse xmlns=%q><AssumeRoleResult><AssumedRoleUser><AssumedRoleId>AROALOAD:%s</AssumedRoleId>`+
			`<Arn>%s</Arn></AssumedRoleUser>%s</AssumeRoleResult></AssumeRoleResponse>`, namespace, params.Get("RoleSessionName"),
			assumed(arn, params.Get("RoleSessionName")), credentials(n, params.Get("DurationSeconds")))
	case "GetSessionToken":
		result = fmt.Sprintf(`<GetSessionTokenResponse xmlns=%q><GetSessionTokenResult>%s</GetSessionTokenResult></GetSessionTokenResponse>`,
			namespace, credentials(n, params.Get("DurationSeconds")))
	case "GetCallerIdentity":
		result = fmt.Sprintf(`<GetCallerIdentityResponse xmlns=%q><GetCallerIdentityResult><Arn>arn:aws:iam::111111111111:user/%s</Arn>`+
			`<UserId>AIDA%s</UserId><Account>111111111111</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`, namespace, key, key)
	default:
		refuse(w, "InvalidAction")
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	s.remember(Call{Action: params.Get("Action"), Began: began, Ended: time.Now()})
	_, _ = io.WriteString(w, result)
}

const namespace = "https://sts.amazonaws.com/doc/2011-06-15/"

// assumed is the ARN of a session of role.
func assumed(role, session string) string {
	parts := strings.SplitN(role, ":", 6)
	if len(parts) < 6 {
		return role
	}
	return "arn:aws:sts::" + parts[4] + ":assumed-role/" + strings.TrimPrefix(parts[5], "role/") + "/" + session
}

// token is as long as many of STS.
var token = strings.Repeat("IQoJb3JpZ2luX2Vj/+", 40) + "=="

func credentials(n int64, duration string) string {
	seconds, err := strconv.Atoi(duration)
	if err != nil {
		seconds = 3600
	}
	return fmt.Sprintf(`<Credentials><AccessKeyId>ASIALOAD%012d</AccessKeyId><SecretAccessKey>%040d</SecretAccessKey>`+
		`<SessionToken>%s</SessionToken><Expiration>%s</Expiration></Credentials>`, n, n, token,
		time.Now().Add(time.Duration(seconds)*time.Second).UTC().Format(time.RFC3339))
}

func sixDigits(code string) bool {
	return len(code) == 6 && strings.Trim(code, "0123456789") == ""
}

const buckets = `<?xml version="1.0" encoding="UTF-8"?><ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` +
	`<Owner><ID>1</ID></Owner><Buckets><Bucket><Name>load-logs</Name><CreationDate>2025-03-03T09:41:07.000Z</CreationDate>` +
	`<BucketRegion>eu-west-1</BucketRegion></Bucket></Buckets></ListAllMyBucketsResult>`
