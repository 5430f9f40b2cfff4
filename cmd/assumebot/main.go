// Command assumebot runs the bot, checks its config file and makes its keys.
// `assumebot help` says how.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal finds the default action again, and ends the program.
	context.AfterFunc(ctx, stop)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	os.Exit(report(err, os.Stderr, paletteOf(os.Stderr, os.Getenv)))
}

// exitSetup is EX_CONFIG of sysexits(3): only a person can mend it, so that
// whoever starts the program again need not try.
const exitSetup = 78

// exitUsage is how a command line ends that was not understood.
const exitUsage = 2

// An exitCode is how a command ends that has said everything, and has not failed.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// report prints what went wrong and returns the exit code: 1 when the work
// failed, 2 when the command line was not understood, 78 when the bot cannot run
// until a person mends its settings.
func report(err error, stderr io.Writer, colours palette) int {
	name := colours.bad("assumebot:")
	var problems config.Problems
	var usage usageError
	var setup *app.SetupError
	var says exitCode
	code := 1
	if errors.As(err, &setup) {
		code = exitSetup
	}
	switch {
	case err == nil:
		return 0
	case errors.As(err, &says):
		return int(says)
	case errors.As(err, &usage) && usage.alone:
		_, _ = fmt.Fprintf(stderr, "%s %s\n", name, terminal(usage.Error()))
		return exitUsage
	case errors.As(err, &usage):
		_, _ = fmt.Fprintf(stderr, "%s %s\n\n%s", name, terminal(usage.Error()), usageText(usage.cmd))
		return exitUsage
	case errors.As(err, &problems) && err.Error() == problems.Error():
		_, _ = fmt.Fprintln(stderr, problems) // alone, as compilers print theirs
	default:
		_, _ = fmt.Fprintf(stderr, "%s %s\n", name, terminal(err.Error()))
	}
	return code
}
