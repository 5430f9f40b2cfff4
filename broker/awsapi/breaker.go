package awsapi

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/text"
)

// While an endpoint of AWS does not answer, each Request would spend the patience of a
// person on nothing, and its code where STS is asked. So after a few calls in a row without
// an answer the endpoint rests: it is not asked for a while. Then one Request asks it first,
// without a code; only once it answers do the others follow.
//
// No answer is one that was lost, was late or never came to be, and a 5xx. A refusal is an
// answer, whatever it says, so that nobody's mistakes stop others; and it takes two people.
// An answer counts for more than the silence of what was asked before it came: whoever
// waited for 12 s tells how it was then.
const (
	silentCalls  = 5
	silentPeople = 2
	restFor      = 30 * time.Second
	// oneRun is how far apart two calls without an answer are of one run at most.
	oneRun    = 5 * time.Minute
	probeTime = 3 * time.Second
)

// A service is what an endpoint of AWS serves, where.
type service struct{ name, region string }

// Of IAM there is one endpoint in a partition.
// https://docs.aws.amazon.com/general/latest/gr/iam-service.html
const anyRegion = "global"

// The names of services that nothing else names.
const (
	secretsName = "Secrets Manager"
	signinName  = "AWS sign-in"
)

// String begins a sentence.
func (s service) String() string {
	switch {
	case s.region == anyRegion:
		return s.name
	case s.name == signinName:
		return s.name + " at " + s.region
	}
	return s.name + " in " + s.region
}

// label is the name that metrics have.
func (s service) label() string {
	switch s.name {
	case stsName:
		return "STS"
	case signinName:
		return "sign-in"
	}
	return s.name
}

// A breaker is of one endpoint.
type breaker struct {
	of  service
	say func(of service, rests bool, silent time.Duration) // when it begins and ends to rest

	mu      sync.Mutex
	calls   int             // in a row without an answer
	people  map[string]bool // whose they were, silentPeople at most
	since   time.Time       // the first of them
	last    time.Time       // the last of them
	heard   time.Time       // when it answered last
	until   time.Time       // when it is asked again; zero: at once
	probing bool
}

var errNotAnswering = errors.New("calls in a row went without an answer")

// breaker is that of an endpoint. There are as many as services and regions that the config
// names.
func (c *Client) breaker(name, region string) *breaker {
	of := service{name, region}
	c.mu.Lock()
	defer c.mu.Unlock()
	b, ok := c.breakers[of]
	if !ok {
		b = &breaker{of: of, say: c.sayRests}
		c.breakers[of] = b
	}
	return b
}

// sayRests tells those who run the bot, once each time.
func (c *Client) sayRests(of service, rests bool, silent time.Duration) {
	if c.watch != nil {
		c.watch.Rests(of.label(), of.region, rests)
	}
	at := []any{"service", of.label(), "region", of.region, "silent_for", silent.Round(time.Millisecond)}
	if rests {
		c.log.Warn("AWS does not answer: it is not asked for a while", append(at, "tried_again_every", restFor)...)
		return
	}
	c.log.Info("AWS answers again", at...)
}

// Logging has c write to log when an endpoint of AWS stops answering, and when it answers
// again. It is for before c is used.
func (c *Client) Logging(log *slog.Logger) *Client {
	c.log = log
	return c
}

// pass reports whether the endpoint may be asked at now, or probed first; where neither,
// since when it has not answered, and how long to wait. Who is to probe calls probed or
// gaveUp.
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

// probed says whether the endpoint answered a probe.
func (b *breaker) probed(now time.Time, answered bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
	switch {
	case answered:
		b.answered(now)
	case !b.until.IsZero(): // else another was first
		b.until = now.Add(restFor)
	}
}

// gaveUp is of a probe that says nothing.
func (b *breaker) gaveUp() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
}

// called says whether the endpoint answered a call of user's that began then.
func (b *breaker) called(now, began time.Time, user string, answered bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case answered:
		b.answered(now)
		return
	case !b.until.IsZero(), began.Before(b.heard):
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
		b.say(b.of, true, now.Sub(b.since))
	}
}

// answered ends a rest. The caller holds mu.
func (b *breaker) answered(now time.Time) {
	rested := !b.until.IsZero()
	b.reset()
	if b.heard = now; rested {
		b.say(b.of, false, now.Sub(b.since))
	}
}

func (b *breaker) reset() { b.calls, b.people, b.until = 0, nil, time.Time{} }

// An asking is one call to an endpoint. Where that rests and is to be tried, a call without
// a code is the probe.
type asking struct {
	*breaker
	user  string // "": nobody's, which never has it rest
	probe bool
	began time.Time
}

// ask begins a call without a code, which ends with noted; the error says that the endpoint
// rests.
func (c *Client) ask(b *breaker, user, again string) (asking, *broker.Error) {
	ask, probe, silent, wait := b.pass(c.now())
	if !ask && !probe {
		return asking{}, b.resting(silent, wait, again)
	}
	return asking{b, user, probe, c.now()}, nil
}

// anyhow begins a call for which it does not count that the endpoint rests.
func anyhow(b *breaker) asking { return asking{breaker: b, probe: true} }

// notBegun ends a call that was not made.
func (a asking) notBegun() {
	if a.probe {
		a.gaveUp()
	}
}

// noted has the breaker know what became of a call. One that was given up by us, or that
// our own settings kept, says nothing of AWS.
func (c *Client) noted(ctx context.Context, a asking, err error, s *sending) {
	answered := true
	if err != nil {
		arrived := s.arrivalOf(ctx, err, codeOf(err))
		if errors.Is(err, context.Canceled) || arrived == malformed || arrived == misdirected {
			a.notBegun()
			return
		}
		answered = !unheard(arrived) || codeOf(err) == slowDown
	}
	c.ended(a, answered)
}

// ended has the breaker know whether a call was answered.
func (c *Client) ended(a asking, answered bool) {
	if a.probe {
		a.probed(c.now(), answered)
		return
	}
	if a.user != "" || answered {
		a.called(c.now(), a.began, a.user, answered)
	}
}

// resting is why an endpoint is not asked; again is what else it takes to try again.
func (b *breaker) resting(silent, wait time.Duration, again string) *broker.Error {
	hint := "Try again in " + text.Seconds(wait) + again + "."
	e := failed(broker.CodeCannotReachAWS, b.of.String()+" stopped answering, so it was not asked.", hint, errNotAnswering)
	if silent >= time.Minute {
		e = failed(broker.CodeCannotReachAWS, b.of.String()+" has not answered for "+text.Minutes(silent)+", so it was not asked.", hint, errNotAnswering)
	}
	e = detailed(e, "not_answering", b.of.name)
	if b.of.region != anyRegion {
		e.Facts.Region = b.of.region
	}
	return e
}

// slowDown is how S3 throttles, with a status that others have for being unwell.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
const slowDown = "SlowDown"

// unheard reports whether a call that failed was not answered, or by what is unwell.
func unheard(arrived arrival) bool {
	switch arrived {
	case arrivedNowhere, serverFailed, lost, malformed, misdirected:
		return true
	case refusedOnWay, refusedByAWS:
	}
	return false
}
