package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/broker/record/reconcile"
	"github.com/assumebot/assumebot/cmd/internal/app"
)

const (
	// mostPosted is how many alarms one run puts on the record; the first ones are the gravest.
	mostPosted = 200
	// usagesAtOnce is of how many Grants one append tells.
	usagesAtOnce = 500
)

// write puts on the record what was asked for: new alarms, and what Grants were used for.
func (r reconciling) write(ctx context.Context, at *app.RecordReader, s app.Settings, done *reconciled) error {
	var alarms []reconcile.Alarm
	var ended []event.Usage
	if *r.post {
		alarms = done.match.New(done.Alarms)
	}
	if *r.attach && len(done.NotRead) == 0 {
		ended = done.match.Ended()
	}
	if len(alarms) == 0 && len(ended) == 0 {
		return nil
	}
	keys, err := s.PublicKeys(nil, nil)
	if err != nil {
		return err
	}
	err = writing(ctx, at, keys, func(l *record.Log) error {
		if len(alarms) > 0 {
			receipt, err := l.Record(ctx, newEvent(done.alarmed(alarms)))
			if err != nil {
				return err
			}
			done.Posted = &receipt.Number
		}
		for some := range slices.Chunk(ended, usagesAtOnce) {
			used := event.UsedData{Until: done.CloudTrail.Last, Grants: some, RunBy: whoRuns("")}
			if _, err := l.Record(ctx, newEvent(used)); err != nil {
				return err
			}
			done.Attached += len(some)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s found, of which the record does not tell all: %w; run it again without --post and --attach to see them",
			count(len(done.Alarms), "alarm"), err)
	}
	return nil
}

func newEvent(data event.Payload) event.Event {
	return event.Event{ID: rand.Text(), Time: time.Now(), Data: data}
}

// alarmed is the Event of new alarms.
func (d *reconciled) alarmed(alarms []reconcile.Alarm) event.ReconciledData {
	out := event.ReconciledData{Since: d.CloudTrail.First, Until: d.CloudTrail.Last, RunBy: whoRuns(""), Of: d.of}
	for i, a := range alarms {
		if i < mostPosted {
			out.Findings = append(out.Findings, a.Mismatch)
		} else {
			out.More += a.Calls
		}
	}
	return out
}
