package awstest

import (
	"net/url"
	"slices"
	"sync"
	"time"
)

// Call is one request as the fake read it, whether it was answered or not.
type Call struct {
	Time        time.Time // when it was worked on, by the fake's clock
	Service     string    // sts, s3, secretsmanager, kms, iam or signin
	Action      string
	Params      url.Values // query or form parameters; for Secrets Manager and KMS the members of the JSON body
	Region      string     // from the credential scope
	AccessKeyID string
	Agent       string // as the caller called itself
	Status      int    // 0 when no answer was sent
	ErrorCode   string
	RequestID   string
}

type callLog struct {
	lock  sync.Mutex
	calls []Call
	most  int // 0 is unbounded
}

// Calls returns every request so far, in the order in which they were worked on.
func (l *callLog) Calls() []Call {
	l.lock.Lock()
	defer l.lock.Unlock()
	return slices.Clone(l.calls)
}

// KeepCalls has Calls return the newest n alone, for a server that runs for long.
func (l *callLog) KeepCalls(n int) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.most = n
	l.trim()
}

// trim drops what is more than is kept. The caller holds lock.
func (l *callLog) trim() {
	if l.most > 0 {
		l.calls = l.calls[max(0, len(l.calls)-l.most):]
	}
}

// ForgetCalls empties what Calls returns, for a load generator that would fill memory with it.
func (l *callLog) ForgetCalls() {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.calls = nil
}

func (l *callLog) record(at time.Time, req *request, a answer) {
	c := Call{
		Time: at, Service: req.service, Action: req.action, Params: req.params,
		Region: req.auth.region, AccessKeyID: req.auth.keyID, Agent: req.http.UserAgent(),
		Status: a.status, ErrorCode: a.code, RequestID: req.id,
	}
	l.lock.Lock()
	defer l.lock.Unlock()
	l.calls = append(l.calls, c)
	l.trim()
}
