package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

// keyboard types keys and shows nothing of a terminal's own.
type keyboard struct {
	io.Reader
	io.Writer
}

func TestLinesAreEditedAndComeBack(t *testing.T) {
	t.Parallel()
	const backspace, up = "\x7f", "\x1b[A"
	var shown bytes.Buffer
	editor := newLineEditor(keyboard{strings.NewReader("/assume prodd" + backspace + "\r" + up + " for 2h\r\x04"), &shown})
	term := &screen{out: editor, editor: editor}
	lines, failed := editor.lines(t.Context())
	for _, want := range []string{"/assume prod", "/assume prod for 2h"} {
		term.prompt()
		if got := <-lines; got != want {
			t.Errorf("got line %q, want %q", got, want)
		}
	}
	term.print("one\ntwo\n")
	term.prompt()
	if _, open := <-lines; open {
		t.Error("control-D did not end the lines")
	}
	if err := <-failed; err != nil {
		t.Errorf("got %v, want nil", err)
	}
	if got := shown.String(); !strings.Contains(got, "> ") || !strings.Contains(got, "one\r\ntwo\r\n") {
		t.Errorf("got screen %q, want prompts, and line ends that raw terminals need", got)
	}
}

func TestOnlyATerminalShortensLongLines(t *testing.T) {
	t.Parallel()
	long := "export AWS_SESSION_TOKEN='" + strings.Repeat("x", 900) + "'"
	got := shorten("export A='1'\n" + long)
	if want := "export A='1'\n" + long[:80] + "… (847 more characters: help says how to see them)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if whole := "line\n" + strings.Repeat("y", longest); shorten(whole) != whole {
		t.Error("a line that is not too long was shortened")
	}
	out, err := play(t, "/assume prod {mfa}\n")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out, "more characters") {
		t.Errorf("a pipe got a shortened snippet:\n%s", out)
	}
}
