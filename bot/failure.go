package bot

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

// refusal is what the person reads of an error, and logs it.
func (b *core) refusal(ctx context.Context, to conversation, err error) blockkit.Message {
	b.unserved(ctx, to, err)
	return to.named(to.voice.Error(broker.AsError(err, to.requestID)))
}

// unserved logs, once, why something was not served: as a warning when the person
// can mend it, as an error when we must.
func (b *core) unserved(ctx context.Context, to conversation, err error) {
	e := broker.AsError(err, to.requestID)
	to.fate.fails(e)
	if e.Code == broker.CodeRecord && e.Detail == broker.DetailClosedBefore {
		to.debt.Doubt() // the record knows before this process's own clock that another tells
	}
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
}

// errNotOpened is of a form that Slack opened too late; hint says what to do instead.
func errNotOpened(form string, hint ...any) *broker.Error {
	return &broker.Error{Code: broker.CodeNeedsCode, What: prose.Say("Slack did not open the " + form + " in time."), Hint: prose.Say(hint...)}
}

// rescue is deferred: it ends a panic where it arose, counts it, logs it with its
// stack, and tells whoever waits, if tell is not nil. What was asked may have got
// as far as AWS by then, so nothing is said of it but where to look; an intent on
// the record whose outcome stays away is told to the audit channel.
func (b *core) rescue(ctx context.Context, to conversation, tell func(blockkit.Message)) {
	what := recover()
	if what == nil {
		return
	}
	e := &broker.Error{
		Code: broker.CodeInternal, Err: errPanic, Ref: broker.ShortRef(to.requestID),
		What: prose.Say("Something failed on our side while the bot worked on this, and it stopped there."),
		Hint: prose.Say(prose.SessionsCmd(), " shows whether you got something. If it happens again, quote the reference."),
	}
	if to.code {
		e.Use = broker.UseUnknown
	}
	b.log.LogAttrs(ctx, slog.LevelError, "panic; the rest goes on",
		slog.String("panic", secret.PanicText(what)), slog.String("request", to.requestID), slog.String("user", to.caller.User), slog.String("ref", e.Ref),
		slog.Int64("panics_so_far", b.panics.Add(1)), slog.String("stack", string(debug.Stack())))
	if tell == nil {
		return
	}
	defer b.rescue(ctx, to, nil) // whatever failed may fail again
	tell(b.refusal(ctx, to, e))
}

var errPanic = errors.New("panic; its stack is logged")
