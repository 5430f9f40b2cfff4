package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/assumebot/assumebot/cmd/loadgen/bare"
	"github.com/assumebot/assumebot/cmd/loadgen/fakeslack"
	"github.com/assumebot/assumebot/cmd/loadgen/lab"
)

var errUsage = errors.New("usage")

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	command := "help"
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	switch command {
	case "table":
		return tableCommand(ctx, args, stdout, stderr)
	case "run":
		return runCommand(ctx, args, stdout, stderr)
	case "bare": // what a Lab starts
		return bareCommand(ctx, args)
	case "help", "-h", "-help", "--help":
		_, err := io.WriteString(stdout, usageText)
		return err
	}
	fmt.Fprintf(stderr, "loadgen: no command %q\n\n%s", command, usageText)
	return errUsage
}

// bareCommand is `bare URL [FILE [REDIS STS]]`.
func bareCommand(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("bare is started by loadgen itself: try `loadgen help`")
	}
	var work bare.Work
	var err error
	if len(args) > 1 {
		if work.Body, err = os.ReadFile(args[1]); err != nil { //nolint:gosec // a file of our own
			return err
		}
	}
	if len(args) > 3 {
		if work.First, err = bare.NewFirst(args[2], args[3]); err != nil {
			return err
		}
	}
	serveProfiles(os.Getenv(lab.ProfileAddr))
	return bare.Run(ctx, args[0], fakeslack.AppToken, fakeslack.BotToken, work)
}

// labFlags are the flags of how a Lab is set up.
func labFlags(f *flag.FlagSet, o *lab.Options) {
	f.StringVar(&o.Bot, "bot", "", "the program to measure, `PATH`; built from this tree otherwise")
	f.StringVar(&o.RedisURL, "redis", "", "an empty Redis at `URL`, which is flushed; a redis-server is started otherwise")
	f.StringVar(&o.Fsync, "fsync", "always", "appendfsync of that redis-server: always, everysec or no")
	f.IntVar(&o.Users, "users", 500, "users of the config")
	f.IntVar(&o.Accounts, "accounts", 100, "accounts of the config")
	f.IntVar(&o.Group, "group", 0, "members of the user group that may have the accounts; 0: every user may, without a group")
	f.IntVar(&o.Connections, "connections", 2, "sockets of each replica")
	f.IntVar(&o.Replicas, "replicas", 1, "replicas of the bot")
	f.DurationVar(&o.STS, "sts", 0, "how long STS takes")
	f.BoolVar(&o.Sessions, "sessions", false, "MFA sessions are on")
	f.IntVar(&o.UsersInfo, "users-info", 0, "how often a minute users.info answers; 0: always")
}

// parse reads args, which are flags alone.
func parse(f *flag.FlagSet, args []string, stderr io.Writer) error {
	f.SetOutput(stderr)
	f.Usage = func() { fmt.Fprint(stderr, usageText, "\nFlags of ", f.Name(), ":\n"); f.PrintDefaults() }
	switch err := f.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return err
	case err != nil:
		return errUsage
	case f.NArg() > 0:
		fmt.Fprintf(stderr, "loadgen: unexpected %q\n", f.Arg(0))
		return errUsage
	}
	return nil
}
