package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// errQuit ends the session in order.
var errQuit = errors.New("quit")

// A terminal does what lines say, and shows what people see of it. It and its
// parts are for one goroutine, all but the inbox's notice.
type terminal struct {
	*audience
	hands hands
	in    io.Reader
	stays bool // it goes on when the lines have ended
}

func newTerminal(w *scene, in io.Reader, out io.Writer, late time.Duration) *terminal {
	a := &audience{screen: newScreen(out, !isTerminal(in)), inbox: newInbox(w.Slack), scene: w, late: late}
	return &terminal{audience: a, hands: hands{a}, in: in}
}

// serve prints the banner and does what the lines of in say until they end, somebody quits
// or ctx ends, all of which are nil. In a script the first line that fails is an error.
func (t *terminal) serve(ctx context.Context, banner string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t.print(banner)
	read := func(ctx context.Context) (<-chan string, <-chan error) { return readLines(ctx, t.in) }
	if t.editor != nil {
		read = t.editor.lines
	}
	lines, readErr := read(ctx)
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
				if t.stays && t.editor == nil {
					lines = nil
					continue
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
	switch {
	case t.empty():
	case t.editor != nil: // it keeps the line below what is printed
		t.showNews(nil)
	default:
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
	l, err := t.scene.parse(text)
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
