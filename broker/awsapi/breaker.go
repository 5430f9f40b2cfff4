package awsapi

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/text"
)

// While STS does not answer, each Request would spend its code and the patience of a
// person on nothing. So after a few calls in a row without an answer STS is not asked
// for a while, which costs no code. Then one Request asks it first who signs, which takes
// no code either; only once STS answers that are codes sent again.
//
// No answer is one that was lost, was late or never came to be, and a 5xx. A refusal is an
// answer, whatever it says, so that nobody's mistakes stop others; and it takes two people.
const (
	silentCalls  = 5
	silentPeople = 2
	restFor      = 30 * time.Second
	// oneRun is how far apart two calls without an answer are of one run at most.
	oneRun    = 5 * time.Minute
	probeTime = 3 * time.Second
)

// A breaker is of one endpoint. Its zero value is closed.
type breaker struct {
	mu      sync.Mutex
	calls   int             // in a row without an answer
	people  map[string]bool // whose they were, silentPeople at most
	since   time.Time       // the first of them
	last    time.Time       // the last of them
	until   time.Time       // when it is asked again; zero: at once
	probing bool
}

var errNotAnswering = errors.New("calls in a row went without an answer")

// pass reports whether STS may be asked at now, or probed first; where neither, since when
// it has not answered, and how long to wait.
func (b *breaker) pass(now time.Time) (ask, probe bool, silent, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.until.IsZero():
		return true, false, 0, 0
	case now.Before(b.until):
		return false, false, now.Sub(b.since), b.until.Sub(now)
	case b.probing:
		return false, false, now.Sub(b.since), probeTime
	}
	b.probing = true
	return false, true, now.Sub(b.since), restFor
}

// probed says whether STS answered a probe.
func (b *breaker) probed(now time.Time, answered bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
	if answered {
		b.reset()
		return
	}
	b.until = now.Add(restFor)
}

// called says whether STS answered a call of user's.
func (b *breaker) called(now time.Time, user string, answered bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case !b.until.IsZero(): // it began before
		return
	case answered:
		b.reset()
		return
	case b.calls == 0 || now.Sub(b.last) > oneRun:
		b.reset()
		b.since, b.people = now, make(map[string]bool)
	}
	b.calls, b.last = b.calls+1, now
	if len(b.people) < silentPeople {
		b.people[user] = true
	}
	if b.calls >= silentCalls && len(b.people) >= silentPeople {
		b.until = now.Add(restFor)
	}
}

func (b *breaker) reset() { b.calls, b.people, b.until = 0, nil, time.Time{} }

// notAnswering is why STS is not asked to serve call; nil when it is.
func (c *Client) notAnswering(ctx context.Context, op operation, call broker.Call) *broker.Error {
	ask, probe, silent, wait := c.silence.pass(c.now())
	if probe {
		ask = c.probe(ctx, call)
		c.silence.probed(c.now(), ask)
	}
	if ask {
		return nil
	}
	again := "Try again in " + text.Seconds(wait) + "."
	if op.signer == byMFASession && !op.sessionOK {
		again = "Try again in " + text.Seconds(wait) + " with a new code."
	}
	e := failed(broker.CodeCannotReachAWS, "AWS STS in "+op.region+" stopped answering, so it was not asked.", again, errNotAnswering)
	if silent >= time.Minute {
		e = failed(broker.CodeCannotReachAWS, "AWS STS in "+op.region+" has not answered for "+text.Minutes(silent)+", so it was not asked.",
			again, errNotAnswering)
	}
	e = detailed(e, "not_answering", stsName)
	e.Use, e.Facts.Region = op.use(broker.UseUnused), op.region
	return e
}

// probe asks STS who signs call, without a code, and reports whether it answered.
func (c *Client) probe(ctx context.Context, call broker.Call) bool {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	ctx, sent := withSending(ctx)
	_, err := c.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}, func(o *sts.Options) {
		o.Credentials, o.Retryer = signing(call.Signer), aws.NopRetryer{}
	})
	return err == nil || !unheard(ctx, err, sent)
}

// noteAnswer has the breaker know what became of a call. One that was given up by us, or
// that our own settings kept, says nothing of STS.
func (c *Client) noteAnswer(ctx context.Context, user string, err error, s *sending) {
	if err != nil {
		arrived := arrivedWith(ctx, err, s)
		if errors.Is(err, context.Canceled) || arrived == malformed || arrived == misdirected {
			return
		}
	}
	c.silence.called(c.now(), user, err == nil || !unheard(ctx, err, s))
}

// unheard reports whether err says that STS did not answer, or is unwell.
func unheard(ctx context.Context, err error, s *sending) bool {
	switch arrivedWith(ctx, err, s) {
	case arrivedNowhere, serverFailed, lost, malformed, misdirected:
		return true
	case refusedOnWay, refusedByAWS:
	}
	return false
}

func arrivedWith(ctx context.Context, err error, s *sending) arrival {
	var api smithy.APIError
	code := ""
	if errors.As(err, &api) {
		code = api.ErrorCode()
	}
	return s.arrivalOf(ctx, err, code)
}
