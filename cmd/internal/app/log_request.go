package app

import (
	"context"
	"log/slog"

	"github.com/assumebot/assumebot/broker/watch"
)

// request is the name that log lines have for the ID of the Request that they are about. It
// begins with the reference that the person reads; the record and traces have it too.
const request = "request"

// A namesRequest is a handler that names the Request of a line's context, where the line does
// not itself.
type namesRequest struct{ slog.Handler }

// Handle implements [slog.Handler].
func (h namesRequest) Handle(ctx context.Context, line slog.Record) error {
	id := watch.Request(ctx)
	if id == "" {
		return h.Handler.Handle(ctx, line)
	}
	named := false
	line.Attrs(func(a slog.Attr) bool {
		named = a.Key == request
		return !named
	})
	if !named {
		line = line.Clone()
		line.AddAttrs(slog.String(request, id))
	}
	return h.Handler.Handle(ctx, line)
}

// WithAttrs implements [slog.Handler].
func (h namesRequest) WithAttrs(attrs []slog.Attr) slog.Handler {
	return namesRequest{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements [slog.Handler].
func (h namesRequest) WithGroup(name string) slog.Handler {
	return namesRequest{h.Handler.WithGroup(name)}
}
