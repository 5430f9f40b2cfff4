package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/assumebot/assumebot/cmd/loadgen/lab"
	"github.com/assumebot/assumebot/cmd/loadgen/load"
)

// A fault is something that begins among steady commands, and ends.
type fault struct {
	name       string
	during     time.Duration
	begin, end func()
}

// hears is how long anybody may wait for an answer.
const hears = 15 * time.Second

func measureFaults(ctx context.Context, b *bench) (figures []Figure, err error) {
	const sts = 50 * time.Millisecond
	l, err := b.start(ctx, lab.Options{STS: sts})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	if l.Redis.Process == nil {
		return nil, errors.New("a Redis that is not the load test's own cannot be stopped: leave --redis out")
	}
	var faults []fault
	for _, d := range []time.Duration{time.Second, 5 * time.Second, 20 * time.Second} {
		faults = append(faults, fault{fmt.Sprintf("Redis stands still for %s", d), d,
			func() { l.Redis.Process.Signal(syscall.SIGSTOP) }, func() { l.Redis.Process.Signal(syscall.SIGCONT) }})
	}
	faults = append(faults,
		fault{"STS takes 30 s for 5 s", 5 * time.Second, func() { l.AWS.SetDelay(30 * time.Second) }, func() { l.AWS.SetDelay(sts) }},
		fault{"response_url answers 429 for 5 s", 5 * time.Second, func() { l.Slack.Limit("response_url", 1) }, func() { l.Slack.Limit("response_url", 0) }},
	)
	for _, f := range faults {
		of, err := suffer(ctx, l, f)
		if err != nil {
			return figures, err
		}
		figures = append(figures, of...)
	}
	return figures, nil
}

// suffer has one fault happen, and goes on for a while after it.
func suffer(ctx context.Context, l *lab.Lab, f fault) ([]Figure, error) {
	const before, after = time.Second, 8 * time.Second
	crowd := typing(l, "/assume", fullAssume)
	crowd.Waits = 2 * hears
	said, err := warm(ctx, crowd)
	if err != nil {
		return nil, err
	}
	var over time.Time
	commands, err := beside(ctx, crowd, 20, func() error {
		if !pause(ctx, before) {
			return ctx.Err()
		}
		f.begin()
		pause(ctx, f.during)
		f.end()
		over = time.Now()
		pause(ctx, after)
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	var last time.Duration // of those that came after it and were not served
	for _, c := range commands {
		if since := c.SentAt().Sub(over); since > 0 && c.Said() != said {
			last = max(last, since)
		}
	}
	r := load.Of(commands)
	unacked, unanswered := r.Lost()
	delete(r.Said, said)
	l.Slack.Forget()
	return []Figure{
		{Name: f.name + ": lost", Value: float64(r.Undelivered + unacked + unanswered), Is: atMost, Note: fmt.Sprintf("of %d", r.Sent)},
		{Name: f.name + ": the slowest answer", Value: r.Answer.Max / 1000, Unit: " s", Is: atMost, Goal: hears.Seconds(), Note: summary(r.Said)},
		{Name: f.name + ": everybody is served again after", Value: last.Seconds(), Unit: " s"},
	}, nil
}
