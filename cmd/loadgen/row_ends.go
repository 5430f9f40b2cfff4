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
