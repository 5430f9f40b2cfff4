package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/assumebot/assumebot/cmd/loadgen/fakeslack"
	"github.com/assumebot/assumebot/cmd/loadgen/lab"
	"github.com/assumebot/assumebot/cmd/loadgen/load"
)

const burst = 10_000

// bursts are several at the bot and at a bare loop in turn.
type bursts struct {
	acks           ratio
	sent, bystands []*fakeslack.Command // at the bot
	peak           float64              // MB
}

// Bystanders are others than those who burst.
const bursting, bystanding = 2000, 10

// turn is one at each.
func (t *bursts) turn(ctx context.Context, l *lab.Lab, p pair) error {
	bystanders := p.bot
	p.bot.Types, bystanders.Types = people(0, bursting), people(bursting, bystanding)
	bare := load.Of(p.acks.Burst(ctx, burst))
	p.acks.Slack.Forget()
	var sent []*fakeslack.Command
	var m Measured
	aside, err := beside(ctx, bystanders, 10, func() (err error) {
		m, err = measure(ctx, l, func() []*fakeslack.Command { sent = p.bot.Burst(ctx, burst); return sent })
		return err
	})
	if err != nil {
		return err
	}
	p.bot.Slack.Forget()
	t.acks.add(m.Ack.P99, bare.Ack.P99)
	t.sent, t.bystands, t.peak = append(t.sent, sent...), append(t.bystands, aside...), m.Peak
	return nil
}

// people are n of them, from the first on, who ask for help.
func people(first, n int) load.Typist {
	return func(i int) fakeslack.Ask {
		return fakeslack.Ask{User: fakeslack.UserID(first + i%n), Command: "/assume", Text: "help"}
	}
}

// measureBurst sends bursts while bystanders go on asking, a few a second.
func measureBurst(ctx context.Context, b *bench) ([]Figure, error) {
	l, err := b.start(ctx, lab.Options{Users: bursting + bystanding})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	p, err := startPair(ctx, l, "help")
	if err != nil {
		return nil, err
	}
	helped := p.bot.AtOnce(ctx, 1, 1, load.Answered)[0].Said()
	var t bursts
	for range 3 {
		if err := t.turn(ctx, l, p); err != nil {
			return nil, err
		}
	}
	r, aside := load.Of(t.sent), load.Of(t.bystands)
	_, unanswered := r.Lost()
	return []Figure{
		{Name: "ack p99, of the bare loop's", Value: t.acks.value(), Unit: "×", Is: atMost, Goal: 1.2, Note: t.acks.note(" ms")},
		{Name: "neither served nor told that the bot is busy", Value: float64(failed(r, helped) + unanswered), Is: atMost, Note: summary(r.Said)},
		{Name: "told that it is busy", Value: float64(busy(r)), Note: fmt.Sprintf("of %d", r.Sent)},
		{Name: "answered later than 3 s after its ack", Value: float64(lateAnswers(t.sent)), Is: atMost, Note: fmt.Sprintf("of %d", r.Sent)},
		{Name: "resident at most", Value: t.peak, Unit: " MB", Is: atMost, Goal: 128},
		{Name: "bystanders not served", Value: float64(aside.Sent - aside.Said[helped]), Is: atMost, Note: fmt.Sprintf("of %d; %s", aside.Sent, summary(aside.Said))},
		{Name: "bystanders' answer p99", Value: aside.Answer.P99, Unit: " ms"},
	}, nil
}

// lateAnswers counts those that came more than 3 s after the acknowledgement.
func lateAnswers(commands []*fakeslack.Command) (n int) {
	for _, c := range commands {
		acked, _ := c.AckAfter()
		if answered, ok := c.AnswerAfter(); ok && answered-acked > 3*time.Second {
			n++
		}
	}
	return n
}

// busySays is how the bot says that it has too much to do.
const busySays = "The bot has too much to do"

func busy(r load.Result) (n int) {
	for said, times := range r.Said {
		if strings.HasPrefix(said, busySays) {
			n += times
		}
	}
	return n
}

// failed is how many were told something else than served or that it is busy.
func failed(r load.Result, served string) int { return r.Answered - r.Said[served] - busy(r) }

// summary is what was said, the most frequent first.
func summary(said map[string]int) string {
	order := slices.SortedFunc(maps.Keys(said), func(a, b string) int { return said[b] - said[a] })
	var parts []string
	for _, text := range order[:min(3, len(order))] {
		parts = append(parts, fmt.Sprintf("%d × %s", said[text], text[:min(len(text), 60)]))
	}
	return strings.Join(parts, "; ")
}
