package main

import (
	"context"
	"fmt"
	"time"

	"github.com/assumebot/assumebot/cmd/loadgen/fakeslack"
	"github.com/assumebot/assumebot/cmd/loadgen/lab"
	"github.com/assumebot/assumebot/cmd/loadgen/load"
)

// A rolled is three replicas that were replaced one after another under load.
type rolled struct {
	served  string               // how an answer with credentials begins
	sent    []*fakeslack.Command // while they were
	warm    int                  // commands before, each answered with credentials
	sockets int                  // open at once, at most
	calls   int64                // of STS
	record  lab.Record
}

// rollOut has so many commands a second issue while each of three replicas is replaced.
func rollOut(ctx context.Context, l *lab.Lab, rate float64) (r rolled, err error) {
	crowd := typing(l, "/assume", fullAssume)
	crowd.Waits = 2 * hears
	before := l.AWS.Counts().Calls
	if r.served, err = warm(ctx, crowd); err != nil {
		return r, err
	}
	r.warm = int(l.AWS.Counts().Calls - before)
	r.sent, err = beside(ctx, crowd, rate, func() error {
		for range l.Options.Replicas {
			if !pause(ctx, time.Second) {
				return ctx.Err()
			}
			if err := l.Roll(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return r, err
	}
	if err := l.StopBots(ctx); err != nil {
		return r, err
	}
	r.sockets, r.calls = l.Slack.Counts().MostSockets, l.AWS.Counts().Calls
	r.record, err = l.Record(ctx)
	return r, err
}

const figureLate = "acknowledged later than 3 s"

// figures hold it to what an update must not lose.
func (r rolled) figures() []Figure {
	of := load.Of(r.sent)
	unacked, unanswered := of.Lost()
	told := of.Said[r.served]
	delete(of.Said, r.served)
	return []Figure{
		{Name: "acknowledged and never answered", Value: float64(unanswered), Is: atMost, Note: fmt.Sprintf("of %d", of.Acked)},
		{Name: "never acknowledged", Value: float64(of.Undelivered + unacked), Is: atMost,
			Note: fmt.Sprintf("of %d; no socket for %d of them", of.Sent, of.Undelivered)},
		{Name: "answered more than once", Value: float64(of.Twice), Is: atMost},
		{Name: "answered without credentials", Value: float64(of.Answered - told), Is: atMost, Note: summary(of.Said)},
		{Name: figureLate, Value: float64(of.Late), Is: atMost, Note: fmt.Sprintf("ack p99 %s ms, max %s ms", number(of.Ack.P99), number(of.Ack.Max))},
		{Name: "the slowest answer", Value: of.Answer.Max / 1000, Unit: " s", Note: fmt.Sprintf("p99 %s ms", number(of.Answer.P99))},
		{Name: "sockets open at once", Value: float64(r.sockets), Is: atMost, Goal: 10},
		{Name: "what record verify finds wrong, or not signed", Value: float64(len(r.record.Findings)) + float64(r.record.Unsigned), Is: atMost},
		{Name: "attempts of the record that nothing closed", Value: float64(r.record.Open), Is: atMost},
		{Name: "calls of STS that the record does not tell as granted", Value: float64(r.calls) - float64(r.record.Granted), Is: atMost,
			Note: fmt.Sprintf("of %d; %d people were shown credentials", r.calls, r.warm+told)},
		{Name: "shown without an entry that tells it", Value: float64(r.warm + told - r.record.Granted), Is: atMost},
	}
}

// measureRolling replaces three replicas, one after another, among commands that issue.
func measureRolling(ctx context.Context, b *bench) ([]Figure, error) {
	l, err := b.start(ctx, lab.Options{Users: 2000, Replicas: 3, STS: 50 * time.Millisecond})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	r, err := rollOut(ctx, l, 50)
	if err != nil {
		return nil, err
	}
	return r.figures(), nil
}
