package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

const usageText = `usage:
  assumebot run --config FILE [--log-format json|text] [--log-level debug|info|warn|error]
      connect to Slack and serve until SIGTERM; SIGHUP, or a change of FILE, has it read again
  assumebot check --config FILE
      read the config file alone; list what is wrong with it, or what it grants
  assumebot keygen
      print a fresh key for ASSUMEBOT_SEAL_KEYS
  assumebot version
  assumebot help
      say this, and list the environment variables
`

const environmentText = `
environment (each of those marked * also as NAME_FILE, the path of a file that holds it):
  SLACK_APP_TOKEN *      xapp-…, with the scope connections:write
  SLACK_BOT_TOKEN *      xoxb-…
  REDIS_URL *            embedded for one process, or redis://, rediss:// or unix://
  ASSUMEBOT_SEAL_KEYS *  comma-separated or one a line, newest first; not needed with embedded
  AWS_REGION             where STS is called; other AWS settings are the SDK's own
  ASSUMEBOT_CONFIG       the config file, when --config is not given
  SLACK_API_URL *        https://slack.com/api/ unless set
  REDIS_CLEARTEXT, REDIS_SKIP_VERIFY, AWS_FOREIGN_ENDPOINT
                         accepted, to take the risk that the name says

exit codes: 0 done, 1 failed, 2 the command line is wrong,
  78 the bot cannot run until a person mends its settings, its config or a token
`

// A usageError is a command line that was not understood.
type usageError struct{ message string }

func (e usageError) Error() string { return e.message }

func usagef(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

// run does what args say. The environment is reached through getenv alone.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return usagef("a command is needed: run, check, keygen, version or help")
	}
	verb, args := args[0], args[1:]
	switch verb {
	case "run":
		return runBot(ctx, args, getenv, stdout, stderr)
	case "check":
		return check(args, getenv, stdout, stderr)
	case "keygen", "version", "help", "-h", "-help", "--help":
		if len(args) > 0 {
			return usagef("%s takes no arguments: remove %q", verb, args[0])
		}
	default:
		return usagef("unknown command %q: write run, check, keygen, version or help", verb)
	}
	text := usageText + environmentText
	switch verb {
	case "keygen":
		text = app.NewSealKey().Reveal() + "\n"
	case "version":
		text = versionText(debug.ReadBuildInfo()) + "\n"
	}
	_, err := io.WriteString(stdout, text)
	return err
}

// errHelped says that help was asked for and given.
var errHelped = errors.New("help was printed")

// parseFlags parses args, of which none may be left over.
func parseFlags(flags *flag.FlagSet, args []string, stdout io.Writer) error {
	flags.SetOutput(io.Discard) // report prints errors, once
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		_, _ = io.WriteString(stdout, usageText+environmentText)
		return errHelped
	case err != nil:
		return usagef("%s: %v", flags.Name(), err)
	case flags.NArg() > 0:
		return usagef("%s: unexpected %q: the config file goes after --config", flags.Name(), flags.Arg(0))
	}
	return nil
}

func runBot(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	// From the first moment on: SIGHUP would end the program, also while it starts.
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	defer signal.Stop(reload)
	hardened := app.Harden()
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	file := flags.String("config", "", "")
	format := flags.String("log-format", "json", "")
	var level slog.Level
	flags.Func("log-level", "", func(s string) error {
		if !strings.Contains("|debug|info|warn|error|", "|"+strings.ToLower(s)+"|") {
			return errors.New("write debug, info, warn or error")
		}
		return level.UnmarshalText([]byte(s))
	})
	if err := parseFlags(flags, args, stdout); err != nil {
		return unlessHelped(err)
	}
	var handler slog.Handler
	options := &slog.HandlerOptions{Level: &level, ReplaceAttr: readable}
	switch *format {
	case "json":
		handler = slog.NewJSONHandler(stderr, options)
	case "text":
		handler = slog.NewTextHandler(stderr, options)
	default:
		return usagef("run: unknown log format %q: write json or text", *format)
	}
	settings, problems := app.ReadSettings(getenv)
	path, err := configPath("run", *file, settings.ConfigPath)
	if err != nil {
		return err
	}
	cfg, err := config.Load(path)
	if err := errors.Join(problems, err); err != nil {
		return app.NeedsPerson(fmt.Errorf("cannot start:\n%w", err))
	}
	log := slog.New(handler)
	if hardened != nil {
		log.Warn("a core file of this process could hold keys and codes", "error", hardened)
	}
	return app.Run(ctx, path, cfg, settings, reload, log)
}

func unlessHelped(err error) error {
	if errors.Is(err, errHelped) {
		return nil
	}
	return err
}

// configPath returns the flag's path, or else the environment's.
func configPath(verb, flagged, environment string) (string, error) {
	switch {
	case flagged != "":
		return flagged, nil
	case environment != "":
		return environment, nil
	}
	return "", usagef("%s: which config file? Give --config FILE or set ASSUMEBOT_CONFIG", verb)
}
