package broker

import (
	"fmt"
	"io"
	"log/slog"
	"runtime"
)

const redacted = "[redacted]"

// A Secret is a string that redacts itself: under every fmt verb, in every slog
// handler, in JSON, YAML and text marshalling. [Secret.Reveal] is the one exit.
//
// The string is behind a pointer because fmt and slog do not call methods on
// values they reach through unexported struct fields: what they would print
// there is an address, not the text.
type Secret struct{ text *string }

// NewSecret wraps s.
func NewSecret(s string) Secret { return Secret{text: &s} }

// Reveal returns the text. A linter lists the files that may call it.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Empty reports whether there is no text.
func (s Secret) Empty() bool { return s.text == nil || *s.text == "" }

// Format implements [fmt.Formatter] for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String implements [fmt.Stringer], for callers that bypass fmt.
func (s Secret) String() string { return redacted }

// LogValue implements [slog.LogValuer].
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements [encoding.TextMarshaler], and so covers JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// PanicText says what a panic said, if it is Go's own: any other value may hold
// what a person sent.
func PanicText(what any) string {
	if err, ok := what.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", what)
}
