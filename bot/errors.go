package bot

import (
	"context"
	"log/slog"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
)

// refusal turns an error into what the person reads, and logs it once: as a
// warning when the person can mend it, as an error when we must.
func (b *core) refusal(ctx context.Context, to conversation, err error) blockkit.Message {
	e := broker.AsError(err, to.requestID)
	level := slog.LevelWarn
	if e.Ours() {
		level = slog.LevelError
	}
	attrs := []slog.Attr{
		slog.String("code", string(e.Code)), slog.String("request", to.requestID),
		slog.String("user", to.caller.User), slog.String("team", to.caller.Team),
	}
	if e.Ref != "" {
		attrs = append(attrs, slog.String("ref", e.Ref))
	}
	if e.Err != nil {
		attrs = append(attrs, slog.String("cause", e.Err.Error()))
	}
	b.log.LogAttrs(ctx, level, "request not served", attrs...)
	return to.voice.Error(e)
}

// errNotOpened is of a form that Slack opened too late; hint says what to do instead.
func errNotOpened(form string, hint ...any) *broker.Error {
	return &broker.Error{Code: broker.CodeNeedsCode, What: broker.Say("Slack did not open the " + form + " in time."), Hint: broker.Say(hint...)}
}
