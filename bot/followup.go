package bot

import (
	"context"
	"log/slog"
	"runtime/debug"

	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/broker/record/sink"
	"github.com/assumebot/assumebot/broker/secret"
)

// followUps do what an entry of the record asks for beside being told.
type followUps struct {
	*parts
	log *slog.Logger
}

// Take follows entries up, in order; a repeat changes nothing.
func (f followUps) Take(ctx context.Context, entries []record.Followed) (taken sink.Taken, err error) {
	for _, entry := range entries {
		if err := f.follow(ctx, entry); err != nil {
			return taken, err
		}
		taken.Count++
	}
	return taken, nil
}

// follow ends a panic here: it would come again on every replica, and hold up the rest for
// good.
func (f followUps) follow(ctx context.Context, entry record.Followed) (err error) {
	defer func() {
		if what := recover(); what != nil {
			f.log.ErrorContext(ctx, "panic over an entry of the record; the rest goes on",
				"entry", entry.Number, "panic", secret.PanicText(what), "stack", string(debug.Stack()))
		}
	}()
	if entry.Broken != "" {
		return nil
	}
	return f.approvals.followBreakGlass(ctx, entry.Event)
}
