// Package message is what a person reads: each answer, notice and list of the bot,
// with the buttons below it. It makes messages and sends none.
package message

import (
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/prose"
)

// A Voice turns Parts into what a person reads. It is the only place that does.
type Voice struct {
	Prefix     string // of the commands
	Now        func() time.Time
	Reveal     time.Duration // how long credentials can be shown again
	MFASession time.Duration // how long an MFA session lasts at most; 0: there are none
}

// command is a command as it is typed here.
func (v Voice) command(p prose.Part) string {
	return strings.TrimSpace("/" + v.Prefix + string(p.Kind) + " " + p.Text)
}

// spans shows sentences, their plain text as text makes it.
func (v Voice) spans(text func(string) blockkit.Span, sentences ...[]prose.Part) []blockkit.Span {
	var (
		spans []blockkit.Span
		plain strings.Builder
	)
	flush := func() {
		if plain.Len() > 0 {
			spans = append(spans, text(plain.String()))
			plain.Reset()
		}
	}
	for _, p := range prose.Sentences(sentences...) {
		if p.Kind == prose.KindText {
			plain.WriteString(p.Text)
			continue
		}
		flush()
		switch {
		case p.IsCommand():
			spans = append(spans, blockkit.Code(v.command(p)))
		case p.Kind == prose.KindChannel:
			spans = append(spans, slack.NewRichTextSectionChannelElement(p.Text, nil))
		case p.Kind == prose.KindTime:
			spans = append(spans, blockkit.Moment(p.Time))
		default:
			spans = append(spans, blockkit.Code(p.Text))
		}
	}
	flush()
	return spans
}

// say is one sentence that stands by itself.
func (v Voice) say(words ...any) []blockkit.Span {
	return v.spans(blockkit.Plain, prose.Say(words...))
}

// text is sentences where Slack shows nothing but text.
func (v Voice) text(sentences ...[]prose.Part) string {
	var text strings.Builder
	for _, p := range prose.Sentences(sentences...) {
		if p.IsCommand() {
			text.WriteString(v.command(p))
		} else {
			text.WriteString(prose.Plain([]prose.Part{p}))
		}
	}
	return text.String()
}

// whatNext is what became of the code, and what to do.
func whatNext(e *broker.Error) []prose.Part {
	return prose.Sentences(useOfCode(e), e.Hint)
}

// useOfCode says what became of the code, where what happened does not say it.
func useOfCode(e *broker.Error) []prose.Part {
	switch {
	case e.Code == broker.CodeWrongCode, e.Code == broker.CodeCodeSpent:
		return nil
	case e.Use == broker.UseUnused:
		return prose.Say("Your code was not used.")
	case e.Use == broker.UseSpent, e.Use == broker.UseUnknown:
		return prose.Say("Your code counts as used.")
	}
	return nil
}

// Error is the form in which a person reads an error.
func (v Voice) Error(e *broker.Error) blockkit.Message {
	spans := v.spans(blockkit.Bold, e.What)
	if next := whatNext(e); len(next) > 0 {
		spans = append(blockkit.Line(spans, "\n"), v.spans(blockkit.Plain, next)...)
	}
	text := v.text(e.What, whatNext(e))
	if e.Ref != "" {
		spans = blockkit.Line(spans, "\nReference: ", blockkit.Code(e.Ref))
		text += " Reference: " + e.Ref
	}
	elements := []slack.RichTextElement{blockkit.Paragraph(spans)}
	if e.Quote != "" {
		elements = append(elements, blockkit.Quote(e.Quote))
	}
	return blockkit.NewMessage(text, elements...)
}

// errorLine is an error in the midst of something else.
func (v Voice) errorLine(e *broker.Error) []blockkit.Span { return v.spans(blockkit.Plain, inline(e)) }

// ErrorText is an error where there is room for nothing but text.
func (v Voice) ErrorText(e *broker.Error) string { return v.text(inline(e)) }

// inline is all that an error says, in one line.
func inline(e *broker.Error) []prose.Part {
	var quoted, ref []prose.Part
	if e.Quote != "" {
		quoted = prose.Say("“" + e.Quote + "”")
	}
	if e.Ref != "" {
		ref = prose.Say("(ref " + e.Ref + ")")
	}
	return prose.Sentences(e.What, whatNext(e), quoted, ref)
}

// InForm is e for whoever has a form before them, which asks for what is missing.
func InForm(e *broker.Error) *broker.Error {
	form := *e
	switch e.Code {
	case broker.CodeReason:
		form.Hint = prose.Say("Type why.")
	case broker.CodeNeedsCode:
		form.Hint = prose.Say("Type the six digits that your device shows.")
	}
	return &form
}
