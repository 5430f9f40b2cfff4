// Command loadgen measures the bot from outside: the real program, over a Slack and an
// AWS that cost little, with a real Redis, beside a bare loop on slack-go that only
// acknowledges. `loadgen help` says how.
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
	os.Exit(report(run(ctx, os.Args[1:], os.Stdout, os.Stderr), os.Stderr))
}

// report prints what went wrong and returns the exit code: 1 when it could not be
// measured or a goal was missed, 2 when the command line was not understood.
func report(err error, stderr io.Writer) int {
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2 // package flag has said what is wrong
	}
	fmt.Fprintln(stderr, "loadgen:", err)
	return 1
}
