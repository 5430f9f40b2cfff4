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

// edit puts the terminal into raw mode until restore is called.
func (t *terminal) edit(in, out *os.File) (restore func() error, err error) {
	fd := int(in.Fd())
	before, err := term.MakeRaw(fd)
	if err != nil {
		return nil, err
	}
	t.editWith(struct {
		io.Reader
		io.Writer
	}{in, out}, func() {
		if columns, rows, err := term.GetSize(fd); err == nil {
			_ = t.editor.SetSize(columns, rows) // it draws wrongly at worst
		}
	})
	return func() error {
		_, printErr := io.WriteString(out, "\r\n")
		return errors.Join(printErr, term.Restore(fd, before))
	}, nil
}

// editWith has lines edited on rw; measured is called before each.
func (t *terminal) editWith(rw io.ReadWriter, measured func()) {
	t.editor = term.NewTerminal(rw, "> ")
	t.measured = measured
	t.wanted = make(chan struct{}, 1)
	t.out = t.editor
}

// editedLines hands over lines, each once the terminal prompts for it. Control-C
// and Control-D end them.
func (t *terminal) editedLines(ctx context.Context) (<-chan string, <-chan error) {
	lines, failed := make(chan string), make(chan error, 1)
	go func() {
		defer close(lines)
		for {
			select {
			case <-t.wanted:
			case <-ctx.Done():
				failed <- nil
				return
			}
			t.measured()
			text, err := t.editor.ReadLine()
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
