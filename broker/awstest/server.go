// Package awstest is a fake AWS over HTTP: STS, S3, Secrets Manager, KMS, IAM and console sign-in on one
// loopback endpoint, in AWS's wire formats. Tests, the demo and the load generator point real clients at it
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
	"maps"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// maxBody is far above any request that the modelled actions accept, but for objects.
	maxBody = 1 << 20
	// maxObject is the largest body of a PUT.
	maxObject = 16 << 20
	// maxLatency is what the server's write timeout leaves to Fault.Latency.
	maxLatency = 2 * time.Minute
)

// Server is a fake AWS. Its methods may be called from any goroutine, also while requests are served.
type Server struct {
	url     string
	http    *http.Server
	conns   sync.WaitGroup
	served  chan error
	done    chan struct{}
	shut    sync.Once
	shutErr error

	faults
	callLog
	*identities
	// Below is guarded by the mu of identities.
	buckets map[string][]Bucket // by account, sorted by name; replaced, never changed in place
	objects map[string]objects  // by bucket
	secrets map[string]*secret  // by account and name
	kms     map[string]*kmsKey  // by ARN
	signin  signinState
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
		identities: newIdentities(),
		buckets:    map[string][]Bucket{},
		objects:    map[string]objects{},
		secrets:    map[string]*secret{},
		kms:        map[string]*kmsKey{},
		signin:     signinState{size: defaultSigninSize},
	}
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

// URL is the endpoint for all services, without a final slash.
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

// serve answers one request. A fault that cuts the connection ends in http.ErrAbortHandler, which
// net/http documents as the way to do that.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	limit := int64(maxBody)
	if r.Method == http.MethodPut {
		limit = maxObject
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		http.Error(w, "request body not readable", http.StatusRequestEntityTooLarge)
		return
	}
	req := newRequest(r, body)
	f := s.takeFault(req.action, req.auth.region)
	if f.Refuse {
		s.record(s.now(), req, answer{})
		panic(http.ErrAbortHandler)
	}
	a := s.work(req, f)
	if f.LoseAnswer {
		a.status = 0
	}
	s.record(s.now(), req, a)
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
	maps.Copy(h, req.reply)
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
