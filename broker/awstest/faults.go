package awstest

import (
	"slices"
	"sync"
	"time"
)

// Fault is something that goes wrong, or slowly, with the calls it matches. The fields combine; of
// several faults that match a call, the one injected first is taken.
type Fault struct {
	Action string // such as AssumeRole or ListBuckets; empty matches every call
	Region string // that the call was signed for; empty matches every one
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

type faults struct {
	lock  sync.Mutex
	armed []*armed // in the order of Inject
}

// Inject arms a fault until its Times are used up or clear is called. Calling clear again is harmless.
func (f *faults) Inject(fault Fault) (clear func()) {
	a := &armed{fault}
	f.lock.Lock()
	defer f.lock.Unlock()
	f.armed = append(f.armed, a)
	return func() {
		f.lock.Lock()
		defer f.lock.Unlock()
		f.disarm(a)
	}
}

// takeFault returns the fault for one call of the action, the zero Fault if none, and counts it.
func (f *faults) takeFault(action, region string) Fault {
	f.lock.Lock()
	defer f.lock.Unlock()
	for _, a := range f.armed {
		if a.Action != "" && a.Action != action || a.Region != "" && a.Region != region {
			continue
		}
		hit := a.Fault
		if a.Times == 1 {
			f.disarm(a)
		} else if a.Times > 1 {
			a.Times--
		}
		return hit
	}
	return Fault{}
}

func (f *faults) disarm(a *armed) {
	f.armed = slices.DeleteFunc(f.armed, func(other *armed) bool { return other == a })
}
