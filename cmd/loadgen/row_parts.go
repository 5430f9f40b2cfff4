package main

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/assumebot/assumebot/cmd/loadgen/lab"
	"github.com/assumebot/assumebot/cmd/loadgen/load"
)

// profiled is how long a profile is; --for says otherwise.
const profiled = 8 * time.Second

// measureParts says where the CPU goes that a command costs: the bot's, and beside it that
// of a bare loop, which spends what no bot of this design can do without.
func measureParts(ctx context.Context, b *bench) (figures []Figure, err error) {
	for _, kind := range []struct{ name, text, loop string }{
		{"help", "help", "writes to Redis once"},
		{"assume", fullAssume, "makes the same calls"},
	} {
		l, err := b.start(ctx, lab.Options{Profile: true})
		if err != nil {
			return figures, err
		}
		bot, bare, err := profiles(ctx, l, kind.text, cmp.Or(b.during, profiled))
		l.Close()
		if err != nil {
			return figures, err
		}
		figures = append(figures, Figure{
			Name: kind.name + ": in all", Value: sum(bot), Unit: " ms",
			Note: "each; " + number(sum(bare)) + " ms of a bare loop that " + kind.loop,
		})
		for _, name := range slices.SortedFunc(maps.Keys(bot), func(a, b string) int { return cmp.Compare(bot[b], bot[a]) }) {
			figures = append(figures, Figure{Name: kind.name + ": " + name, Value: bot[name], Unit: " ms", Note: number(bare[name]) + " ms of that loop"})
		}
	}
	return figures, nil
}

func sum(each map[string]float64) (all float64) {
	for _, v := range each {
		all += v
	}
	return all
}

// profiles are the parts in ms a command, while 50 people type at once.
func profiles(ctx context.Context, l *lab.Lab, text string, during time.Duration) (bot, bare map[string]float64, err error) {
	crowd := typing(l, "/assume", text)
	if _, err = warm(ctx, crowd); err != nil {
		return nil, nil, err
	}
	if bot, err = profileOf(ctx, crowd, during, l.Profile); err != nil {
		return nil, nil, err
	}
	start := l.StartSeeingYard
	if text == fullAssume {
		start = l.StartIssuingYard
	}
	y, err := start(ctx, l.Slack.LastAnswer())
	if err != nil {
		return nil, nil, err
	}
	loop := load.Crowd{Slack: y.Slack, Types: crowd.Types}
	loop.AtOnce(ctx, 50, 200, load.Answered) // connections are up after it
	bare, err = profileOf(ctx, loop, during, y.Profile)
	return bot, bare, err
}

// A profiler has a program tell where its CPU goes from now on.
type profiler func(ctx context.Context, during time.Duration) ([]byte, error)

// profileOf profiles a program while a crowd types at it without end.
func profileOf(ctx context.Context, crowd load.Crowd, during time.Duration, profile profiler) (map[string]float64, error) {
	typing, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() {
		for typing.Err() == nil {
			crowd.AtOnce(typing, 50, 5000, load.Answered)
			crowd.Slack.Forget()
		}
	})
	before := crowd.Slack.Counts().Calls["response_url"]
	data, err := profile(ctx, during)
	answered := crowd.Slack.Counts().Calls["response_url"] - before
	stop()
	all.Wait()
	if err != nil {
		return nil, err
	}
	took, err := splitProfile(ctx, data)
	each := map[string]float64{}
	for name, d := range took {
		each[name] = float64(d.Microseconds()) / 1000 / float64(max(1, answered))
	}
	return each, err
}
