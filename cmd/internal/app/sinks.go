package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/sink"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

// sinkKeys are what webhooks are signed with, by the name of the Sink. It asks nobody: the error is of what only a
// person can mend.
func sinkKeys(all []config.Sink, getenv func(string) string) (map[string]secret.Text, error) {
	keys := map[string]secret.Text{}
	var problems []error
	for _, s := range all {
		if s.Webhook == "" {
			continue
		}
		r := settingsReader{getenv: getenv}
		key, failed := r.secret(s.Secret)
		err := errors.Join(r.problems...)
		if !failed {
			if _, err = sink.ReadKey(key); err != nil {
				err = fmt.Errorf("%s: %w", s.Secret, err)
			}
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("record.sinks: %s: %w", s.Name, err))
		}
		keys[s.Name] = key
	}
	return keys, errors.Join(problems...)
}

// openSinks are the Sinks of the config. None is told anything yet.
func (a *App) openSinks(all []config.Sink, keys map[string]secret.Text) {
	for _, s := range all {
		a.sinks = append(a.sinks, sink.New(sink.Deps{
			Name: s.Name, Origin: a.Record.Origin, Sink: a.openSink(s, keys[s.Name]), Record: a.Record, Cursors: a.Store.Cursors,
			Leases: a.leases, Alarm: a.sinkAlarm, Log: a.env.Log,
		}))
	}
}

func (a *App) openSink(s config.Sink, key secret.Text) sink.Sink {
	origin := a.Record.Origin
	switch {
	case s.Stdout:
		return &sink.Stream{Origin: origin, To: a.env.Stdout}
	case s.File != "":
		return sink.File{Origin: origin, Path: s.File, Size: s.Size, Keep: s.Keep}
	}
	return sink.Webhook{
		Name: s.Name, Origin: origin, URL: s.Webhook, Key: key, OCSF: s.OCSF, Client: sink.NewWebhookClient(), Now: a.env.Now,
	}
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
