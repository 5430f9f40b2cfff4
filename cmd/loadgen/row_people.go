package main

import (
	"context"
	"fmt"
	"time"

	"github.com/assumebot/assumebot/cmd/loadgen/fakeslack"
	"github.com/assumebot/assumebot/cmd/loadgen/lab"
	"github.com/assumebot/assumebot/cmd/loadgen/load"
)

// measureCold has everybody come for the first time, to a bot that has just started,
// while Slack tells of fewer people a minute.
func measureCold(ctx context.Context, b *bench) ([]Figure, error) {
	const people, told = 300, 100
	l, err := b.start(ctx, lab.Options{Users: people, UsersInfo: told})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	m, err := measure(ctx, l, func() []*fakeslack.Command {
		return typing(l, "/assume", fullAssume).Steady(ctx, people/60.0, time.Minute)
	})
	if err != nil {
		return nil, err
	}
	return []Figure{
		{Name: "served", Value: float64(l.AWS.Counts().Calls), Is: atLeast, Goal: people, Note: fmt.Sprintf("of %d; %s", m.Sent, summary(m.Said))},
		{Name: "calls of users.info", Value: float64(m.Calls["users.info"])},
		{Name: "calls of users.list", Value: float64(l.Slack.Counts().Calls["users.list"])},
		{Name: "answer p99", Value: m.Answer.P99, Unit: " ms"},
	}, nil
}

// daily are the commands that people type in a day, in turn.
func daily() [][2]string {
	return [][2]string{
		{"/assume", fullAssume}, {"/assume", "help"}, {"/assume", fullAssume}, {"/sessions", ""}, {"/assume", "accounts"},
		{"/assume", fullAssume}, {"/assume", "explain {account}"}, {"/buckets", fullAssume}, {"/assume", "whoami"}, {"/assume", "help"},
	}
}

// typingAll has people type all of kinds in turn.
func typingAll(l *lab.Lab, kinds [][2]string) load.Crowd {
	var types []load.Typist
	for _, k := range kinds {
		types = append(types, typing(l, k[0], k[1]).Types)
	}
	return load.Crowd{Slack: l.Slack, Types: func(i int) fakeslack.Ask { return types[i%len(types)](i) }}
}

// measureMixed has people type what they type in a day.
func measureMixed(ctx context.Context, b *bench) (figures []Figure, err error) {
	l, err := b.start(ctx, lab.Options{STS: 50 * time.Millisecond})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	kinds := daily()
	crowd := typingAll(l, kinds)
	crowd.AtOnce(ctx, 10, 100, load.Answered) // connections are up after it
	var sent []*fakeslack.Command
	m, err := measure(ctx, l, func() []*fakeslack.Command {
		sent = crowd.Steady(ctx, 100, 15*time.Second)
		return sent
	})
	if err != nil {
		return nil, err
	}
	unacked, unanswered := m.Lost()
	figures = []Figure{
		{Name: "lost", Value: float64(m.Undelivered + unacked + unanswered), Is: atMost, Note: fmt.Sprintf("of %d", m.Sent)},
		{Name: "ack p99", Value: m.Ack.P99, Unit: " ms"},
		{Name: "CPU of the bot", Value: m.CPU, Unit: " ms", Note: "each"},
	}
	byKind := map[[2]string][]*fakeslack.Command{}
	for i, c := range sent {
		kind := kinds[i%len(kinds)]
		byKind[kind] = append(byKind[kind], c)
	}
	for _, kind := range kinds {
		if of := byKind[kind]; of != nil {
			r := load.Of(of)
			figures = append(figures, Figure{Name: kind[0] + " " + kind[1] + ": answer p99", Value: r.Answer.P99, Unit: " ms", Note: summary(r.Said)})
			delete(byKind, kind)
		}
	}
	return figures, nil
}
