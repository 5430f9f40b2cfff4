// Package load has people type at a fake Slack, and says what became of it. Arrivals
// follow a schedule that no answer changes, and each time counts from when the command
// was due: a bot that stands still for a second is seen to have kept everybody waiting
// who came in that second (no coordinated omission).
package load

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/assumebot/assumebot/cmd/loadgen/fakeslack"
)

// A Typist says what the i-th command is.
type Typist func(i int) fakeslack.Ask

// A Crowd is people who type in one workspace.
type Crowd struct {
	Slack  *fakeslack.Server
	Types  Typist
	Silent bool          // nobody answers there, so that nobody waits for it
	Waits  time.Duration // how long after the last thing that came; 0: 10 s
}

// Steady sends rate commands a second for d, each at its time, and waits for what
// becomes of them as Settle does.
func (w Crowd) Steady(ctx context.Context, rate float64, d time.Duration) []*fakeslack.Command {
	gap := time.Duration(float64(time.Second) / rate)
	commands := make([]*fakeslack.Command, 0, int(d/gap)+1)
	began := time.Now()
	for due := began; due.Sub(began) < d; due = due.Add(gap) {
		c := w.Slack.Prepare(w.Types(len(commands)))
		if wait := time.Until(due); wait > 0 && !pause(ctx, wait) {
			break
		}
		w.Slack.Send(c, due)
		commands = append(commands, c)
	}
	w.Settle(ctx, commands)
	return commands
}

// Burst sends n commands at the same instant.
func (w Crowd) Burst(ctx context.Context, n int) []*fakeslack.Command {
	commands := make([]*fakeslack.Command, n)
	for i := range commands {
		commands[i] = w.Slack.Prepare(w.Types(i))
	}
	due := time.Now()
	for _, c := range commands {
		w.Slack.Send(c, due)
	}
	w.Settle(ctx, commands)
	return commands
}

// Until is what somebody waits for before they type again.
type Until int

// What there is to wait for.
const (
	Answered Until = iota
	Acknowledged
)

// patience is how long they wait for it.
const patience = 15 * time.Second

// AtOnce has people type at the same time, each again once they have what they wait
// for, until count commands were sent.
func (w Crowd) AtOnce(ctx context.Context, people, count int, until Until) []*fakeslack.Command {
	commands := make([]*fakeslack.Command, count)
	var taken atomic.Int64
	var all sync.WaitGroup
	for range people {
		all.Go(func() {
			done := make(chan struct{}, 2)
			for ctx.Err() == nil {
				i := int(taken.Add(1)) - 1
				if i >= count {
					return
				}
				c := w.Slack.Prepare(w.Types(i))
				if until == Answered {
					c.Answered = func() { done <- struct{}{} }
				} else {
					c.Acked = func() { done <- struct{}{} }
				}
				commands[i] = c
				w.Slack.Send(c, time.Now())
				select {
				case <-done:
				case <-time.After(patience):
					done = make(chan struct{}, 2) // it may still come
				}
			}
		})
	}
	all.Wait()
	sent := commands[:0]
	for _, c := range commands {
		if c != nil {
			sent = append(sent, c)
		}
	}
	w.Settle(ctx, sent)
	return sent
}

const usualWait = 10 * time.Second

// Settle waits until every command is acknowledged and answered, or until nothing more
// has come for a while.
func (w Crowd) Settle(ctx context.Context, commands []*fakeslack.Command) {
	want := 2 * len(commands)
	if w.Silent {
		want = len(commands)
	}
	last, at := -1, time.Now()
	for {
		n := 0
		for _, c := range commands {
			if _, ok := c.AckAfter(); ok {
				n++
			}
			n += min(1, c.Answers())
		}
		switch {
		case n >= want:
			return
		case n > last:
			last, at = n, time.Now()
		case time.Since(at) > cmp.Or(w.Waits, usualWait):
			return
		}
		if !pause(ctx, 20*time.Millisecond) {
			return
		}
	}
}

// pause reports false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
