package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/assumebot/assumebot/bot/slacktest"
)

// A screen is where what people see is printed.
type screen struct {
	out    io.Writer
	exact  func(string) string // prints a snippet in another way than whole
	script bool                // nobody sits before it, so it shows no prompt
	editor *lineEditor         // nil where lines are not edited

	said   strings.Builder // what was shown since the last line, for expect
	failed error           // of writing to out
}

func newScreen(out io.Writer, script bool) *screen {
	s := &screen{out: out, script: script}
	if isTerminal(out) {
		s.exact = shorten
	}
	return s
}

// draw prints what Slack draws, and what can be done with it.
func (s *screen) draw(head string, tree slacktest.Piece, controls string) {
	s.remember(head + "\n" + tree.Text(slacktest.Layout{}) + "\n" + controls)
	layout := slacktest.Layout{Width: width, Indent: "  ", Exact: s.exact}
	body := strings.TrimLeft(tree.Text(layout), "\n") + "\n"
	for line := range strings.SplitSeq(controls, "\n") {
		body += slacktest.Piece{Kind: slacktest.PieceParagraph, Spans: []slacktest.Span{{Text: line}}}.Text(layout) + "\n"
	}
	s.print(head + "\n" + strings.TrimRight(body, "\n ") + "\n\n")
}

// note prints something of the demo's own.
func (s *screen) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	s.remember(text)
	s.print(wrap("("+text+")") + "\n")
}

func (s *screen) remember(text string) { s.said.WriteString(text + "\n") }

// print keeps the first error, which ends the session.
func (s *screen) print(text string) {
	if _, err := io.WriteString(s.out, text); err != nil && s.failed == nil {
		s.failed = err
	}
}

func (s *screen) prompt() {
	switch {
	case s.editor != nil:
		select {
		case s.editor.wanted <- struct{}{}:
		default:
		}
	case !s.script:
		s.print("> ")
	}
}
