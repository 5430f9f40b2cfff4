package sink

import (
	"context"
	"errors"
	"time"

	"github.com/assumebot/assumebot/broker/event"
)

// What is wrong with a Sink is on the record, so that its channel and every other Sink have
// it: that it takes nothing for a while, that it does again, and what it never takes.

const (
	alarmAway    = "sink_away"
	alarmBack    = "sink_back"
	alarmRefused = "sink_refused"
	alarmMissed  = "sink_missed"
	alarmAhead   = "sink_ahead"

	// awayAfter is how long a Sink may take nothing.
	awayAfter = 10 * time.Minute
	// refusedEvery is how often it is told what is refused. The entry about that may be
	// refused too.
	refusedEvery = time.Hour
	// refusedMost bounds what is read back of a count.
	refusedMost = 1 << 40
)

// alarms is what was told of a Sink, and is to be.
type alarms struct {
	Away    bool      `json:"away,omitempty"`
	First   int64     `json:"refused_first,omitempty"` // of those that were not told of yet
	Refused int64     `json:"refused,omitempty"`       // how many
	Told    time.Time `json:"refused_told,omitzero"`   // when they were last
}

// failing is since when a Sink has taken nothing, as this process saw it.
type failing struct {
	since time.Time
	next  int64
}

// alarm tells what is to be told, once the Sink took what is before then, refused some of
// it and failed or not. An error is that nobody was told; it is tried again.
func (f *Follower) alarm(ctx context.Context, then *progress, refused []int64, failed error) error {
	for _, n := range refused {
		f.Log.Error("a sink does not take an entry of the record, and is not told it any more", "entry", n)
		if then.Refused++; then.Refused == 1 {
			then.First = n
		}
	}
	if f.Alarm == nil {
		then.First, then.Refused = 0, 0
		return nil
	}
	return errors.Join(f.alarmAway(ctx, then, failed), f.alarmRefused(ctx, then))
}

func (f *Follower) alarmAway(ctx context.Context, then *progress, failed error) error {
	switch {
	case failed == nil && then.Away:
		err := f.Alarm(ctx, event.AlarmData{Code: alarmBack, About: f.Name})
		then.Away = err != nil
		return err
	case failed == nil, then.Away:
		f.failing = failing{}
	case f.failing.since.IsZero() || f.failing.next != then.Next:
		f.failing = failing{time.Now(), then.Next}
	case time.Since(f.failing.since) >= awayAfter:
		err := f.Alarm(ctx, event.AlarmData{Code: alarmAway, About: f.Name})
		then.Away = err == nil
		return err
	}
	return nil
}

func (f *Follower) alarmRefused(ctx context.Context, then *progress) error {
	ago := time.Since(then.Told) // below 0 where the clock of whoever told was ahead
	if then.Refused == 0 || ago >= 0 && ago < refusedEvery {
		return nil
	}
	err := f.Alarm(ctx, event.AlarmData{Code: alarmRefused, About: f.Name, Entries: &event.Range{First: then.First, Count: then.Refused}})
	if err == nil {
		then.First, then.Refused, then.Told = 0, 0, time.Now()
	}
	return err
}
