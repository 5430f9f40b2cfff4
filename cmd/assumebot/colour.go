package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Colour is for people at a terminal, and says nothing that the words do not say:
// green is right, yellow wants to be looked at, red is wrong.

// A palette colours words, or leaves them as they are.
type palette struct{ on bool }

// paletteOf is that of what is written to w. There is none where w is no terminal,
// where TERM is dumb or not set, and where NO_COLOR is set (https://no-color.org).
func paletteOf(w io.Writer, getenv func(string) string) palette {
	f, ok := w.(*os.File)
	kind := getenv("TERM")
	return palette{ok && term.IsTerminal(int(f.Fd())) && kind != "" && kind != "dumb" && getenv("NO_COLOR") == ""}
}

func (p palette) good(s string) string { return p.paint("32", s) }
func (p palette) warn(s string) string { return p.paint("33", s) }
func (p palette) bad(s string) string  { return p.paint("31", s) }

func (p palette) paint(colour, s string) string {
	if !p.on || s == "" {
		return s
	}
	return "\x1b[" + colour + "m" + s + "\x1b[0m"
}
