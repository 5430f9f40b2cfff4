package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/assumebot/assumebot/cmd/internal/setup"
)

// maxAnswer is longer than every answer: an ARN is the longest.
const maxAnswer = 4096

// errStopped is for whoever ends the questions before their end.
var errStopped = errors.New("stopped: nothing was written")

// An asker asks at a terminal, again after a wrong answer, or reads answers from a
// pipe, where a wrong one ends it: what follows would answer another question.
type asker struct {
	cmd      *cobra.Command
	lines    <-chan string // closed at the end of the input
	out      io.Writer
	terminal bool
	told     map[string]bool // warnings that were said
}

func newAsker(c *cobra.Command) *asker {
	file, ok := c.InOrStdin().(*os.File)
	return &asker{
		cmd: c, lines: linesOf(c.InOrStdin()), out: c.OutOrStdout(),
		terminal: ok && term.IsTerminal(int(file.Fd())), told: map[string]bool{},
	}
}

// linesOf reads lines apart from who waits for them, who may be told to stop first: a
// read of a terminal cannot be. What reads ends with the input, or with the program.
func linesOf(r io.Reader) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		scanner := bufio.NewScanner(r)
		scanner.Buffer(nil, maxAnswer)
		for scanner.Scan() {
			lines <- scanner.Text()
		}
	}()
	return lines
}

// all asks every question that no flag has answered.
func (k *asker) all(ctx context.Context, a *setup.Answers, given map[string]bool) error {
	if k.terminal {
		k.say("A few questions. Enter takes what is in brackets; nothing is written before the last answer.\n")
	}
	var missing []string
	for _, q := range setup.Questions() {
		if given[q.Flag] || !q.Asked(*a) {
			continue
		}
		switch ended, err := k.one(ctx, a, q); {
		case err != nil:
			return err
		case ended && q.Required():
			missing = append(missing, q.Flag)
		}
	}
	switch {
	case len(missing) == 0:
		return nil
	case k.terminal:
		return errStopped
	}
	return usageError{cmd: k.cmd, what: "no answer to " + flagsOf(missing) + ": give these flags, or answer at a terminal; nothing was written", alone: true}
}

// one asks q until its answer is right; ended is true when the input has no more.
func (k *asker) one(ctx context.Context, a *setup.Answers, q setup.Question) (ended bool, err error) {
	standard := q.Standard(*a)
	for {
		k.prompt(q, standard)
		var line string
		select {
		case <-ctx.Done():
			k.say("")
			return false, errStopped
		case l, more := <-k.lines:
			if !more {
				return true, nil
			}
			line = l
		}
		if line == "" {
			line = standard
		}
		warnings, err := a.Set(q, line)
		switch {
		case err == nil:
			k.warn(warnings)
			return false, nil
		case !k.terminal:
			return false, usageError{cmd: k.cmd, what: fmt.Sprintf("the answer to --%s: %v; nothing was written", q.Flag, err), alone: true}
		}
		k.say("  " + err.Error())
	}
}

// prompt is for a terminal alone; a pipe reads none.
func (k *asker) prompt(q setup.Question, standard string) {
	if !k.terminal {
		return
	}
	switch {
	case q.Required():
		k.say(q.Asks + "\n  such as " + q.Example)
	case standard == "":
		k.say(q.Asks + "\n  such as " + q.Example + " [none]")
	default:
		k.say(q.Asks + "\n  [" + standard + "]")
	}
	_, _ = fmt.Fprint(k.out, "> ") // say tells of no error either: without a terminal nobody is asked
}

func (k *asker) warn(warnings []string) {
	for _, w := range warnings {
		if !k.told[w] && k.terminal {
			k.say("  warning: " + w)
		}
		k.told[w] = true
	}
}

func (k *asker) say(text string) { _, _ = fmt.Fprintln(k.out, terminal(text)) }
