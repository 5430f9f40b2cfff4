package main

import (
	"context"
	"fmt"
	"time"

	"github.com/assumebot/assumebot/cmd/loadgen/fakeslack"
	"github.com/assumebot/assumebot/cmd/loadgen/lab"
	"github.com/assumebot/assumebot/cmd/loadgen/load"
)

// measureFlood has one person ask steadily, alone and beside another who floods, in turn.
func measureFlood(ctx context.Context, b *bench) ([]Figure, error) {
	// With that rate nobody but the flood comes near the limit of the config.
	const steady, flood, during = 15, 1000, 5 * time.Second
	l, err := b.start(ctx, lab.Options{})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	one := func(i int) load.Crowd {
		return load.Crowd{Slack: l.Slack, Types: func(int) fakeslack.Ask {
			return fakeslack.Ask{User: fakeslack.UserID(i), Command: "/assume", Text: "help"}
		}}
	}
	quiet, loud := one(1), one(2)
	served := quiet.AtOnce(ctx, 1, 20, load.Answered)[0].Said()
	var p99 ratio
	var beside, flooded []*fakeslack.Command
	for range turns {
		alone := load.Of(quiet.Steady(ctx, steady, during))
		ended := make(chan []*fakeslack.Command)
		go func() { ended <- loud.Steady(ctx, flood, during) }()
		disturbed := quiet.Steady(ctx, steady, during)
		flooded = append(flooded, <-ended...)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p99.add(load.Of(disturbed).Answer.P99, alone.Answer.P99)
		beside = append(beside, disturbed...)
		l.Slack.Forget()
	}
	r, f := load.Of(beside), load.Of(flooded)
	return []Figure{
		{Name: "another's answer p99, of that without the flood", Value: p99.value(), Unit: "×", Is: atMost, Goal: 1.5, Note: p99.note(" ms")},
		{Name: "another's ack p99", Value: r.Ack.P99, Unit: " ms"},
		{Name: "another's commands that were not served", Value: float64(r.Sent - r.Said[served]), Is: atMost,
			Note: fmt.Sprintf("of %d; %s", r.Sent, summary(r.Said))},
		{Name: "of the flood: answered", Value: float64(f.Answered), Note: fmt.Sprintf("of %d acknowledged, of %d; %s", f.Acked, f.Sent, summary(f.Said))},
	}, nil
}
