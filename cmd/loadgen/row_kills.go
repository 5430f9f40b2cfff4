package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/assumebot/assumebot/cmd/loadgen/fakeslack"
	"github.com/assumebot/assumebot/cmd/loadgen/lab"
	"github.com/assumebot/assumebot/cmd/loadgen/load"
)

const (
	// betweenKills is how long both replicas serve before the next kill.
	betweenKills = 500 * time.Millisecond
	// toldWithin is the goal for whoever asked a replica that was killed.
	toldWithin = 10 * time.Second
)

// measureKills kills replicas, one after another, among commands that issue.
func measureKills(ctx context.Context, b *bench) (_ []Figure, err error) {
	// So many that nobody comes again before all is told: a direct message counts for
	// what a person asked last.
	const people, rate, told = 2000, 20, time.Minute
	// Slack opens 50 sockets a minute for one app, so that with one each as many replicas can
	// be killed. Who is killed is chance: some live for less than they take to start, and some
	// for long enough to sign the record, which replicas that start read from there.
	l, err := b.start(ctx, lab.Options{Users: people, Replicas: 5, Connections: 1, STS: 50 * time.Millisecond})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	kills := b.often(10, 1000)
	crowd := typing(l, "/assume", fullAssume)
	crowd.Waits = told
	said, err := warm(ctx, crowd)
	if err != nil {
		return nil, err
	}
	trace, end, err := l.Trace(ctx)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	commands, err := beside(ctx, crowd, rate, func() error {
		for range kills {
			if !pause(ctx, betweenKills) {
				return ctx.Err()
			}
			if err := l.Replace(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err = errors.Join(err, end()); err != nil {
		return nil, err
	}
	return killed{commands: commands, said: said, kills: kills, stories: stories{began: began, trace: trace, lives: l.Lives()}}.figures(), nil
}

// A killed is what became of commands while replicas were killed.
type killed struct {
	commands []*fakeslack.Command
	said     string // how an answer with credentials begins
	kills    int
	stories
}

func (k killed) figures() []Figure {
	r := load.Of(k.commands)
	unacked, unanswered := r.Lost()
	again, twice := map[string]int{}, 0
	var never, wordless, late []*fakeslack.Command
	for _, c := range k.commands {
		_, acked := c.AckAfter()
		after, answered := c.AnswerAfter()
		switch {
		case acked && !answered:
			never = append(never, c)
		case after > toldWithin:
			late = append(late, c)
		}
		switch {
		case c.Answers()-c.Stopped() > 1:
			wordless = append(wordless, c)
			again[c.Again()]++
		case c.Answers() > 1:
			twice++
		}
	}
	slices.SortFunc(late, func(a, b *fakeslack.Command) int {
		after, _ := a.AnswerAfter()
		than, _ := b.AnswerAfter()
		return cmp.Compare(than, after)
	})
	delete(r.Said, k.said)
	return []Figure{
		{Name: "acknowledged and never answered", Value: float64(unanswered), Is: atMost,
			Note: fmt.Sprintf("of %d, with %d kills", r.Acked, k.kills), Cases: k.all(never)},
		{Name: "never acknowledged", Value: float64(r.Undelivered + unacked), Is: atMost, Note: fmt.Sprintf("no socket for %d of them", r.Undelivered)},
		{Name: "answered twice, once with the word that the bot was stopped", Value: float64(twice)},
		{Name: "answered twice without that word", Value: float64(len(wordless)), Is: atMost, Note: summary(again), Cases: k.all(wordless)},
		{Name: "the slowest answer", Value: r.Answer.Max / 1000, Unit: " s", Is: atMost, Goal: toldWithin.Seconds(), Note: summary(r.Said)},
		{Name: "answered later than that", Value: float64(len(late)), Is: atMost, Cases: k.all(late)},
	}
}

// stories tell what happened to a command, by what Slack, Redis and the lab saw.
type stories struct {
	began time.Time // times count from then
	trace *lab.Trace
	lives map[string]lab.Life
}

func (s stories) all(of []*fakeslack.Command) (out []string) {
	for _, c := range of {
		out = append(out, s.of(c))
	}
	return out
}

func (s stories) of(c *fakeslack.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s:", c.User, c.Command, strings.Fields(c.Text)[0])
	for _, sent := range c.Sendings() {
		fmt.Fprintf(&b, " sent to %s at %s,", s.replica(sent.To), s.at(sent.At))
	}
	if _, acked := c.AckAfter(); acked {
		fmt.Fprintf(&b, " acknowledged by %s at %s;", s.replica(c.AckedBy()), s.at(c.AckedAt()))
	} else {
		b.WriteString(" not acknowledged;")
	}
	owed := s.trace.Of(c.ResponseURL())
	if len(owed) == 0 {
		b.WriteString(" not seen on the ledger;")
	}
	for _, o := range owed {
		what := "on the ledger of"
		if o.Took {
			what = "taken over by"
		}
		fmt.Fprintf(&b, " %s %s at %s;", what, s.replica(o.Replica), s.at(o.At))
	}
	if _, answered := c.AnswerAfter(); !answered {
		b.WriteString(" not answered")
	} else {
		fmt.Fprintf(&b, " answered at %s: %q", s.at(c.AnsweredAt()), c.Said())
	}
	if c.Answers() > 1 {
		fmt.Fprintf(&b, ", %d times in all: %q", c.Answers(), c.Again())
	}
	return b.String()
}

// replica is its name, with when it was killed.
func (s stories) replica(name string) string {
	life, known := s.lives[name]
	switch {
	case !known:
		return name + " (killed before it said that it serves)"
	case life.Ended.IsZero():
		return life.Name
	}
	return fmt.Sprintf("%s (killed at %s)", life.Name, s.at(life.Ended))
}

func (s stories) at(t time.Time) string { return fmt.Sprintf("%.3f s", t.Sub(s.began).Seconds()) }
