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

// measureBurst sends the burst while bystanders go on asking, a few a second.
func measureBurst(ctx context.Context, b *bench) ([]Figure, error) {
	l, err := b.start(ctx, lab.Options{Users: 2000})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	p, err := startPair(ctx, l, "help")
	if err != nil {
		return nil, err
	}
	helped := p.bot.AtOnce(ctx, 1, 1, load.Answered)[0].Said()
	var acks ratio
	for range 3 {
		bare := load.Of(p.acks.Burst(ctx, burst))
		acks.add(0, bare.Ack.P99)
		p.acks.Slack.Forget()
	}
	bystanders := make(chan []*fakeslack.Command)
	watching, done := context.WithCancel(ctx)
	defer done()
	go func() { bystanders <- p.bot.Steady(watching, 10, time.Minute) }()
	m, err := measure(ctx, l, func() []*fakeslack.Command { return p.bot.Burst(ctx, burst) })
	if err != nil {
		return nil, err
	}
	done()
	aside := <-bystanders
	p.bot.Settle(ctx, aside)
	beside := load.Of(aside)
	bare := median(acks.bare)
	_, unanswered := m.Lost()
	return []Figure{
		{Name: "ack p99, of the bare loop's", Value: m.Ack.P99 / bare, Unit: "×", Is: atMost, Goal: 1.2,
			Note: fmt.Sprintf("%s of %s ms", number(m.Ack.P99), number(bare))},
		{Name: "neither served nor told that the bot is busy", Value: float64(failed(m.Result, helped) + unanswered), Is: atMost, Note: summary(m.Said)},
		{Name: "told that it is busy", Value: float64(busy(m.Result))},
		{Name: "answer p99", Value: m.Answer.P99, Unit: " ms"},
		{Name: "resident at most", Value: m.Peak, Unit: " MB", Is: atMost, Goal: 128},
		{Name: "bystanders not served", Value: float64(beside.Sent - beside.Said[helped]), Is: atMost,
			Note: fmt.Sprintf("of %d; %s", beside.Sent, summary(beside.Said))},
		{Name: "bystanders' answer p99", Value: beside.Answer.P99, Unit: " ms"},
	}, nil
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
		parts = append(parts, fmt.Sprintf("%d × %s", said[text], text[:min(len(text), 40)]))
	}
	return strings.Join(parts, "; ")
}
