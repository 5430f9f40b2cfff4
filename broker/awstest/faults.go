package awstest

import (
	"slices"
	"time"
)

// Fault is something that goes wrong, or slowly, with the calls it matches. The fields combine; of
// several faults that match a call, the one injected first is taken.
type Fault struct {
	Action string // such as AssumeRole or ListBuckets; empty matches every call
	Times  int    // how many calls it meets; 0 means until cleared

	// Latency holds back the answer, at most two minutes. The work is done before the wait: a
	// caller that gives up meanwhile has spent its code all the same, the worse of the two cases.
	Latency time.Duration
	// Error answers in place of any work: no signature is checked, no code is spent.
	Error *FaultError
	// LoseAnswer does the work (spends the code, issues the credentials) and then cuts the
	// connection. Go's HTTP client repeats a GET on a reused connection that ends like this.
	LoseAnswer bool
	// Refuse cuts the connection and does nothing.
	Refuse bool
	// Malformed does the work and answers with a body that is neither XML nor JSON.
	Malformed bool
}

// FaultError is an answer in the shape of the service that was called, such as
// {400, "Throttling", "Rate exceeded"}.
type FaultError struct {
	Status        int // 0 means 400
	Code, Message string
}

type armed struct{ Fault }

// Inject arms a fault until its Times are used up or clear is called. Calling clear again is harmless.
func (s *Server) Inject(f Fault) (clear func()) {
	a := &armed{f}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, a)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.disarm(a)
	}
}

// takeFault returns the fault for one call of the action, the zero Fault if none, and counts it.
func (s *Server) takeFault(action string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.faults {
		if a.Action != "" && a.Action != action {
			continue
		}
		f := a.Fault
		if a.Times == 1 {
			s.disarm(a)
		} else if a.Times > 1 {
			a.Times--
		}
		return f
	}
	return Fault{}
}

func (s *Server) disarm(a *armed) {
	s.faults = slices.DeleteFunc(s.faults, func(other *armed) bool { return other == a })
}
