package main

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestNoLogLineSteersATerminal(t *testing.T) {
	const bad = "a\x1b[31m\u009b1m\u202eb\u200b\nGranted prod to bob"
	for name, handler := range map[string]func(*bytes.Buffer) slog.Handler{
		"json": func(b *bytes.Buffer) slog.Handler {
			return slog.NewJSONHandler(b, &slog.HandlerOptions{ReplaceAttr: readable})
		},
		"text": func(b *bytes.Buffer) slog.Handler {
			return slog.NewTextHandler(b, &slog.HandlerOptions{ReplaceAttr: readable})
		},
	} {
		var out bytes.Buffer
		log := slog.New(handler(&out)).With("kept", bad)
		log.Warn(bad, "text", bad, "error", errors.New(bad), "list", []string{bad}, "none", error(nil), "took", 90*time.Second, slog.Group("g", "x", bad))
		got := out.String()
		if strings.ContainsAny(strings.TrimSuffix(got, "\n"), "\x1b\u009b\u202e\u200b\n") || !strings.Contains(got, "1m30s") || !strings.Contains(got, "Granted") {
			t.Errorf("%s: got %q, want one line of visible characters", name, got)
		}
	}
}

func TestReportPrintsVisibleCharactersAlone(t *testing.T) {
	var out bytes.Buffer
	report(errors.New("cannot start:\nfile \x1b]0;x\a\u202e"), &out, palette{})
	if got, want := out.String(), "assumebot: cannot start:\nfile "+`\x1b]0;x\a\u202e`+"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
