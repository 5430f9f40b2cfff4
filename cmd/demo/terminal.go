package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/assumebot/assumebot/bot/slacktest"
)

// errQuit ends the session in order.
var errQuit = errors.New("quit")

// A terminal shows what people see and does what lines say. Its methods are for
// one goroutine, all but notice.
type terminal struct {
	world  *world
	in     io.Reader
	out    io.Writer
	late   time.Duration // how long expect waits
	script bool          // lines come from a pipe: they are echoed, and the first that fails ends it

	exact    func(string) string // prints a snippet in another way than whole
	editor   *term.Terminal      // nil where lines are not edited
	measured func()              // called before a line is edited
	wanted   chan struct{}       // filled when the editor is to read one

	recordEnd string          // how far the audit record has been seen
	said      strings.Builder // what was shown since the last line, for expect
	failed    error           // of writing to out

	news chan struct{} // filled by notice

	mu      sync.Mutex
	inbox   []slacktest.Change // noticed, and not shown yet
	noticed int                // versions of messages noticed so far
}

func newTerminal(w *world, in io.Reader, out io.Writer, late time.Duration) *terminal {
	t := &terminal{world: w, in: in, out: out, late: late, script: !isTerminal(in), news: make(chan struct{}, 1)}
	if isTerminal(out) {
		t.exact = shorten
	}
	w.slack.Subscribe(t.notice)
	return t
}

// notice takes a change of Slack in; the fake calls it on a goroutine of its own.
func (t *terminal) notice(c slacktest.Change) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c.Message.Via != "person" { // they know what they wrote
		t.inbox = append(t.inbox, c)
	}
	if c.Kind == slacktest.MessagePosted || c.Kind == slacktest.MessageUpdated {
		t.noticed++
	}
	select {
	case t.news <- struct{}{}:
	default:
	}
}

// serve does what the lines of in say until they end, somebody quits or ctx
// ends, all of which are nil. In a script the first line that fails is an error.
func (t *terminal) serve(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t.print(t.banner())
	read := readLines
	if t.editor != nil {
		read = func(ctx context.Context, _ io.Reader) (<-chan string, <-chan error) { return t.editedLines(ctx) }
	}
	lines, readErr := read(ctx, t.in)
	t.prompt()
	for number := 1; ; {
		select {
		case <-ctx.Done():
			t.print("\n")
			return nil
		case <-t.idleNews():
			t.interrupt()
		case text, ok := <-lines:
			if !ok {
				if err := <-readErr; err != nil {
					return fmt.Errorf("line %d: %w", number, err)
				}
				if !t.script && t.editor == nil {
					t.print("\n") // after the prompt
				}
				return t.failed
			}
			switch err := t.line(ctx, text); {
			case errors.Is(err, errQuit), ctx.Err() != nil:
				return nil
			case err != nil && t.script:
				return fmt.Errorf("line %d: %w", number, err)
			case err != nil:
				t.print(wrap("("+err.Error()+")") + "\n") // nothing for expect to find
			}
			number++
			t.prompt()
		}
		if t.failed != nil {
			return t.failed
		}
	}
}

// readLines hands over the lines of in as they come. The goroutine ends with the
// input; one that waits for a person at a keyboard ends with the process.
func readLines(ctx context.Context, in io.Reader) (<-chan string, <-chan error) {
	lines, failed := make(chan string), make(chan error, 1)
	go func() {
		defer close(lines)
		scanner := bufio.NewScanner(in)
		for scanner.Scan() {
			select {
			case lines <- scanner.Text():
			case <-ctx.Done():
				failed <- nil
				return
			}
		}
		err := scanner.Err()
		if errors.Is(err, bufio.ErrTooLong) {
			err = fmt.Errorf("it is longer than %d bytes: break it up", bufio.MaxScanTokenSize)
		}
		failed <- err
	}()
	return lines, failed
}

// idleNews is what wakes a terminal that waits for a person. A script shows news
// in between its lines, so that its output has one order.
func (t *terminal) idleNews() <-chan struct{} {
	if t.script {
		return nil
	}
	return t.news
}

// interrupt shows news to a person who is at the prompt.
func (t *terminal) interrupt() {
	t.mu.Lock()
	waiting := len(t.inbox)
	t.mu.Unlock()
	switch {
	case waiting > 0 && t.editor != nil: // it keeps the line below what is printed
		t.showNews(nil)
	case waiting > 0:
		t.print("\n")
		t.showNews(nil)
		t.prompt()
	}
}

// line does what one line says.
func (t *terminal) line(ctx context.Context, text string) error {
	text = strings.TrimSpace(text)
	if text == "" || strings.HasPrefix(text, "#") {
		return nil
	}
	t.showNews(nil)
	if t.script {
		t.print("> " + text + "\n")
	}
	l, err := t.world.parse(text)
	if err != nil {
		return err
	}
	if l.word != wordExpect {
		t.said.Reset()
	}
	return t.do(ctx, l)
}

// finish shows what came while the bot was being stopped.
func (t *terminal) finish(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := t.caughtUp(ctx)
	t.showNews(nil)
	return errors.Join(err, t.failed)
}

// take empties the inbox.
func (t *terminal) take() []slacktest.Change {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := t.inbox
	t.inbox = nil
	return all
}

// showNews shows what was noticed: first what answers actor, then what others
// see alone, then channels.
func (t *terminal) showNews(actor *person) {
	all := t.take()
	rank := func(c slacktest.Change) int {
		switch t.world.onlyFor(c) {
		case nil:
			return 2
		case actor:
			return 0
		}
		return 1
	}
	slices.SortStableFunc(all, func(a, b slacktest.Change) int { return rank(a) - rank(b) })
	for _, c := range all {
		t.show(c)
	}
}

// show prints one change.
func (t *terminal) show(c slacktest.Change) {
	to := t.world.onlyFor(c)
	if to != nil {
		to.remember(c)
	}
	tree, controls := t.world.drawn(c)
	t.draw(t.world.heading(c), tree, controls)
}

// draw prints what Slack draws, and what can be done with it.
func (t *terminal) draw(head string, tree slacktest.Piece, controls string) {
	t.remember(head + "\n" + tree.Text(slacktest.Layout{}) + "\n" + controls)
	layout := slacktest.Layout{Width: width, Indent: "  ", Exact: t.exact}
	body := strings.TrimLeft(tree.Text(layout), "\n") + "\n"
	for line := range strings.SplitSeq(controls, "\n") {
		body += slacktest.Piece{Kind: slacktest.PieceParagraph, Spans: []slacktest.Span{{Text: line}}}.Text(layout) + "\n"
	}
	t.print(head + "\n" + strings.TrimRight(body, "\n ") + "\n\n")
}

// note prints something of the demo's own.
func (t *terminal) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	t.remember(text)
	t.print(wrap("("+text+")") + "\n")
}

func (t *terminal) remember(text string) { t.said.WriteString(text + "\n") }

// print keeps the first error, which ends the session.
func (t *terminal) print(text string) {
	if _, err := io.WriteString(t.out, text); err != nil && t.failed == nil {
		t.failed = err
	}
}

func (t *terminal) prompt() {
	switch {
	case t.editor != nil:
		select {
		case t.wanted <- struct{}{}:
		default:
		}
	case !t.script:
		t.print("> ")
	}
}
