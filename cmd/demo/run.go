package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/assumebot/assumebot/cmd/demo/web"
	"github.com/assumebot/assumebot/cmd/demo/world"
)

// errUsage is a command line that was not understood; what is wrong with it has
// been printed.
var errUsage = errors.New("usage")

// patience bounds every wait for something that the bot is to do.
const patience = 20 * time.Second

// lateness is how long `expect` waits for what comes by itself, such as a
// reminder. The bot looks after these every two seconds.
const lateness = 5 * time.Second

// run is the program: it returns when the input has ended, somebody quit, or ctx
// ended. A script that failed is an error that names its line.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	port := flags.Int("port", 0, "the port of the page on 127.0.0.1; 0 is any that is free")
	verbose := flags.Bool("v", false, "print the bot's log to standard error")
	alone := flags.Bool("serve", false, "run no bot; keep the fakes up for one that is started as in earnest, until interrupted")
	drawn := flags.Bool("gallery", false, "run no bot; show every message in the browser, on a phone and on a desktop, until interrupted")
	rehearsed := flags.String("drill", "", "run no bot; have this `assumebot` drill against the fakes, and end")
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), usageText)
		flags.PrintDefaults()
		fmt.Fprint(flags.Output(), "\n"+helpText)
	}
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "demo: it takes no arguments; pipe lines in, or type them\n\n%s", usageText)
		return errUsage
	}
	if wrong := clash(*alone, *drawn, *verbose, *rehearsed != ""); wrong != "" {
		fmt.Fprintf(stderr, "demo: %s\n\n%s", wrong, usageText)
		return errUsage
	}
	switch {
	case *rehearsed != "":
		return drillWith(ctx, *rehearsed, stdout, stderr)
	case *alone:
		return serve(ctx, stdin, stdout, *port)
	case *drawn:
		return showGallery(ctx, ".", *port, stdout)
	}
	log := slog.New(slog.DiscardHandler)
	if *verbose {
		log = slog.New(slog.NewTextHandler(stderr, nil))
	}
	return perform(ctx, stdin, stdout, log, lateness, *port)
}

// clash says which flags exclude each other, "" for none.
func clash(alone, drawn, verbose, rehearsed bool) string {
	switch {
	case rehearsed && (alone || drawn || verbose):
		return "--drill goes with no other flag"
	case alone && drawn:
		return "--serve and --gallery exclude each other"
	case alone && verbose:
		return "-v is the log of the demo's own bot, and with --serve it has none"
	case drawn && verbose:
		return "-v is the log of the demo's own bot, and with --gallery it has none"
	}
	return ""
}

// perform starts the world, the bot and the page, serves stdin, and ends in reverse
// order, so that what the bot finishes while it stops is still shown.
func perform(ctx context.Context, stdin io.Reader, stdout io.Writer, log *slog.Logger, late time.Duration, port int) (err error) {
	w, err := newSceneWithBot(ctx, world.ConfigFile, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }() //nolint:contextcheck // it ends what ctx must not end
	t := newTerminal(w, stdin, stdout, late)
	page, err := web.Listen(w.World, port, log)
	if err != nil {
		return err
	}
	w.page = page.URL()
	closePage := beside(ctx, page.Run)
	defer func() { err = errors.Join(err, closePage()) }()
	// The bot's log would go to the terminal past the line that is being edited.
	if canEdit(stdin, stdout) && !log.Enabled(ctx, slog.LevelError) {
		restore, editErr := t.edit(stdin.(*os.File), stdout.(*os.File))
		if editErr != nil {
			return editErr
		}
		defer func() { err = errors.Join(err, restore()) }()
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// The bot outlives ctx for as long as it takes to stop it in order.
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	ended := make(chan error, 1)
	go func() {
		err := w.App.Run(running)
		cancel(err) // without a bot there is nothing to serve
		ended <- err
	}()
	select {
	case <-w.App.Bot.Ready():
		err = t.serve(ctx, w.banner())
	case <-ctx.Done():
	}
	stop()
	if botErr := <-ended; botErr != nil {
		err = errors.Join(err, fmt.Errorf("the bot stopped: %w", botErr))
	}
	return errors.Join(err, t.finish(context.WithoutCancel(ctx)))
}

// beside runs what goes on meanwhile, until it is ended.
func beside(ctx context.Context, run func(context.Context) error) (end func() error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	return func() error {
		cancel()
		return <-ended
	}
}
