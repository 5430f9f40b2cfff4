package bot

import (
	"context"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"

	"github.com/assumebot/assumebot/bot/socketmode"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/watch"
)

// A fate is what those who watch are told of one Visit: where it came from, when the person
// first had an answer, and how it ended. nil is nobody's, and tells nothing.
type fate struct {
	watch   watch.Watcher // nil: nobody
	tracer  watch.Tracer  // nil: nobody
	ref     string
	surface watch.Surface
	came    time.Time

	mu      sync.Mutex
	replied bool
	outcome watch.Outcome // the last that was said; "": an answer like any other
	code    broker.Code   // of the error that was said last
	span    watch.Span    // nil: it is not traced
}

// fated makes to known to those who watch. What was read off a socket as e is a Visit of
// that surface.
func (b *core) fated(to *conversation, s watch.Surface, e socketmode.Envelope) {
	if b.watch != nil || b.tracer != nil {
		to.fate = &fate{watch: b.watch, tracer: b.tracer, ref: broker.ShortRef(to.requestID), surface: s, came: e.Came}
	}
}

// traced is ctx under which the Visit is traced, from when it came.
func (f *fate) traced(ctx context.Context) context.Context {
	if f == nil || f.tracer == nil {
		return ctx
	}
	ctx, f.span = f.tracer.Begin(watch.Traced(ctx, f.tracer), f.came, watch.Taken, "visit "+string(f.surface),
		[]watch.Fact{{Key: watch.FactRef, Value: f.ref}, {Key: watch.FactSurface, Value: string(f.surface)}})
	return ctx
}

func surfaceOf(t slack.InteractionType) watch.Surface {
	switch t {
	case slack.InteractionTypeBlockActions:
		return watch.Button
	case slack.InteractionTypeViewSubmission:
		return watch.Form
	case slack.InteractionTypeBlockSuggestion:
		return watch.Menu
	case slack.InteractionTypeShortcut:
		return watch.Shortcut
	}
	return watch.Other
}

func surfaceOfEvent(t string) watch.Surface {
	switch slackevents.EventsAPIType(t) {
	case slackevents.AppHomeOpened:
		return watch.Home
	case slackevents.AppMention, slackevents.Message:
		return watch.Message
	}
	return watch.Other
}

// answered says that Slack took an answer; the first one counts.
func (f *fate) answered() {
	if f == nil {
		return
	}
	f.mu.Lock()
	first := !f.replied
	f.replied = true
	f.mu.Unlock()
	if first && f.watch != nil {
		f.watch.Replied(f.surface, time.Since(f.came))
	}
}

// becomes says how the Visit is about to end.
func (f *fate) becomes(o watch.Outcome) {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.outcome = o
}

// fails says that the Visit is about to end with e.
func (f *fate) fails(e *broker.Error) {
	if f == nil {
		return
	}
	f.mu.Lock()
	f.code = e.Code
	f.mu.Unlock()
	switch {
	case e.Code == broker.CodeBusy:
		f.becomes(watch.Busy)
	case e.Ours():
		f.becomes(watch.Failed)
	default:
		f.becomes(watch.Refused)
	}
}

// ended says that the Visit has ended.
func (f *fate) ended() {
	if f == nil {
		return
	}
	f.mu.Lock()
	outcome, code := f.outcome, f.code
	f.mu.Unlock()
	if outcome == "" {
		outcome = watch.Told
	}
	if f.span != nil {
		f.span.End(outcome == watch.Failed, watch.Fact{Key: watch.FactOutcome, Value: string(outcome)},
			watch.Fact{Key: watch.FactErrorType, Value: string(code)})
	}
	if f.watch != nil {
		f.watch.Served(f.surface, outcome)
	}
}
