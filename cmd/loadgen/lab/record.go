package lab

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/cmd/internal/app"
)

// Roll replaces the first replica as an update without a surge does: it is told to end by
// SIGTERM, and another starts at once. Roll returns once the other serves, when the first
// may still be ending.
func (l *Lab) Roll(ctx context.Context) error {
	old := l.Bots[0]
	l.ending = append(l.ending, old)
	old.Signal(syscall.SIGTERM)
	_, err := l.another(ctx)
	return err
}

// StopBots ends all replicas, and waits for those that are ending. It is an error if one
// does not end in peace.
func (l *Lab) StopBots(ctx context.Context) error {
	for _, p := range l.Bots {
		p.Signal(syscall.SIGTERM)
	}
	for _, p := range append(l.ending, l.Bots...) {
		if err := p.endedInPeace(ctx); err != nil {
			return err
		}
	}
	return nil
}

// peaceful is above what the bot takes to end, as the guide has it.
const peaceful = 40 * time.Second

func (p *Process) endedInPeace(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, peaceful, fmt.Errorf("a bot that was told to end did not within %s", peaceful))
	defer cancel()
	select {
	case <-p.done:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if p.err != nil {
		return fmt.Errorf("a bot that was told to end: %w\n%s", p.err, p.Tail())
	}
	return nil
}

// A Record is what the record tells, once nobody writes to it any more.
type Record struct {
	Findings []audit.Finding // what `assumebot record verify` finds wrong
	Unsigned int64           // entries that are not
	Intents  int             // of attempts
	Granted  int             // times that credentials were issued
	Open     int             // attempts that nothing closed
}

// Record reads it from its first entry on, as `assumebot record verify --redis` does.
func (l *Lab) Record(ctx context.Context) (r Record, err error) {
	getenv := l.getenv
	settings, err := app.ReadRecordSettings(ctx, getenv, true, true)
	if err != nil {
		return r, err
	}
	keys, err := settings.PublicKeys(nil, nil)
	if err != nil {
		return r, err
	}
	place, err := app.OpenRecord(ctx, app.RecordPlace{Redis: true}, settings, getenv)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, place.Close()) }()
	verified, err := audit.Verify(ctx, audit.Verification{Source: place.Source, Seal: place.Seal, Keys: keys})
	if err != nil {
		return r, err
	}
	r.Findings, r.Unsigned = verified.Findings, verified.Unsigned
	open := map[string]bool{}
	err = audit.Export{Source: place.Source}.Each(ctx, func(e entry.Entry) error {
		said, err := event.Decode(e.Leaf, nil)
		if err != nil {
			return err
		}
		switch {
		case said.Kind == event.Intent:
			r.Intents++
			open[said.Attempt()] = true
		case event.Closes(said.Kind):
			delete(open, said.Attempt())
		}
		if said.Kind == event.Granted {
			r.Granted++
		}
		return nil
	})
	r.Open = len(open)
	return r, err
}

// getenv is the environment of the bot.
func (l *Lab) getenv(name string) string {
	env := l.environment()
	for i := len(env) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(env[i], name+"="); ok {
			return value
		}
	}
	return ""
}
