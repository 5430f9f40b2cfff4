package main

import (
	"context"
	"fmt"
	"time"

	"github.com/assumebot/assumebot/cmd/loadgen/lab"
	"github.com/assumebot/assumebot/cmd/loadgen/load"
)

// What the bot holds may grow at first: copies of what Slack says, pages of the record,
// connections. What it holds after that has to stay. The line that fits the later samples
// best says by how much it grew, since one sample alone is as good as the garbage
// collector's last round.
const (
	soakRate    = 20.0
	soakFor     = 2 * time.Minute
	longSoakFor = time.Hour
	soakSamples = 120
	recycleEach = time.Minute // Slack does so once an hour
	// judgedFrom is the part of the time that is not judged.
	judgedFrom = 0.4
	// warmAfter is when the bot has read as many entries of the record as it keeps: a soak
	// that is shorter shows how it grows until then, and is not judged.
	warmAfter = 10 * time.Minute
	// soakPool is by how much the pool of connections to Redis may grow: it keeps what its
	// busiest moment needed, up to its size, and a busier machine needs more at once.
	soakPool = 16
	// soakNoise is what resident memory differs by then, in MB. A leak of 200 bytes for each
	// command is more within half an hour.
	soakNoise = 8
)

// A sample is what there is at one moment.
type sample struct {
	at     time.Duration
	values [soaked]float64
}

// What is watched.
const (
	soakResident = iota
	soakHeap
	soakGoroutines
	soakFiles
	soakKeys
	soakEnding
	soakRedis
	soaked
)

// takeSample asks the bot and Redis.
func takeSample(ctx context.Context, l *lab.Lab, began time.Time) (sample, error) {
	bot, err := l.Metrics(ctx)
	if err != nil {
		return sample{}, err
	}
	held, err := l.Redis.Held(ctx)
	if err != nil {
		return sample{}, err
	}
	return sample{at: time.Since(began), values: [soaked]float64{
		soakResident:   bot["process_resident_memory_bytes"] / megabyte,
		soakHeap:       bot["go_memstats_heap_inuse_bytes"] / megabyte,
		soakGoroutines: bot["go_goroutines"],
		soakFiles:      bot["process_open_fds"],
		soakKeys:       float64(held.Keys - held.Ending),
		soakEnding:     float64(held.Ending),
		soakRedis:      float64(held.Bytes) / megabyte,
	}}, nil
}

// A trend is a line through what the later samples say.
type trend struct {
	first, last float64 // where the line begins and ends
	span        time.Duration
	most        float64 // of all samples
}

func (t trend) grew() float64 { return t.last - t.first }

func (t trend) note(unit string) string {
	return fmt.Sprintf("from %s to %s%s in the last %s; %s at most", number(t.first), number(t.last), unit, t.span.Round(time.Second), number(t.most))
}

// trendOf fits the line by least squares.
func trendOf(samples []sample, what int) trend {
	var t trend
	for _, s := range samples {
		t.most = max(t.most, s.values[what])
	}
	samples = samples[int(judgedFrom*float64(len(samples))):]
	var n, x, y, xx, xy float64
	for _, s := range samples {
		at, v := s.at.Seconds(), s.values[what]
		n, x, y, xx, xy = n+1, x+at, y+v, xx+at*at, xy+at*v
	}
	if n < 2 {
		return t
	}
	slope := (n*xy - x*y) / (n*xx - x*x)
	from, to := samples[0].at, samples[len(samples)-1].at
	t.first, t.span = y/n+slope*(from.Seconds()-x/n), to-from
	t.last = t.first + slope*t.span.Seconds()
	return t
}

// measureSoak has people type what they type in a day, for long, while sockets come and go.
func measureSoak(ctx context.Context, b *bench) ([]Figure, error) {
	l, err := b.start(ctx, lab.Options{STS: 50 * time.Millisecond, Metrics: true})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	crowd := typingAll(l, daily())
	if _, err := warm(ctx, crowd); err != nil {
		return nil, err
	}
	var samples []sample
	commands, err := beside(ctx, crowd, soakRate, func() error {
		samples, err = soak(ctx, l, b.soakFor())
		return err
	})
	if err != nil {
		return nil, err
	}
	life, err := l.Redis.LongestLife(ctx)
	if err != nil {
		return nil, err
	}
	return soakFigures(load.Of(commands), samples, life), nil
}

// soakFor is how long it takes.
func (b *bench) soakFor() time.Duration {
	switch {
	case b.during > 0:
		return b.during
	case b.long:
		return longSoakFor
	}
	return soakFor
}

// soak takes samples while time goes by.
func soak(ctx context.Context, l *lab.Lab, d time.Duration) (samples []sample, err error) {
	began, recycled := time.Now(), time.Now()
	for time.Since(began) < d {
		if !pause(ctx, d/soakSamples) {
			return samples, ctx.Err()
		}
		s, err := takeSample(ctx, l, began)
		if err != nil {
			return samples, err
		}
		samples = append(samples, s)
		if time.Since(recycled) > recycleEach {
			recycled = time.Now()
			l.Slack.Recycle(ctx)
		}
	}
	return samples, nil
}

func soakFigures(r load.Result, samples []sample, life time.Duration) []Figure {
	unacked, unanswered := r.Lost()
	figures := []Figure{
		{Name: "lost", Value: float64(r.Undelivered + unacked + unanswered), Is: atMost, Note: fmt.Sprintf("of %d", r.Sent)},
		{Name: "answer p99", Value: r.Answer.P99, Unit: " ms", Note: summary(r.Said)},
	}
	for _, f := range []struct {
		what       int
		name, unit string
		goal       float64 // below 0: none
	}{
		{soakResident, "resident memory: growth", " MB", soakNoise},
		{soakHeap, "heap: growth", " MB", 4},
		{soakGoroutines, "goroutines: growth", "", 4},
		{soakFiles, "open files: growth", "", soakPool},
		{soakKeys, "Redis keys without an end: growth", "", 4},
		{soakEnding, "Redis keys that end: growth", "", -1},
		{soakRedis, "Redis memory: growth", " MB", -1},
	} {
		t := trendOf(samples, f.what)
		figure := Figure{Name: f.name, Value: t.grew(), Unit: f.unit, Is: atMost, Goal: f.goal, Note: t.note(f.unit)}
		if f.goal < 0 || samples[len(samples)-1].at < warmAfter {
			figure.Is, figure.Goal = noGoal, 0
		}
		figures = append(figures, figure)
	}
	return append(figures, Figure{Name: "Redis keys that end do so within", Value: life.Hours(), Unit: " h", Note: "the one that is left for longest"})
}
