package main

import (
	"log/slog"
	"strings"

	"github.com/assumebot/assumebot/broker/text"
)

// What comes from the config, from AWS or from Slack may hold what steers a
// terminal, or turns text around. Everything that this program prints or logs
// passes one of the two below.

// terminal is text as it may be printed: lines and columns stay, all else that is
// not visible is written out.
func terminal(text string) string { return keeping(text, "\n\t") }

// readable writes durations as 1.5s, where JSON would have bare nanoseconds, and
// texts and errors without what neither handler of slog escapes. Both do escape
// ASCII's own control characters.
func readable(_ []string, a slog.Attr) slog.Attr {
	switch v := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(logged(v))
	case error:
		a.Value = slog.StringValue(logged(v.Error()))
	case []string:
		clean := make([]string, len(v))
		for i, text := range v {
			clean[i] = logged(text)
		}
		a.Value = slog.AnyValue(clean)
	default:
		if a.Value.Kind() == slog.KindDuration {
			a.Value = slog.StringValue(a.Value.Duration().String())
		}
	}
	return a
}

const asciiControls = "\x00\x01\x02\x03\x04\x05\x06\a\b\t\n\v\f\r\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f"

func logged(text string) string { return keeping(text, asciiControls) }

// keeping is [text.Printable] but for the characters in keep.
func keeping(s, keep string) string {
	if text.Printable(s) == s {
		return s
	}
	var b strings.Builder
	for s != "" {
		i := strings.IndexAny(s, keep)
		if i < 0 {
			i = len(s)
		}
		b.WriteString(text.Printable(s[:i]))
		if i < len(s) {
			b.WriteByte(s[i])
			i++
		}
		s = s[i:]
	}
	return b.String()
}
