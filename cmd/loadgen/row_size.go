package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/assumebot/assumebot/cmd/loadgen/fakeslack"
	"github.com/assumebot/assumebot/cmd/loadgen/lab"
	"github.com/assumebot/assumebot/cmd/loadgen/load"
)

// What a command costs should not depend on how large anything is: the bot with
// something small and the bot with something large take turns.

// cpuOf is what a command costs the bot of l, in ms.
func cpuOf(ctx context.Context, l *lab.Lab, text string, count int) (float64, error) {
	m, err := measure(ctx, l, func() []*fakeslack.Command { return typing(l, "/assume", text).AtOnce(ctx, 10, count, load.Answered) })
	l.Slack.Forget()
	if err == nil && m.Answered < m.Sent {
		err = fmt.Errorf("%d of %d were not answered", m.Sent-m.Answered, m.Sent)
	}
	return m.CPU, err
}

// enough is how much CPU a turn should use, in ms: /proc counts in ticks of 10.
const enough = 500

// growth compares what a command costs in two bots.
func growth(ctx context.Context, small, large *lab.Lab, text string) (ratio, error) {
	var r ratio
	const few, many = 20, 400
	counts := [2]int{few, few}
	for i := range turns + 1 {
		var cost [2]float64
		for j, l := range []*lab.Lab{small, large} {
			var err error
			if cost[j], err = cpuOf(ctx, l, text, counts[j]); err != nil {
				return r, err
			}
		}
		if i > 0 {
			r.add(cost[1], cost[0])
			continue
		}
		for j := range counts { // the first fills what is kept, and says how much a command costs
			counts[j] = min(max(few, int(enough/max(cost[j], 1))), many)
		}
	}
	return r, nil
}

func measureGroups(ctx context.Context, b *bench) (figures []Figure, err error) {
	small, err := b.start(ctx, lab.Options{})
	if err != nil {
		return nil, err
	}
	defer small.Close()
	for _, members := range []int{1000, 100_000} {
		large, err := b.start(ctx, lab.Options{Group: members})
		if err != nil {
			return figures, err
		}
		r, err := growth(ctx, small, large, fullAssume)
		large.Close()
		if err != nil {
			return figures, err
		}
		figures = append(figures, Figure{Name: fmt.Sprintf("CPU with %d members, of that without a group", members),
			Value: r.value(), Unit: "×", Is: atMost, Goal: 1.2, Note: r.note(" ms")})
	}
	return figures, nil
}

func measureConfigs(ctx context.Context, b *bench) ([]Figure, error) {
	const most = 10_000
	small, err := b.start(ctx, lab.Options{Users: 100, Accounts: 10})
	if err != nil {
		return nil, err
	}
	defer small.Close()
	large, err := b.start(ctx, lab.Options{Users: most, Accounts: most})
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		why := strings.TrimSpace(err.Error())
		why = why[strings.LastIndexByte(why, '\n')+1:]
		return []Figure{{Name: "starts with 10,000 users × 10,000 accounts", Is: atLeast, Goal: 1, Note: why}}, nil
	}
	defer large.Close()
	r, err := growth(ctx, small, large, "help")
	if err != nil {
		return nil, err
	}
	u, err := large.Usage()
	if err != nil {
		return nil, err
	}
	return []Figure{
		{Name: "CPU of help with 10,000 users × 10,000 accounts, of that with 100 × 10", Value: r.value(), Unit: "×", Is: atMost, Goal: 1.5, Note: r.note(" ms")},
		{Name: "resident with 10,000 × 10,000", Value: float64(u.Resident) / megabyte, Unit: " MB"},
	}, nil
}

// measureWho asks who has credentials when nobody has, and when many do.
func measureWho(ctx context.Context, b *bench) ([]Figure, error) {
	const grants, times = 100_000, 20
	l, err := b.start(ctx, lab.Options{})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	crowd := typing(l, "/assume", "who")
	crowd.Types = func(int) fakeslack.Ask {
		return fakeslack.Ask{User: fakeslack.UserID(0), Command: "/assume", Text: "who"}
	}
	asks := func() (Measured, error) {
		return measure(ctx, l, func() []*fakeslack.Command { return crowd.AtOnce(ctx, 1, times, load.Answered) })
	}
	if _, err := asks(); err != nil { // connections are up after it
		return nil, err
	}
	none, err := asks()
	if err != nil {
		return nil, err
	}
	if err := l.PutGrants(ctx, grants); err != nil {
		return nil, err
	}
	many, err := asks()
	if err != nil {
		return nil, err
	}
	return []Figure{
		{Name: fmt.Sprintf("reply p50 with %d Grants", grants), Value: many.Answer.P50, Unit: " ms", Is: atMost, Goal: 30, Note: summary(many.Said)},
		{Name: "reply p50 with none", Value: none.Answer.P50, Unit: " ms", Note: summary(none.Said)},
		{Name: "most memory, beyond that with none", Value: many.Peak - none.Peak, Unit: " MB", Is: atMost, Goal: whoNoise,
			Note: fmt.Sprintf("%s of %s MB; a garbage collector may be as far off", number(many.Peak), number(none.Peak))},
	}, nil
}

// whoNoise is what memory differs by from one time to the next, in MB.
const whoNoise = 4

// measureIdle has a bot with little to know start, do nothing, and work.
func measureIdle(ctx context.Context, b *bench) ([]Figure, error) {
	const starts, idle = 5, 30 * time.Second
	l, err := b.start(ctx, lab.Options{Users: 5, Accounts: 5})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	var took []float64
	for range starts {
		d, err := l.Restart(ctx)
		if err != nil {
			return nil, err
		}
		took = append(took, float64(d.Microseconds())/1000)
	}
	if !pause(ctx, 15*time.Second) { // what a start brings with it is over, its sweep of the memory too
		return nil, ctx.Err()
	}
	before, err := l.Usage()
	if err != nil {
		return nil, err
	}
	if !pause(ctx, idle) {
		return nil, ctx.Err()
	}
	after, err := l.Usage()
	if err != nil {
		return nil, err
	}
	busy, err := b.busyMemory(ctx)
	if err != nil {
		return nil, err
	}
	return []Figure{
		{Name: "start to Slack's hello", Value: median(took), Unit: " ms", Is: atMost, Goal: 150, Note: fmt.Sprintf("the median of %d", starts)},
		{Name: "idle CPU", Value: float64((after.CPU - before.CPU).Milliseconds()) / idle.Seconds(), Unit: " ms/s", Is: atMost, Goal: 2},
		{Name: "resident, idle", Value: float64(after.Resident) / megabyte, Unit: " MB", Is: atMost, Goal: 32,
			Note: number(float64(after.File)/megabyte) + " MB of it are pages of the program's file"},
		{Name: "resident at 500 a second", Value: busy.Resident, Unit: " MB", Is: atMost, Goal: 60,
			Note: fmt.Sprintf("answered %s/s", number(busy.AnswerRate))},
	}, nil
}

func (b *bench) busyMemory(ctx context.Context) (Measured, error) {
	l, err := b.start(ctx, lab.Options{})
	if err != nil {
		return Measured{}, err
	}
	defer l.Close()
	return measure(ctx, l, func() []*fakeslack.Command { return typing(l, "/assume", fullAssume).Steady(ctx, 500, 10*time.Second) })
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
