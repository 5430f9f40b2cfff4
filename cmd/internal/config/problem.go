package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/text"
)

// maxPrinted is how many problems one error prints: what a person can work
// through before reading the file anew.
const maxPrinted = 50

// A Problem is one thing that is wrong with the config file, and how to mend it.
type Problem struct {
	File         string
	Line, Column int // from 1; 0 when it concerns the file as a whole
	Message      string
}

// String puts the Problem as compilers do, so that editors can jump to it. It is
// one line, and nothing in the file can steer the terminal that shows it.
func (p Problem) String() string {
	return p.Place() + " " + text.Printable(p.Message)
}

// Place is how String begins.
func (p Problem) Place() string {
	if p.Line == 0 {
		return text.Printable(p.File) + ":"
	}
	return fmt.Sprintf("%s:%d:%d:", text.Printable(p.File), p.Line, p.Column)
}

// Problems is every Problem of one file, in the order of the file. It is never
// returned empty as an error.
type Problems []Problem

// Error lists them one a line, at most 50, then says how many more there are.
func (ps Problems) Error() string {
	var b strings.Builder
	for i, p := range ps {
		if i == maxPrinted {
			fmt.Fprintf(&b, "\nand %d more: mend these first", len(ps)-maxPrinted)
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(p.String())
	}
	return b.String()
}

// A collector gathers what is found while one file is read.
type collector struct {
	file     string
	readFile func(name string) ([]byte, error) // reads a file that it names
	problems Problems
	warnings Problems
}

func (c *collector) problem(at Position, format string, args ...any) {
	c.problems = append(c.problems, c.place(at, format, args...))
}

func (c *collector) warning(at Position, format string, args ...any) {
	c.warnings = append(c.warnings, c.place(at, format, args...))
}

func (c *collector) place(at Position, format string, args ...any) Problem {
	return Problem{File: c.file, Line: at.Line, Column: at.Column, Message: fmt.Sprintf(format, args...)}
}

// err returns the problems sorted by position, or nil.
func (c *collector) err() error {
	if len(c.problems) == 0 {
		return nil
	}
	sortByPosition(c.problems)
	return c.problems
}

func sortByPosition(ps Problems) {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// maxRecorded problems, cut to maxRecordedRunes characters, are what the record
// has of a broken file; the log has all of them whole.
const (
	maxRecorded      = 20
	maxRecordedRunes = 300
)

// Recorded is what the record keeps of them, and how many more there are.
func (ps Problems) Recorded() (first []event.Problem, more int) {
	for _, p := range ps[:min(len(ps), maxRecorded)] {
		words := event.NewText(text.AtMost(printed(p.Message), maxRecordedRunes))
		first = append(first, event.Problem{File: p.File, Line: p.Line, Column: p.Column, Words: words})
	}
	return first, max(len(ps)-maxRecorded, 0)
}

// Lines are all of them.
func (ps Problems) Lines() []string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return lines
}

// Quote puts what the file says into a message, cut so that a value pasted
// into the wrong place does not fill the screen.
func Quote(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return fmt.Sprintf("%q", s)
}
