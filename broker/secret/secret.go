// Package secret holds what nobody may see by accident: a [Text] redacts itself
// wherever it is printed, logged or marshalled, and so do MFA codes and Credentials,
// which are made of it. A [Sealing] says how Credentials may be shown.
package secret

import (
	"fmt"
	"io"
	"log/slog"
	"runtime"
)

const redacted = "[redacted]"

// A Text is a string that redacts itself: under every fmt verb, in every slog
// handler, in JSON, YAML and text marshalling. [Text.Reveal] is the one exit.
//
// The string is behind a pointer because fmt and slog do not call methods on
// values they reach through unexported struct fields: what they would print
// there is an address, not the text.
type Text struct{ text *string }

// New wraps s.
func New(s string) Text { return Text{text: &s} }

// Reveal returns the text. A linter lists the files that may call it.
func (t Text) Reveal() string {
	if t.text == nil {
		return ""
	}
	return *t.text
}

// Empty reports whether there is no text.
func (t Text) Empty() bool { return t.text == nil || *t.text == "" }

// Format implements [fmt.Formatter] for every verb.
func (t Text) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String implements [fmt.Stringer], for callers that bypass fmt.
func (t Text) String() string { return redacted }

// LogValue implements [slog.LogValuer].
func (t Text) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements [encoding.TextMarshaler], and so covers JSON and YAML.
func (t Text) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// PanicText says what a panic said, if it is Go's own: any other value may hold
// what a person sent.
func PanicText(what any) string {
	if err, ok := what.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", what)
}
