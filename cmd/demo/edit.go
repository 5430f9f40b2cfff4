package main

import (
	"context"
	"errors"
	"io"
	"os"

	"golang.org/x/term"
)

// At a real terminal a line can be edited, and earlier ones come back with the
// arrow keys. It reads raw keys then, so everything that is printed goes through
// it: it keeps the line that is being typed below.

// isTerminal reports whether f is a terminal that a person sits at.
func isTerminal(f any) bool {
	file, ok := f.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// canEdit reports whether in and out are one that can move its cursor.
func canEdit(in, out any) bool {
	return isTerminal(in) && isTerminal(out) && os.Getenv("TERM") != "dumb"
}

// A lineEditor edits the lines of a keyboard, each once it is wanted.
type lineEditor struct {
	*term.Terminal
	measure func()        // called before each line
	wanted  chan struct{} // filled by the prompt
}

func newLineEditor(rw io.ReadWriter) *lineEditor {
	return &lineEditor{Terminal: term.NewTerminal(rw, "> "), measure: func() {}, wanted: make(chan struct{}, 1)}
}

// edit puts the terminal into raw mode until restore is called.
func (s *screen) edit(in, out *os.File) (restore func() error, err error) {
	fd := int(in.Fd())
	before, err := term.MakeRaw(fd)
	if err != nil {
		return nil, err
	}
	e := newLineEditor(struct {
		io.Reader
		io.Writer
	}{in, out})
	e.measure = func() {
		if columns, rows, err := term.GetSize(fd); err == nil {
			_ = e.SetSize(columns, rows) // it draws wrongly at worst
		}
	}
	s.editor, s.out = e, e
	return func() error {
		_, printErr := io.WriteString(out, "\r\n")
		return errors.Join(printErr, term.Restore(fd, before))
	}, nil
}

// lines hands over lines, each once the terminal prompts for it. Control-C and
// Control-D end them.
func (e *lineEditor) lines(ctx context.Context) (<-chan string, <-chan error) {
	lines, failed := make(chan string), make(chan error, 1)
	go func() {
		defer close(lines)
		for {
			select {
			case <-e.wanted:
			case <-ctx.Done():
				failed <- nil
				return
			}
			e.measure()
			text, err := e.ReadLine()
			if errors.Is(err, io.EOF) {
				failed <- nil
				return
			}
			if err != nil && !errors.Is(err, term.ErrPasteIndicator) {
				failed <- err
				return
			}
			select {
			case lines <- text:
			case <-ctx.Done():
				failed <- nil
				return
			}
		}
	}()
	return lines, failed
}
