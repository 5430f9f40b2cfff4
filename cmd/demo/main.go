// Command demo is the whole bot in one terminal, with nothing to install: what
// `assumebot run` runs, against a fake Slack, a fake AWS and a Redis of its own
// on loopback. Lines typed or piped in are what people do in Slack; `help`
// lists the words.
//
// Nothing of it is real and nothing leaves the machine: the demo hides the AWS
// settings of whoever starts it from itself before anything reads them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal finds the default action again, and ends the program.
	context.AfterFunc(ctx, stop)
	os.Exit(report(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr), os.Stderr))
}

// report prints what went wrong and returns the exit code: 1 when a script
// failed or the demo could not start, 2 when the command line was not
// understood.
func report(err error, stderr io.Writer) int {
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2 // package flag has said what is wrong
	}
	fmt.Fprintln(stderr, "demo:", err)
	return 1
}
