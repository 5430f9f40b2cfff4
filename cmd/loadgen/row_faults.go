package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/assumebot/assumebot/cmd/loadgen/fakeslack"
	"github.com/assumebot/assumebot/cmd/loadgen/lab"
	"github.com/assumebot/assumebot/cmd/loadgen/load"
)

// A fault is something that begins among steady commands, and ends after a while.
type fault struct {
	name   string
	during time.Duration
	lab.Trouble
}

// hears is how long anybody may wait for an answer.
const hears = 15 * time.Second

// faultSTS is what STS takes where nothing is wrong.
const faultSTS = 50 * time.Millisecond

// faults are those of a single Redis, of STS and of Slack.
func faults(l *lab.Lab) []fault {
	const usual = 5 * time.Second
	r := l.Redis
	all := []fault{
		{"Redis's connections are killed", 0, r.CutOff()},
		{"Redis is full for 5 s", usual, r.Full()},
		{"Redis is a replica for 5 s", usual, r.Follower()},
		{"Redis loads for 5 s", usual, r.Loading()},
	}
	for _, d := range []time.Duration{time.Second, 5 * time.Second, 20 * time.Second} {
		all = append(all, fault{fmt.Sprintf("Redis stands still for %s", d), d, r.Frozen()})
	}
	set := func(do func()) func(context.Context) error {
		return func(context.Context) error { do(); return nil }
	}
	return append(all,
		fault{"Redis is gone for 5 s", usual, r.Killed(false)},
		fault{"Redis is flushed", 0, r.Flushed()},
		fault{"Redis is gone for 5 s, and comes back empty", usual, r.Killed(true)},
		fault{"STS takes 30 s for 5 s", usual, lab.Trouble{
			Begin: set(func() { l.AWS.SetDelay(30 * time.Second) }), End: set(func() { l.AWS.SetDelay(faultSTS) })}},
		fault{"response_url answers 429 for 5 s", usual, lab.Trouble{
			Begin: set(func() { l.Slack.Limit("response_url", 1) }), End: set(func() { l.Slack.Limit("response_url", 0) })}},
	)
}

func measureFaults(ctx context.Context, b *bench) (figures []Figure, err error) {
	l, err := b.start(ctx, lab.Options{STS: faultSTS})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	if l.Redis.Process == nil {
		return nil, errors.New("a Redis that is not the load test's own cannot be stopped: leave --redis out")
	}
	if figures, err = sufferAll(ctx, l, faults(l)); err != nil {
		return figures, err
	}
	sentinel, err := b.start(ctx, lab.Options{STS: faultSTS, Sentinel: true})
	if err != nil {
		return figures, err
	}
	defer sentinel.Close()
	of, err := sufferAll(ctx, sentinel, []fault{{"a Sentinel puts Redis's replica in its place", 0, sentinel.Redis.FailedOver()}})
	return append(figures, of...), err
}

// sufferAll has faults happen one after another, and holds what was shown in all that time
// against the record.
func sufferAll(ctx context.Context, l *lab.Lab, all []fault) (figures []Figure, err error) {
	crowd := typing(l, "/assume", fullAssume)
	crowd.Waits = 2 * hears
	served, err := warm(ctx, crowd)
	if err != nil {
		return nil, err
	}
	shown := int(l.AWS.Counts().Calls)
	for _, f := range all {
		n, err := awaitServed(ctx, crowd, served)
		if err != nil {
			return figures, fmt.Errorf("before %s: %w", f.name, err)
		}
		shown += n
		s, err := suffer(ctx, crowd, served, f)
		if err != nil {
			return figures, fmt.Errorf("%s: %w", f.name, err)
		}
		figures = append(figures, s.figures()...)
		shown += s.shown
		l.Slack.Forget()
	}
	if err := l.StopBots(ctx); err != nil {
		return figures, err
	}
	record, err := l.Record(ctx)
	if err != nil {
		return figures, err
	}
	calls := int(l.AWS.Counts().Calls)
	return append(figures,
		Figure{Name: "what record verify finds wrong", Value: float64(len(record.Findings)), Is: atMost},
		Figure{Name: "shown without an entry that tells it", Value: float64(max(0, shown-record.Granted)), Is: atMost, Note: fmt.Sprintf("of %d", shown)},
		Figure{Name: "calls of STS without an intent before", Value: float64(max(0, calls-record.Intents)), Is: atMost, Note: fmt.Sprintf("of %d", calls)},
	), nil
}

// A suffered is what became of commands before, during and after a fault.
type suffered struct {
	name     string
	result   load.Result
	shown    int // credentials
	lasted   time.Duration
	back     time.Duration // after its end, until somebody was shown credentials again
	everyone time.Duration // after its end, until the last who came and was not
}

// awaitServed asks until somebody reads what who is served does, and returns how many were.
// After an STS that did not answer the bot does not ask it for half a minute.
func awaitServed(ctx context.Context, crowd load.Crowd, served string) (int, error) {
	const longest = 90 * time.Second
	var said string
	for began := time.Now(); time.Since(began) < longest; pause(ctx, time.Second) {
		if said = crowd.AtOnce(ctx, 1, 1, load.Answered)[0].Said(); said == served {
			return 1, nil
		}
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
	}
	return 0, fmt.Errorf("nobody is served %s later: %s", longest, said)
}

// suffer has one fault happen, and goes on for a while after it.
func suffer(ctx context.Context, crowd load.Crowd, served string, f fault) (s suffered, err error) {
	const before, after = time.Second, 8 * time.Second
	s.name = f.name
	var began, over time.Time
	commands, err := beside(ctx, crowd, 20, func() error {
		if !pause(ctx, before) {
			return ctx.Err()
		}
		began = time.Now()
		if err := f.Begin(ctx); err != nil {
			return err
		}
		pause(ctx, f.during)
		if f.End != nil {
			if err := f.End(ctx); err != nil {
				return err
			}
		}
		over = time.Now()
		pause(ctx, after)
		return ctx.Err()
	})
	if err != nil {
		return s, err
	}
	s.lasted = over.Sub(began)
	s.judge(commands, over, served)
	return s, nil
}

// judge takes who reads said for served.
func (s *suffered) judge(commands []*fakeslack.Command, over time.Time, said string) {
	s.result = load.Of(commands)
	s.shown += s.result.Said[said]
	delete(s.result.Said, said)
	s.back = -1
	for _, c := range commands {
		served := c.Said() == said
		if since := c.SentAt().Sub(over); since > 0 && !served {
			s.everyone = max(s.everyone, since)
		}
		if since := c.AnsweredAt().Sub(over); served && since > 0 && (s.back < 0 || since < s.back) {
			s.back = since
		}
	}
}

func (s suffered) figures() []Figure {
	unacked, unanswered := s.result.Lost()
	return []Figure{
		{Name: s.name + ": lost", Value: float64(s.result.Undelivered + unacked + unanswered), Is: atMost, Note: fmt.Sprintf("of %d", s.result.Sent)},
		{Name: s.name + ": the slowest answer", Value: s.result.Answer.Max / 1000, Unit: " s", Is: atMost, Goal: hears.Seconds(), Note: summary(s.result.Said)},
		{Name: s.name + ": the first who is served again", Value: s.back.Seconds(), Unit: " s",
			Note: fmt.Sprintf("after its end; it lasted %s s", number(s.lasted.Seconds()))},
		{Name: s.name + ": everybody is", Value: s.everyone.Seconds(), Unit: " s", Note: "after its end"},
	}
}
