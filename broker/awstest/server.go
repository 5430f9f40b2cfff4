// Package awstest is a fake AWS over HTTP: STS, S3, Secrets Manager, IAM and console sign-in on one loopback
// endpoint, in AWS's wire formats. Tests, the demo and the load generator point real clients at it
// with a base endpoint.
//
// It refuses what AWS refuses, with AWS's codes and sentences: every request's Signature Version 4
// is computed anew, MFA codes follow RFC 6238 and work once, roles are assumed only as their trust
// allows, and issued credentials work until they expire. It parses and writes the wire with types
// of its own, never with the SDK's, so that an encoding mistake on one side cannot be cancelled by
// the same mistake on the other.
//
// Set-up calls panic on what IAM would refuse (a ninth device, a maximum session of 13 hours),
// since that is a mistake in the caller's set-up and no behaviour to test.
package awstest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxBody is far above any request that the modelled actions accept.
	maxBody = 1 << 20
	// maxLatency is what the server's write timeout leaves to Fault.Latency.
	maxLatency = 2 * time.Minute
	// defaultTokenSize is an ordinary size of a session token; AWS promises none.
	defaultTokenSize = 704
)

// Server is a fake AWS. Its methods may be called from any goroutine, also while requests are served.
type Server struct {
	url      string
	http     *http.Server
	conns    sync.WaitGroup
	served   chan error
	done     chan struct{}
	shut     sync.Once
	shutErr  error
	clock    atomic.Pointer[func() time.Time]
	skew     atomic.Int64
	travel   atomic.Pointer[func() time.Duration]
	tokenLen atomic.Int64

	mu       sync.Mutex
	users    map[string]*user      // by ARN
	roles    map[string]*role      // by ARN
	keys     map[string]*accessKey // by access key ID, long-term
	sessions map[string]*session   // by access key ID, temporary
	devices  map[string]*Device    // by serial
	buckets  map[string][]Bucket   // by account, sorted by name; replaced, never changed in place
	secrets  map[string]secret     // by account and name
	disabled map[string]bool       // regions without STS
	signin   signinState
	faults   []*armed
	calls    []Call
}

// Call is one request as the fake read it, whether it was answered or not.
type Call struct {
	Time        time.Time // when it was worked on, by the fake's clock
	Service     string    // sts, s3, secretsmanager, iam or signin
	Action      string
	Params      url.Values // query or form parameters; for Secrets Manager the members of the JSON body
	Region      string     // from the credential scope
	AccessKeyID string
	Status      int // 0 when no answer was sent
	ErrorCode   string
	RequestID   string
}

// Start listens on a free port of 127.0.0.1, plain HTTP. The caller must Close the server.
func Start() (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	s := &Server{
		url:    "http://" + l.Addr().String(),
		served: make(chan error, 1), done: make(chan struct{}),
		users: map[string]*user{}, roles: map[string]*role{}, keys: map[string]*accessKey{},
		sessions: map[string]*session{}, devices: map[string]*Device{}, buckets: map[string][]Bucket{},
		secrets: map[string]secret{}, disabled: map[string]bool{},
		signin: signinState{size: defaultSigninSize},
	}
	s.SetClock(time.Now)
	s.SetTokenSize(defaultTokenSize)
	s.http = &http.Server{
		Handler:           http.HandlerFunc(s.serve),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      maxLatency + 30*time.Second,
		IdleTimeout:       2 * time.Minute,
		ConnState:         s.track,
	}
	go func() { s.served <- s.http.Serve(l) }()
	return s, nil
}

// URL is the endpoint for all four services, without a final slash.
func (s *Server) URL() string { return s.url }

// Close cuts every connection, ends running delays and returns when all of the server's goroutines
// have ended. Closing twice is harmless.
func (s *Server) Close() error {
	s.shut.Do(func() {
		close(s.done)
		err := s.http.Close()
		if serveErr := <-s.served; !errors.Is(serveErr, http.ErrServerClosed) {
			err = errors.Join(err, serveErr)
		}
		// Again, for a connection that was accepted while the first pass ran.
		s.shutErr = errors.Join(err, s.http.Close())
		s.conns.Wait()
	})
	return s.shutErr
}

func (s *Server) track(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.conns.Add(1)
	case http.StateClosed, http.StateHijacked:
		s.conns.Done()
	case http.StateActive, http.StateIdle:
	}
}

// SetClock replaces the clock of MFA codes and of the expiry of issued credentials; now must be safe
// for concurrent use. It does not move the dates of signatures, which AWS clients take from the wall
// clock: see SetSkew.
func (s *Server) SetClock(now func() time.Time) { s.clock.Store(&now) }

// SetTravel lets the Date header go ahead of the wall clock by what ahead returns, as far as time
// travel has moved everybody: it may only grow, and must be safe for concurrent use. Clients sign by
// the wall clock, or by the Date of an earlier answer, so any date from the wall clock's to the one
// that is shown is good for a signature.
func (s *Server) SetTravel(ahead func() time.Duration) { s.travel.Store(&ahead) }

// SetSkew puts AWS's clock d ahead of the wall clock, for signatures and the Date header alone.
// Beyond five minutes (S3: fifteen) signatures are refused.
func (s *Server) SetSkew(d time.Duration) { s.skew.Store(int64(d)) }

// SetTokenSize sets the length in bytes of the session tokens issued from now on.
func (s *Server) SetTokenSize(n int) { s.tokenLen.Store(int64(n)) }

// SetRegionDisabled switches STS off in a region: AssumeRole and GetSessionToken signed for it answer
// RegionDisabledException.
func (s *Server) SetRegionDisabled(region string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disabled[region] = true
}

// Calls returns every request so far, in the order in which they were worked on.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// ForgetCalls empties what Calls returns, for a load generator that would fill memory with it.
func (s *Server) ForgetCalls() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = nil
}

func (s *Server) now() time.Time     { return (*s.clock.Load())() }
func (s *Server) awsTime() time.Time { return time.Now().Add(time.Duration(s.skew.Load())).UTC() }

// shownTime is what the Date header says.
func (s *Server) shownTime() time.Time {
	if ahead := s.travel.Load(); ahead != nil {
		return s.awsTime().Add((*ahead)())
	}
	return s.awsTime()
}

// serve answers one request. A fault that cuts the connection ends in http.ErrAbortHandler, which
// net/http documents as the way to do that.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "request body not readable", http.StatusRequestEntityTooLarge)
		return
	}
	req := newRequest(r, body)
	f := s.takeFault(req.action)
	if f.Refuse {
		s.record(req, answer{})
		panic(http.ErrAbortHandler)
	}
	a := s.work(req, f)
	if f.LoseAnswer {
		a.status = 0
	}
	s.record(req, a)
	if !s.delay(r.Context(), f.Latency) || f.LoseAnswer {
		panic(http.ErrAbortHandler)
	}
	s.write(w, req, a)
}

// work does what the request asks, unless the fault answers in its place.
func (s *Server) work(req *request, f Fault) answer {
	if f.Error != nil {
		return req.refuse(&refusal{cmp.Or(f.Error.Status, http.StatusBadRequest), f.Error.Code, f.Error.Message})
	}
	a := s.dispatch(req)
	if f.Malformed {
		a.body = []byte("<html><head><title>Bad gateway</ti")
	}
	return a
}

func (s *Server) record(req *request, a answer) {
	c := Call{
		Time: s.now(), Service: req.service, Action: req.action, Params: req.params,
		Region: req.auth.region, AccessKeyID: req.auth.keyID,
		Status: a.status, ErrorCode: a.code, RequestID: req.id,
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, c)
}

// delay reports whether anybody still waits for the answer.
func (s *Server) delay(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(min(d, maxLatency))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
	case <-s.done:
	}
	return false
}

func (s *Server) write(w http.ResponseWriter, req *request, a answer) {
	h := w.Header()
	h.Set("Content-Type", a.media)
	if a.location != "" {
		h.Set("Location", a.location)
	}
	h.Set("Date", s.shownTime().Format(http.TimeFormat))
	if req.service == serviceS3 {
		h.Set("x-amz-request-id", req.id)
		h.Set("x-amz-id-2", hostID(req.id))
		h.Set("Server", "AmazonS3")
	} else {
		h.Set("x-amzn-RequestId", req.id)
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // a client that went away is its own business
}
