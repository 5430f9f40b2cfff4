package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/sink"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

// openSinks are the Sinks of the config. None is told anything yet.
func (a *App) openSinks(all []config.Sink) error {
	var problems []error
	for _, s := range all {
		to, err := a.openSink(s)
		if err != nil {
			problems = append(problems, fmt.Errorf("record.sinks: %s: %w", s.Name, err))
			continue
		}
		a.sinks = append(a.sinks, sink.New(sink.Deps{
			Name: s.Name, Origin: a.Record.Origin, Sink: to, Record: a.Record, Cursors: a.Store.Cursors, Leases: a.leases, Alarm: a.sinkAlarm, Log: a.env.Log,
		}))
	}
	return NeedsPerson(errors.Join(problems...))
}

func (a *App) openSink(s config.Sink) (sink.Sink, error) {
	origin := a.Record.Origin
	switch {
	case s.Stdout:
		return &sink.Stream{Origin: origin, To: a.env.Stdout}, nil
	case s.File != "":
		return sink.File{Origin: origin, Path: s.File, Size: s.Size, Keep: s.Keep}, nil
	}
	r := settingsReader{getenv: a.env.Getenv}
	key, failed := r.secret(s.Secret)
	if failed {
		return nil, errors.Join(r.problems...)
	}
	if _, err := sink.ReadKey(key); err != nil {
		return nil, fmt.Errorf("%s: %w", s.Secret, err)
	}
	return sink.Webhook{
		Name: s.Name, Origin: origin, URL: s.Webhook, Key: key, OCSF: s.OCSF, Client: sink.NewWebhookClient(), Now: a.env.Now,
	}, nil
}

func (a *App) sinkAlarm(ctx context.Context, data event.AlarmData) error {
	_, err := a.record.Record(ctx, event.Event{ID: rand.Text(), Time: a.env.Now(), Data: data})
	return err
}

// runSinks tells them until ctx ends. It returns at once; wait returns when it has ended.
func (a *App) runSinks(ctx context.Context) (wait func()) {
	var running sync.WaitGroup
	for _, s := range a.sinks {
		running.Go(func() { s.Run(ctx) })
	}
	return running.Wait
}

// needed is the number of the first entry that somebody has yet to be told of.
func (a *App) needed(ctx context.Context) (int64, error) {
	first, err := a.Bot.RecordNeeded(ctx)
	for _, s := range a.sinks {
		next, failed := s.Needed(ctx)
		first, err = min(first, next), errors.Join(err, failed)
	}
	return first, err
}
