package main

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/assumebot/assumebot/cmd/loadgen/fakeslack"
	"github.com/assumebot/assumebot/cmd/loadgen/lab"
	"github.com/assumebot/assumebot/cmd/loadgen/load"
)

// How often Redis is waited for is read from time alone: with Redis at hand a part of
// a command takes so long, and with Redis far away so many trips longer. What else the
// bot asks Redis meanwhile, and what it asks at once, makes a command no slower, so
// that only trips in sequence count. Of several tries the fastest is taken: a machine
// that is busy makes them slower, and never faster.
const (
	far   = 100 * time.Millisecond
	tries = 8
)

func measureTrips(ctx context.Context, b *bench) (figures []Figure, err error) {
	for _, way := range []struct {
		sessions bool
		figures  []Figure
	}{
		{false, []Figure{
			{Name: "before STS", Goal: 3},
			{Name: "between STS and the reply", Goal: 2},
		}},
		{true, []Figure{
			{Name: "with a first GetSessionToken: before it", Goal: 3},
			{Name: "with a first GetSessionToken: between it and AssumeRole", Goal: 2},
			{Name: "with a first GetSessionToken: between AssumeRole and the reply", Goal: 2},
		}},
	} {
		trips, err := b.tripsOf(ctx, way.sessions)
		if err != nil {
			return figures, err
		}
		for i, f := range way.figures {
			// Half a trip is noise: what takes one takes all of it.
			f.Value, f.Is, f.Note = math.Round(trips[i]), atMost, fmt.Sprintf("%.2f, by time", trips[i])
			figures = append(figures, f)
		}
	}
	return figures, nil
}

// tripsOf returns how many trips each part of a command takes: up to the first call
// of STS, from each to the next, and from the last to the reply.
func (b *bench) tripsOf(ctx context.Context, sessions bool) ([]float64, error) {
	l, err := b.start(ctx, lab.Options{Users: 2 * tries, Sessions: sessions, Far: true})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	// All are known, and connections are up.
	typing(l, "/assume", "help").AtOnce(ctx, 10, 10*tries, load.Answered)
	calls := 1
	if sessions {
		calls = 2
	}
	near, err := fastest(ctx, l, 0, calls)
	if err != nil {
		return nil, err
	}
	l.Far.SetDelay(far)
	away, err := fastest(ctx, l, tries, calls) // others, who have no MFA session yet
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(near))
	for i := range out {
		out[i] = float64(away[i]-near[i]) / float64(far)
	}
	return out, nil
}

// fastest has people ask, one after another from that one on, and returns how long
// each part took at least.
func fastest(ctx context.Context, l *lab.Lab, from, calls int) ([]time.Duration, error) {
	var least []time.Duration
	crowd := typing(l, "/assume", fullAssume)
	types := crowd.Types
	for i := range tries {
		crowd.Types = func(int) fakeslack.Ask { return types(from + i) }
		before := l.AWS.Counts().Calls
		c := crowd.AtOnce(ctx, 1, 1, load.Answered)[0]
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if made := l.AWS.Counts().Calls - before; made != int64(calls) || c.Answers() == 0 {
			return nil, fmt.Errorf("a command made %d calls of STS, want %d, and was answered %q", made, calls, c.Said())
		}
		parts := make([]time.Duration, 0, calls+1)
		at, latest := c.SentAt(), l.AWS.Latest()
		for _, call := range latest[len(latest)-calls:] {
			parts = append(parts, call.Began.Sub(at))
			at = call.Ended
		}
		parts = append(parts, c.AnsweredAt().Sub(at))
		for p := range parts {
			if i > 0 {
				parts[p] = min(parts[p], least[p])
			}
		}
		least = parts
	}
	return least, nil
}
