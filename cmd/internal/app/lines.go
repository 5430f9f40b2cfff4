package app

import (
	"context"
	"log/slog"
	"time"
)

// The lines of the log by which whoever runs the bot knows that it serves, and that it
// ended well.

// sayReady says that people are served, once they are.
func (a *App) sayReady(ctx context.Context) {
	select {
	case <-a.Bot.Ready():
	case <-ctx.Done():
		return
	}
	took := time.Duration(0)
	if !a.env.Began.IsZero() {
		took = time.Since(a.env.Began)
	}
	a.env.Log.InfoContext(ctx, "ready: people are served",
		"version", a.env.Version,
		"replica", a.Record.Replica,
		"sockets", a.config.Slack.Connections,
		"users", a.config.Broker.Users.Len(),
		"accounts", a.config.Broker.Accounts.Len(),
		"took", took.Round(time.Millisecond))
}

// sayStopped says how it ended, which began when it was told to stop.
func (a *App) sayStopped(ctx context.Context, told time.Time) {
	level, what := slog.LevelInfo, "stopped: all that was accepted is done"
	abandoned := a.Bot.Abandoned()
	if abandoned > 0 {
		level, what = slog.LevelWarn, "stopped: some of what was accepted did not end in time, and is told by the next replica, or by this one when it starts again"
	}
	a.env.Log.Log(ctx, level, what,
		"replica", a.Record.Replica,
		"took", time.Since(told).Round(time.Millisecond),
		"abandoned", abandoned)
}
