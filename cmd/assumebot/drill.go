package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/text"
	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/cmd/internal/config"
	"github.com/assumebot/assumebot/cmd/internal/drill"
	"github.com/assumebot/assumebot/cmd/internal/rehearse"
	"github.com/assumebot/assumebot/store"
)

const drillAbout = `Rehearse with this installation, as one more replica: credentials, tokens of 4,096 bytes, refusal, lock-out, pause, revoke, Redis away,
the record. One code of the user's device is read from standard input. All is taken back; a report is signed with ASSUMEBOT_RECORD_KEY.
Nobody is issued anything for some seconds; what --user has of the account is revoked. Without --yes it says what would be done.`

// slackID is how Slack calls people.
var slackID = text.NewPattern(`^[UW][A-Z0-9]{2,20}$`)

type drillFlags struct {
	config, user, admin, account, by, out *string
	skip                                  *[]string
	yes                                   *bool
	getenv                                func(string) string
}

func drillCommand(ctx context.Context, getenv func(string) string) *cobra.Command {
	c := &cobra.Command{
		Use:               "drill [--config FILE] [flags]",
		Short:             "Rehearse what must happen when things go wrong",
		Long:              drillAbout,
		Example:           "  assumebot drill --user alice --admin bob --account staging --yes",
		Args:              noArgs("name what it is done with by --user, --admin and --account"),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	d := drillFlags{config: configFlag(c), getenv: getenv}
	d.user = c.Flags().String("user", "", "the `NAME` of who asks")
	d.admin = c.Flags().String("admin", "", "the `NAME` of who orders; else no lock-out, no pause")
	d.account = c.Flags().String("account", "", "the `ACCOUNT` that is asked for")
	d.by = c.Flags().String("by", "", "the `NAME` of who runs it, for the record")
	d.skip = c.Flags().StringSlice("skip", nil, "leave out a `STEP`, such as pause")
	d.out = c.Flags().String("out", "", "the report's `FILE`; else drill-DATE.report")
	d.yes = c.Flags().Bool("yes", false, "do it")
	c.RunE = func(c *cobra.Command, _ []string) error { return d.run(ctx, c) }
	c.AddCommand(drillVerifyCommand(ctx, getenv))
	for _, sub := range c.Commands() {
		sub.DisableFlagsInUseLine = true
	}
	return c
}

func (d drillFlags) run(ctx context.Context, c *cobra.Command) error {
	for _, needed := range []struct{ name, value string }{{"user", *d.user}, {"account", *d.account}} {
		if needed.value == "" {
			return usagef(c, "give --%s", needed.name)
		}
	}
	o, err := d.options(ctx, c)
	if err != nil {
		return err
	}
	out := printer{w: c.OutOrStdout()}
	u, _ := o.Config.Broker.User(o.User)
	if !*d.yes {
		d.plan(&out, o, u.Name)
		return errors.Join(out.err, errors.New("nothing was done: --yes begins the drill"))
	}
	file, err := os.OpenFile(*d.out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("the report: %w", err)
	}
	o.Say = func(line string) { out.line("%s", line) }
	o.Code = codeFrom(c, "the code of "+u.Name+"'s device ("+u.MFASerial+"), a fresh one: ")
	ctx, release := stoppable(ctx)
	defer release()
	r, err := drill.Run(ctx, o)
	if r.Drill == "" { // it was not begun
		return errors.Join(err, file.Close(), os.Remove(*d.out))
	}
	var by *tree.Signer
	if err == nil && r.Unsigned == "" {
		by, err = o.Settings.RecordSigner()
	}
	if by == nil && r.Unsigned == "" {
		r.Unsigned = "the drill did not come to its end"
	}
	err = errors.Join(err, r.Write(file, by), file.Sync(), file.Close())
	lines := r.Lines()
	out.line("%s", lines[len(lines)-1])
	if r.Unsigned != "" {
		out.line("the report is in %s, UNSIGNED: %s", *d.out, r.Unsigned)
	} else {
		out.line("the report is in %s, signed; keep it: assumebot drill verify %[1]s", *d.out)
	}
	if err == nil && r.Result != drill.Passed {
		err = errors.New("the drill failed: operations.md says what to do about each step")
	}
	return errors.Join(err, out.err)
}

// stoppable ends its context by a signal that would end the program, also that of a terminal that is gone. No further
// one, nor an output that nobody reads any more, ends the program before all is taken back: a pause is everybody's.
func stoppable(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals, unread := make(chan os.Signal, 8), make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	signal.Notify(unread, syscall.SIGPIPE) // so that a write fails, and kills nobody
	ended := make(chan struct{})
	go func() {
		for {
			select {
			case s := <-signals:
				cancel(fmt.Errorf("told to stop: %s", s))
			case <-ended:
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		signal.Stop(unread)
		close(ended)
		cancel(nil)
	}
}

// options reads the config and the environment, and finds who is named.
func (d drillFlags) options(ctx context.Context, c *cobra.Command) (o drill.Options, err error) {
	path, err := configPath(c, *d.config, d.getenv("ASSUMEBOT_CONFIG"))
	if err != nil {
		return o, err
	}
	read := config.Read(path)
	settings, problems := app.ReadSettings(d.getenv)
	err = errors.Join(read.Err(), problems)
	if err == nil {
		err = settings.CheckConfig(read.Config)
	}
	if err != nil {
		return o, app.NeedsPerson(fmt.Errorf("cannot drill:\n%w", err))
	}
	if settings, err = settings.Unwrapped(ctx, d.getenv); err != nil {
		return o, app.NeedsPerson(fmt.Errorf("cannot drill: %w", err))
	}
	o = drill.Options{
		Config: read.Config, Digest: read.Digest, Settings: settings,
		Account: strings.ToLower(*d.account), RunBy: whoRuns(*d.by), Skip: *d.skip,
	}
	if o.User, err = rehearse.Person(&read.Config.Broker, *d.user); err != nil {
		return o, fmt.Errorf("--user: %w", err)
	}
	if *d.admin != "" {
		o.Admin = *d.admin // an admin need not be a User
		if id, err := rehearse.Person(&read.Config.Broker, *d.admin); err == nil {
			o.Admin = id
		} else if !slackID.MatchString(o.Admin) {
			return o, fmt.Errorf("--admin: %w", err)
		}
	}
	if *d.out == "" {
		*d.out = "drill-" + time.Now().UTC().Format(time.DateOnly) + ".report"
	}
	log := slog.New(slog.DiscardHandler)
	store.RouteClientLog(log)
	o.Env = app.Environment{Getenv: d.getenv, Now: time.Now, Log: log, Version: versionText(debug.ReadBuildInfo()), Began: time.Now(), Stdout: io.Discard}
	return o, o.Check()
}

func (d drillFlags) plan(out *printer, o drill.Options, user string) {
	out.line("as %s: ask for %s for 15m with one code, try some wrong ones, and revoke what %[1]s has of %[2]s", user, o.Account)
	if o.Admin == "" {
		out.line("no lock-out and no pause: --admin names who orders them")
	} else {
		out.line("as %s: unlock %s again, and pause the bot for everybody for some seconds", o.Admin, user)
	}
	out.line("cut this drill's own line to Redis, and verify the whole record")
	if len(o.Skip) > 0 {
		out.line("without: %s", strings.Join(o.Skip, ", "))
	}
	out.line("all of it is told in the audit channel; the report goes to %s", *d.out)
}

// codeFrom asks whoever runs the drill for a code.
func codeFrom(c *cobra.Command, prompt string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		_, _ = fmt.Fprint(c.ErrOrStderr(), terminal(prompt))
		line := make(chan string, 1)
		go func() { // which ends with the program: nothing interrupts a terminal
			said, _ := bufio.NewReader(io.LimitReader(c.InOrStdin(), 100)).ReadString('\n')
			line <- strings.TrimSpace(said)
		}()
		select {
		case said := <-line:
			if in, ok := c.InOrStdin().(*os.File); !ok || !term.IsTerminal(int(in.Fd())) {
				_, _ = fmt.Fprintln(c.ErrOrStderr()) // nobody has ended the line by typing
			}
			code, ok := secret.ParseTokenCode(strings.ReplaceAll(said, " ", ""))
			if !ok {
				return "", errors.New("a code has six digits")
			}
			return code.Reveal(), nil
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
}

func drillVerifyCommand(ctx context.Context, getenv func(string) string) *cobra.Command {
	c := &cobra.Command{
		Use:     "verify REPORT [--key KEY]… [--json]",
		Short:   "Check the signed report of a drill",
		Example: "  assumebot drill verify drill-2026-11-27.report --key example.com/a+1a2b+AW…",
		Long: "Check the report of a drill by public keys alone: that it is signed, and that the begin and the end of the drill, with the same results, are on\n" +
			"the record. The exit code is 0 if the report is right and the drill has passed.",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef(c, "give the file of one report")
			}
			return nil
		},
	}
	keys := c.Flags().StringArray("key", nil, "the record's public `KEY`, again for each; else of ASSUMEBOT_RECORD_KEY")
	asJSON := c.Flags().Bool("json", false, "print the report as JSON, once it is checked")
	c.RunE = func(c *cobra.Command, args []string) error {
		settings, err := app.ReadRecordSettings(ctx, getenv, false, len(*keys) == 0)
		if err != nil {
			return err
		}
		public, err := settings.PublicKeys(*keys, nil)
		if err != nil {
			return err
		}
		raw, err := readBounded(args[0], tree.MaxReport)
		if err != nil {
			return err
		}
		checked, err := drill.Read(raw, public)
		if err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
		if *asJSON {
			_, err = c.OutOrStdout().Write(checked.Body)
		} else {
			err = showDrill(c.OutOrStdout(), checked)
		}
		if err == nil && checked.Result != drill.Passed {
			err = errors.New("the report is right, and the drill failed")
		}
		return err
	}
	return c
}

func showDrill(w io.Writer, c drill.Checked) error {
	out := printer{w: w}
	out.line("right: signed by %s", strings.Join(c.Keys, ", "))
	out.line("drill %s by %s, %s, entries %s to %s of %s", c.Drill, c.RunBy, c.Report.Began.Format(time.RFC3339), number(c.Began), number(c.Last), c.Origin)
	orders := ""
	if c.Admin != "" {
		orders = ", and " + c.Admin + " as admin"
	}
	out.line("%s asked for %s%s; %s; config %.12s", c.User, c.Account, orders, c.Program, c.Config)
	for _, line := range c.Lines() {
		out.line("%s", text.Printable(line))
	}
	return out.err
}
