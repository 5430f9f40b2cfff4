package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/assumebot/assumebot/broker/watch"
	"github.com/assumebot/assumebot/cmd/internal/telemetry"
)

// A shown is what shows how the bot does; its zero value is nothing.
type shown struct {
	*telemetry.Listener                   // nil: none was asked for
	traces              *telemetry.Traces // nil: none were asked for
}

// listen opens what was asked for, and has env's bot tell it what happens.
func listen(ctx context.Context, s Settings, env *Environment) (shown, error) {
	var out shown
	var err error
	if s.Traces {
		if out.traces, err = telemetry.OpenTraces(ctx, telemetry.TraceOptions{Version: env.Version, Log: env.Log}); err != nil {
			return out, NeedsPerson(fmt.Errorf("%w: mend the OTEL_… variables, or set %s=true", err, sdkDisabled))
		}
		env.Trace = out.traces
		env.Log.InfoContext(ctx, "traces are exported")
	}
	if !s.Metrics.IsValid() {
		return out, nil
	}
	out.Listener, err = telemetry.Listen(ctx, telemetry.Options{
		Addr: s.Metrics, Profiles: s.Profiles, Traces: out.traces, Now: env.Now, Log: env.Log,
	})
	if err != nil {
		return out, NeedsPerson(fmt.Errorf("%s: %w: name a port that is free, or unset it", metricsAddr, err))
	}
	env.Watch = out.Listener
	return out, nil
}

func (s shown) show(a *App) {
	if s.Listener != nil {
		s.Show(a.State)
	}
}

func (s shown) close() {
	if s.Listener != nil {
		s.Listener.Close()
	}
	if s.traces != nil {
		s.traces.Close()
	}
}

// State is how this replica is. It asks the store what it must, until ctx ends; what the store
// does not say is left out.
func (a *App) State(ctx context.Context) watch.State {
	p := a.Record.Progress()
	s := watch.State{
		Draining: a.told.Load(),
		Record:   watch.Record{Entries: p.Entries, Signed: p.Signed, SignedAt: p.SignedAt, Unsigned: p.Unsigned, Stopped: a.Record.Err() != nil},
		// A role's lease is named for the role, and held for a moment.
		Leases: slices.DeleteFunc(a.leases.Held(), func(name string) bool { return strings.Contains(name, "arn:") }),
	}
	_, pause := a.Record.Orders("")
	s.Paused = pause != nil && !pause.Over(a.env.Now())
	a.Bot.Watched(&s)
	s.Keys, s.NotReplaced, s.SealKeys = a.ages.told(), a.keys.told(), a.seals.told()
	if p.Archive {
		s.Readers = append(s.Readers, watch.Reader{Name: watch.ReaderArchive, Next: p.Archived})
	}
	if s.StoreTook, s.StoreErr = a.Store.Ping(ctx); s.StoreErr != nil {
		return s
	}
	var err error
	if s.Due, err = a.Bot.Due(ctx); err != nil {
		s.StoreErr = err
	}
	if next, err := a.Bot.AuditNext(ctx); err != nil {
		s.StoreErr = err
	} else {
		s.Readers = append(s.Readers, watch.Reader{Name: watch.ReaderAudit, Next: next})
	}
	for _, told := range a.sinks {
		next, err := told.Next(ctx)
		if err != nil {
			s.StoreErr = err
			break
		}
		s.Readers = append(s.Readers, watch.Reader{Name: told.Name, Next: next})
	}
	return s
}
