package watch

import (
	"context"
	"errors"
	"time"
)

// A Tracer is told what belongs to one another, as it happens. It blocks nobody, and is safe
// for concurrent use. It travels in a context: what is done under one that has none is not
// traced, and costs nothing.
type Tracer interface {
	// Begin begins a span at some time, now where that is zero, below the span of ctx.
	Begin(ctx context.Context, at time.Time, k SpanKind, name string, facts []Fact) (context.Context, Span)
}

// A Span is one thing that is done. It is ended once.
type Span interface {
	// End ends it, with facts that are known by then. failed says that it did not do what it
	// is for by no fault of a person.
	End(failed bool, facts ...Fact)
}

// A Fact is what is told of a Span: words that stand in the program or in the config, and
// references. Nothing that a person typed, and no text of an error, which may hold such.
type Fact struct{ Key, Value string }

// A SpanKind is whom a Span concerns.
type SpanKind int

// They are.
const (
	Within SpanKind = iota // a step within this process
	Taken                  // what somebody asked of this process
	Asks                   // what this process asks of another
)

// Keys of Facts. What others define too has their name.
// https://opentelemetry.io/docs/specs/semconv/
const (
	FactRef       = "assumebot.ref" // as the person, the log and the record have it
	FactSurface   = "assumebot.surface"
	FactOutcome   = "assumebot.outcome"
	FactAccount   = "assumebot.account"
	FactPurpose   = "assumebot.purpose"
	FactErrorType = "error.type"
	FactDatabase  = "db.system.name"
	FactDBCommand = "db.operation.name"
	FactRPCSystem = "rpc.system"
	FactRPCMethod = "rpc.method"
)

// WhyNot is a Fact of a call that did not go well.
func WhyNot(r Result) Fact {
	if r == OK {
		return Fact{}
	}
	return Fact{FactErrorType, string(r)}
}

type tracerKey struct{}

// Traced is ctx under which t is told; ctx itself where t is nil.
func Traced(ctx context.Context, t Tracer) context.Context {
	if t == nil {
		return ctx
	}
	return context.WithValue(ctx, tracerKey{}, t)
}

// Step begins a Span within this process, which the caller ends.
func Step(ctx context.Context, name string, facts ...Fact) (context.Context, Span) {
	return begin(ctx, Within, name, facts)
}

// Call begins a Span of what is asked of another process, which the caller ends.
func Call(ctx context.Context, name string, facts ...Fact) (context.Context, Span) {
	return begin(ctx, Asks, name, facts)
}

// Do does one step, which is a Span.
func Do[T any](ctx context.Context, name string, step func(context.Context) (T, error)) (T, error) {
	ctx, span := Step(ctx, name)
	out, err := step(ctx)
	Ended(span, err)
	return out, err
}

// Ended ends s with what became of it. Of an error it tells the type alone, where that has one.
func Ended(s Span, err error) {
	var typed interface {
		ErrorType() string
		Ours() bool // not a person's to mend
	}
	if errors.As(err, &typed) {
		s.End(typed.Ours(), Fact{FactErrorType, typed.ErrorType()})
		return
	}
	s.End(err != nil)
}

func begin(ctx context.Context, k SpanKind, name string, facts []Fact) (context.Context, Span) {
	t, ok := ctx.Value(tracerKey{}).(Tracer)
	if !ok {
		return ctx, untraced{}
	}
	return t.Begin(ctx, time.Time{}, k, name, facts)
}

type untraced struct{}

func (untraced) End(bool, ...Fact) {}
