package main

import (
	"context"
	"fmt"
	"time"

	"github.com/assumebot/assumebot/cmd/loadgen/fakeslack"
	"github.com/assumebot/assumebot/cmd/loadgen/lab"
	"github.com/assumebot/assumebot/cmd/loadgen/load"
)

// beside sends rate commands a second while something happens to whom they are sent.
func beside(ctx context.Context, crowd load.Crowd, rate float64, happens func() error) ([]*fakeslack.Command, error) {
	sent := make(chan []*fakeslack.Command)
	sending, stop := context.WithCancel(ctx)
	defer stop()
	const forever = 24 * time.Hour
	go func() { sent <- crowd.Steady(sending, rate, forever) }()
	err := happens()
	stop()
	commands := <-sent
	if err == nil {
		crowd.Settle(ctx, commands)
		err = ctx.Err()
	}
	return commands, err
}

// opens is how long the bot may take to open a socket again: it waits longer each time
// that one has ended soon.
const opens = time.Minute

// measureRecycles has all sockets end again and again, as Slack ends them, and then has
// connections break, with a command every 5 ms.
func measureRecycles(ctx context.Context, b *bench) (figures []Figure, err error) {
	l, err := b.start(ctx, lab.Options{})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	recycles, drops := b.often(5, 200), b.often(5, 50)
	for _, way := range []struct {
		name  string
		times int
		end   func()
		wire  bool // what is on the wire may be lost
	}{
		{"recycles", recycles, func() { l.Slack.Recycle(ctx) }, false},
		{"TCP kills", drops, l.Slack.Drop, true},
	} {
		commands, err := beside(ctx, typing(l, "/assume", "help"), 200, func() error {
			for range way.times {
				opened := l.Slack.Counts().Sockets
				way.end()
				waiting, cancel := context.WithTimeout(ctx, opens)
				err := l.Slack.AwaitOpened(waiting, opened+1)
				cancel()
				if err == nil {
					err = l.AwaitBots(ctx)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return figures, err
		}
		r := load.Of(commands)
		unacked, unanswered := r.Lost()
		where := fmt.Sprintf("%d %s: ", way.times, way.name)
		again := Figure{Name: where + "sent again, since the socket ended first", Value: float64(r.Resent), Is: atMost}
		if way.wire {
			again.Is = noGoal
		}
		figures = append(figures,
			Figure{Name: where + "lost", Value: float64(r.Undelivered + unacked + unanswered), Is: atMost,
				Note: fmt.Sprintf("of %d; no socket for %d of them", r.Sent, r.Undelivered)},
			Figure{Name: where + "acknowledged later than 3 s", Value: float64(r.Late), Is: atMost,
				Note: fmt.Sprintf("ack p99 %s ms, max %s ms", number(r.Ack.P99), number(r.Ack.Max))},
			again)
		l.Slack.Forget()
	}
	return figures, nil
}

// measureKills kills replicas, one after another, among commands that issue.
func measureKills(ctx context.Context, b *bench) ([]Figure, error) {
	// So many that nobody comes again before all is told: a direct message counts for
	// what a person asked last.
	const people, rate, told = 2000, 20, time.Minute
	l, err := b.start(ctx, lab.Options{Users: people, Replicas: 2, STS: 50 * time.Millisecond})
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
	commands, err := beside(ctx, crowd, rate, func() error {
		for range kills {
			if !pause(ctx, 500*time.Millisecond) {
				return ctx.Err()
			}
			if err := l.Replace(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	r := load.Of(commands)
	unacked, unanswered := r.Lost()
	again, twice, wordless := map[string]int{}, 0, 0
	for _, c := range commands {
		switch {
		case c.Answers()-c.Stopped() > 1:
			wordless++
			again[c.Again()]++
		case c.Answers() > 1:
			twice++
		}
	}
	delete(r.Said, said)
	return []Figure{
		{Name: "acknowledged and never answered", Value: float64(unanswered), Is: atMost, Note: fmt.Sprintf("of %d, with %d kills", r.Acked, kills)},
		{Name: "never acknowledged", Value: float64(r.Undelivered + unacked), Is: atMost, Note: fmt.Sprintf("no socket for %d of them", r.Undelivered)},
		{Name: "answered twice, once with the word that the bot was stopped", Value: float64(twice)},
		{Name: "answered twice without that word", Value: float64(wordless), Is: atMost, Note: summary(again)},
		{Name: "the slowest answer", Value: r.Answer.Max / 1000, Unit: " s", Is: atMost, Goal: 10, Note: summary(r.Said)},
	}, nil
}
