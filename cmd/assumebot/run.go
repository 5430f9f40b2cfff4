package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

func runCommand(ctx context.Context, getenv func(string) string) *cobra.Command {
	c := &cobra.Command{
		Use:   "run --config FILE [flags]",
		Short: "Connect to Slack and serve",
		Long: "Connect to Slack and serve until SIGTERM. SIGHUP, or a change of the config file, has it read again.\n" +
			"The log is on standard error. Tokens and keys come from the environment: assumebot help environment lists them.",
		Example:           "  assumebot run --config assumebot.yaml --log-format text",
		Args:              noArgs(fileGoesAfter),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	file := configFlag(c)
	format := choiceFlag(c, "log-format", "json", "how a line of the log is written", "json", "text")
	level := choiceFlag(c, "log-level", "info", "the least that is logged", "debug", "info", "warn", "error")
	c.RunE = func(c *cobra.Command, _ []string) error {
		handler, err := newHandler(format.chosen, level.chosen, c.ErrOrStderr())
		if err != nil {
			return err
		}
		return runBot(ctx, c, *file, handler, getenv)
	}
	return c
}

func runBot(ctx context.Context, c *cobra.Command, file string, handler slog.Handler, getenv func(string) string) error {
	began := time.Now()
	// From the first moment on: SIGHUP would end the program, also while it starts.
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	defer signal.Stop(reload)
	hardened := app.Harden()
	settings, problems := app.ReadSettings(getenv)
	path, err := configPath(c, file, settings.ConfigPath)
	if err != nil {
		return err
	}
	read := config.Read(path)
	if err := errors.Join(problems, read.Err()); err != nil {
		return app.NeedsPerson(fmt.Errorf("cannot start:\n%w", err))
	}
	log := slog.New(handler)
	if hardened != nil {
		log.Warn("a core file of this process could hold keys and codes", "error", hardened)
	}
	return app.Run(ctx, read, settings, app.Environment{
		Log: log, Stdout: c.OutOrStdout(), Reload: reload, Version: versionText(debug.ReadBuildInfo()), Began: began,
	})
}

func newHandler(format, level string, w io.Writer) (slog.Handler, error) {
	var least slog.Level
	if err := least.UnmarshalText([]byte(level)); err != nil {
		return nil, err
	}
	options := &slog.HandlerOptions{Level: least, ReplaceAttr: readable}
	if format == "text" {
		return slog.NewTextHandler(w, options), nil
	}
	return slog.NewJSONHandler(w, options), nil
}
