package slacktest

import (
	"net/http"
	"strconv"
	"time"
)

// Fault makes requests fail. The zero value of a field leaves it out.
type Fault struct {
	// Method is a Web API method, "response_url", or "*" for all of both.
	Method string
	// Times is how many requests it hits: 0 means one, below 0 all.
	Times int
	// Error is the error to answer; "ratelimited" comes with status 429 and
	// Retry-After. For "response_url" it is the body.
	Error string
	// Status is the HTTP status, with an empty body unless Error is set.
	Status     int
	RetryAfter time.Duration
	// Latency delays the request before anything else.
	Latency time.Duration
	// Drop cuts the connection and does nothing; LoseAnswer does what was
	// asked and cuts the connection instead of answering.
	Drop, LoseAnswer bool
	// SlowAnswer does what was asked and delays the answer.
	SlowAnswer time.Duration
}

// traffic is the requests that were answered, and the faults that meet them.
type traffic struct {
	*workspace
	calls  []Call
	faults []*Fault
	limits map[string]*callLimit // by method
}

// Inject adds a fault; earlier ones are used up first.
func (s *traffic) Inject(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Times == 0 {
		f.Times = 1
	}
	s.faults = append(s.faults, &f)
}

// ClearFaults removes every fault.
func (s *traffic) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// LimitRate switches the limit of one message a second per channel on or off.
// https://docs.slack.dev/apis/web-api/rate-limits
func (s *posts) LimitRate(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limitRate = on
}

// ForbidDeletion makes chat.delete answer compliance_exports_prevent_deletion.
func (s *posts) ForbidDeletion(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forbidDeletion = on
}

// UnknownBlocks makes this a Slack that does not know these types of blocks, such as table,
// in messages; none: it knows all.
func (s *posts) UnknownBlocks(types ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unknownBlocks = types
}

// fault takes the next fault for method, as a copy.
func (s *traffic) fault(method string) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if (f.Method == method || f.Method == "*") && f.Times != 0 {
			if f.Times > 0 {
				f.Times--
			}
			hit := *f
			return &hit
		}
	}
	return nil
}

// delay waits for d, or until nobody waits for the answer any more.
func (s *traffic) delay(r *http.Request, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.Context().Done():
	case <-s.done:
	}
}

// finish answers a request that was recorded, as f has it.
func (s *traffic) finish(w http.ResponseWriter, r *http.Request, f *Fault, status int, contentType string, body []byte) {
	if f != nil {
		s.delay(r, f.SlowAnswer)
		if f.LoseAnswer {
			cut(w)
			return
		}
	}
	w.Header().Set("Content-Type", contentType+"; charset=utf-8")
	w.WriteHeader(status)
	// An error here means that the client has gone.
	_, _ = w.Write(body)
}

func (f *Fault) label() string {
	switch {
	case f.Drop:
		return "dropped"
	case f.Error != "":
		return f.Error
	}
	return "fault"
}

// enact plays f against a request of method and reports whether it should go
// on. One that should not is recorded before the client learns of it.
func (s *traffic) enact(w http.ResponseWriter, r *http.Request, method string, f *Fault) bool {
	s.delay(r, f.Latency)
	if f.Drop {
		s.record(method, nil, 0, f.label())
		cut(w)
		return false
	}
	if f.Error == "" && f.Status == 0 {
		return true
	}
	if f.Error == "ratelimited" && f.Status == 0 {
		f.Status = http.StatusTooManyRequests
	}
	if f.Status == 0 {
		f.Status = http.StatusOK
		if f.Method == "response_url" {
			f.Status = http.StatusNotFound
		}
	}
	if f.RetryAfter > 0 || f.Status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", seconds(f.RetryAfter))
	}
	var body []byte
	switch {
	case f.Error != "" && f.Method == "response_url":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		body = []byte(f.Error)
	case f.Error != "":
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		body = encode(object{"ok": false, "error": f.Error})
	}
	s.record(method, nil, f.Status, f.label())
	w.WriteHeader(f.Status)
	// An error here means that the client has gone.
	_, _ = w.Write(body)
	return false
}

// cut ends the TCP connection without an answer.
func cut(w http.ResponseWriter) {
	if h, ok := w.(http.Hijacker); ok {
		if conn, _, err := h.Hijack(); err == nil {
			_ = conn.Close()
		}
	}
}

// seconds rounds up, to one at least, as Retry-After is given.
func seconds(d time.Duration) string {
	n := int64((d + time.Second - 1) / time.Second)
	return strconv.FormatInt(max(n, 1), 10)
}
