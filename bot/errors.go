package bot

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
)

// refusal turns an error into what the person reads, and logs it once: as a
// warning when the person can mend it, as an error when we must.
func (b *Bot) refusal(ctx context.Context, to conversation, err error) blockkit.Message {
	var e *broker.Error
	if !errors.As(err, &e) {
		e = &broker.Error{
			Code: broker.CodeInternal, Err: err, Ref: broker.ShortRef(to.requestID),
			What: broker.Say("Something failed on our side."),
			Hint: broker.Say("Try again; if it stays, quote the reference."),
		}
	}
	if e.Ours() && e.Ref == "" {
		e.Ref = broker.ShortRef(to.requestID)
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
	return b.errorMessage(e)
}

// errorMessage is the one form in which a person reads an error.
func (b *Bot) errorMessage(e *broker.Error) blockkit.Message {
	hint := b.withPrefix(broker.Plain(e.Hint))
	spans := blockkit.Timed(broker.Plain(e.What), blockkit.Bolds)
	if hint != "" {
		spans = append(spans, blockkit.Plain("\n"))
		spans = append(spans, b.hintSpans(e.Code, hint)...)
	}
	text := strings.TrimSpace(broker.Plain(e.What) + " " + strings.ReplaceAll(hint, "`", ""))
	if e.Ref != "" {
		spans = append(spans, blockkit.Plain("\nReference: "), blockkit.Code(e.Ref))
		text += " Reference: " + e.Ref
	}
	elements := []slack.RichTextElement{blockkit.Paragraph(spans...)}
	if e.Quote != "" {
		elements = append(elements, blockkit.Quote(e.Quote))
	}
	return blockkit.NewMessage(text, elements...)
}

// told is an error as plain text, where there is room for no more.
func told(err error) string {
	var e *broker.Error
	if !errors.As(err, &e) {
		return "Something failed on our side. Try again."
	}
	return broker.Plain(e.What) + " " + strings.ReplaceAll(broker.Plain(e.Hint), "`", "")
}

// hintSpans shows one of our sentences: channels that it names by ID as links,
// commands as code, times as the reader's own.
func (b *Bot) hintSpans(c broker.Code, sentence string) []blockkit.Span {
	if c == broker.CodeChannel {
		return blockkit.Timed(sentence, blockkit.Channels)
	}
	return blockkit.Timed(sentence, blockkit.Codes)
}

// withPrefix puts the configured prefix into the commands that a sentence names.
func (b *Bot) withPrefix(sentence string) string {
	if b.prefix == "" {
		return sentence
	}
	return strings.NewReplacer("/assume", "/"+b.prefix+"assume", "/buckets", "/"+b.prefix+"buckets", "/mfa", "/"+b.prefix+"mfa", "/sessions",
		"/"+b.prefix+"sessions").Replace(sentence)
}
