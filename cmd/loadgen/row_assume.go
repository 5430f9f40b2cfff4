package main

import (
	"context"
	"fmt"
	"time"

	"github.com/assumebot/assumebot/cmd/loadgen/fakeslack"
	"github.com/assumebot/assumebot/cmd/loadgen/lab"
	"github.com/assumebot/assumebot/cmd/loadgen/load"
)

// fullAssume issues credentials with a code.
const fullAssume = "{account} {code}"

// steadyRate is how many commands a second steady sends.
const steadyRate = 200

// withIssued adds to figures how many were not answered with credentials, which should be none.
func withIssued(figures []Figure, m Measured, said string) []Figure {
	other := m.Sent
	for text, n := range m.Said {
		if text == said {
			other -= n
		}
	}
	return append(figures, Figure{Name: "not answered with that", Value: float64(other), Is: atMost, Note: fmt.Sprintf("of %d", m.Sent)})
}

// warm asks a little first, so that connections are up, and returns how answers begin.
func warm(ctx context.Context, crowd load.Crowd) (said string, err error) {
	for _, c := range crowd.AtOnce(ctx, 10, 50, load.Answered) {
		said = c.Said()
	}
	if said == "" {
		return "", fmt.Errorf("the bot answers nobody")
	}
	return said, nil
}

// measureAssume measures the bot, and beside it a bare loop that makes the same calls
// to Slack, Redis and STS and does nothing else: no bot of this design costs less.
func measureAssume(ctx context.Context, b *bench) ([]Figure, error) {
	l, err := b.start(ctx, lab.Options{})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	crowd := typing(l, "/assume", fullAssume)
	said, err := warm(ctx, crowd)
	if err != nil {
		return nil, err
	}
	m, err := measure(ctx, l, func() []*fakeslack.Command { return crowd.AtOnce(ctx, 50, 4000, load.Answered) })
	if err != nil {
		return nil, err
	}
	bare, cpu, err := issueBare(ctx, l, crowd.Types)
	if err != nil {
		return nil, err
	}
	return withIssued([]Figure{
		{Name: "answered", Value: m.AnswerRate, Unit: "/s", Is: atLeast, Goal: 1000, Note: number(bare.AnswerRate) + "/s of a bare loop that makes the same calls"},
		{Name: "CPU of the bot", Value: m.CPU, Unit: " ms", Is: atMost, Goal: 0.8, Note: "each; " + number(cpu) + " ms of that loop"},
		{Name: "Redis commands", Value: m.Redis, Note: "each, those inside of scripts too"},
		{Name: "resident", Value: m.Peak, Unit: " MB", Note: "at most"},
	}, m, said), nil
}

// issueBare has people type at a bare loop that makes the calls which issuing costs. cpu
// is what each took it, in ms.
func issueBare(ctx context.Context, l *lab.Lab, types load.Typist) (r load.Result, cpu float64, err error) {
	y, err := l.StartIssuingYard(ctx, l.Slack.LastAnswer())
	if err != nil {
		return r, 0, err
	}
	crowd := load.Crowd{Slack: y.Slack, Types: types}
	crowd.AtOnce(ctx, 50, 200, load.Answered) // connections are up after it
	before, err := y.Usage()
	if err != nil {
		return r, 0, err
	}
	r = load.Of(crowd.AtOnce(ctx, 50, 4000, load.Answered))
	after, err := y.Usage()
	return r, float64((after.CPU - before.CPU).Microseconds()) / 1000 / float64(max(1, r.Answered)), err
}

// measureSteady measures the bot, and beside it two bare loops at the same rate, whose
// answers are the least that its two waits can be: one makes the calls that issuing costs,
// the other writes to Redis once, as the bot does before it acknowledges.
func measureSteady(ctx context.Context, b *bench) ([]Figure, error) {
	const sts = 50 * time.Millisecond
	l, err := b.start(ctx, lab.Options{STS: sts})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	crowd := typing(l, "/assume", fullAssume)
	said, err := warm(ctx, crowd)
	if err != nil {
		return nil, err
	}
	m, err := measure(ctx, l, func() []*fakeslack.Command { return crowd.Steady(ctx, steadyRate, 15*time.Second) })
	if err != nil {
		return nil, err
	}
	issuing, err := steadyBare(ctx, crowd.Types, func() (*lab.Yard, error) { return l.StartIssuingYard(ctx, l.Slack.LastAnswer()) })
	if err != nil {
		return nil, err
	}
	seeing, err := steadyBare(ctx, crowd.Types, func() (*lab.Yard, error) { return l.StartSeeingYard(ctx, l.Slack.LastAnswer()) })
	if err != nil {
		return nil, err
	}
	own := float64(sts.Milliseconds())
	return withIssued([]Figure{
		{Name: "reply p99 less STS's 50 ms", Value: m.Answer.P99 - own, Unit: " ms", Is: atMost, Goal: 15,
			Note: number(issuing.P99-own) + " ms of a bare loop that makes the same calls"},
		{Name: "reply p50 less STS's 50 ms", Value: m.Answer.P50 - own, Unit: " ms", Note: number(issuing.P50-own) + " ms of that loop"},
		{Name: "ack p99", Value: m.Ack.P99, Unit: " ms", Is: atMost, Goal: 5,
			Note: number(seeing.P99) + " ms until a bare loop that writes to Redis once answers"},
		{Name: "ack p50", Value: m.Ack.P50, Unit: " ms", Note: number(seeing.P50) + " ms of that loop"},
		{Name: "CPU of the bot", Value: m.CPU, Unit: " ms", Note: "each"},
	}, m, said), nil
}

// steadyBare is how soon a bare loop answers.
func steadyBare(ctx context.Context, types load.Typist, start func() (*lab.Yard, error)) (load.Times, error) {
	y, err := start()
	if err != nil {
		return load.Times{}, err
	}
	crowd := load.Crowd{Slack: y.Slack, Types: types}
	crowd.AtOnce(ctx, 10, 50, load.Answered) // connections are up after it
	return load.Of(crowd.Steady(ctx, steadyRate, 15*time.Second)).Answer, nil
}

func measureConnections(ctx context.Context, b *bench) ([]Figure, error) {
	l, err := b.start(ctx, lab.Options{})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	m, err := measure(ctx, l, func() []*fakeslack.Command {
		return typing(l, "/assume", fullAssume).AtOnce(ctx, 50, 2000, load.Answered)
	})
	if err != nil {
		return nil, err
	}
	return []Figure{
		{Name: "new TCP connections to Slack", Value: float64(m.SlackTCP), Is: atMost, Goal: 64},
		{Name: "new TCP connections to STS", Value: float64(m.AWSTCP), Is: atMost, Goal: 64},
		{Name: "calls of STS", Value: float64(l.AWS.Counts().Calls), Is: atLeast, Goal: float64(m.Sent), Note: summary(m.Said)},
	}, nil
}
