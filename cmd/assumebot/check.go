package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/text"
	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/cmd/internal/config"
	"github.com/assumebot/assumebot/store"
)

func checkCommand(ctx context.Context, getenv func(string) string) *cobra.Command {
	c := &cobra.Command{
		Use:   "check --config FILE [--redis | --live [--json]]",
		Short: "Check the config file; with --live also Slack, Redis and AWS",
		Long: "Read the config file alone: no network, no secrets. What is wrong with it is listed with file, line and column, and the exit code is 1.\n" +
			"Otherwise what it grants is said; warnings are on standard error.\n" +
			"With --redis the Redis of REDIS_URL is asked how well it keeps the record.\n" +
			"With --live, in the environment of `assumebot run`, Slack, Redis and AWS are asked whether all that the bot needs is there.\n" +
			"Each thing has a line: ok, warning, wrong or not told, and what to do. Nothing is issued or posted.\n" +
			"The exit code is 1 when something is wrong, and 78 when a setting is missing. --json prints an array of\n" +
			"{check, subject, state, what, do}, where state is ok, warning, wrong or not_told.",
		Example:           "  assumebot check --config assumebot.yaml\n  assumebot check --config assumebot.yaml --live",
		Args:              noArgs(fileGoesAfter),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	file := configFlag(c)
	ask := c.Flags().Bool("redis", false, "ask the Redis of REDIS_URL how well it keeps the record")
	live := c.Flags().Bool("live", false, "ask Slack, Redis and AWS whether what the bot needs is there")
	asJSON := c.Flags().Bool("json", false, "with --live: print the findings as JSON")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if *asJSON && !*live {
			return usagef(c, "--json goes with --live")
		}
		path, err := configPath(c, *file, getenv("ASSUMEBOT_CONFIG"))
		if err != nil {
			return err
		}
		cfg, err := config.Load(path)
		if err != nil {
			return err
		}
		store.RouteClientLog(slog.New(slog.DiscardHandler)) // what it says of Redis is in the findings
		if *live {
			if err := printWarnings(c, cfg, getenv); err != nil {
				return err
			}
			return checkLive(ctx, c, cfg, getenv, *asJSON)
		}
		var redis *store.Durability
		if *ask {
			d, err := app.Durability(ctx, getenv)
			if err != nil {
				return err
			}
			redis = &d
		}
		return check(path, cfg, redis, c, getenv)
	}
	return c
}

func check(path string, cfg config.Config, redis *store.Durability, c *cobra.Command, getenv func(string) string) error {
	if err := printWarnings(c, cfg, getenv); err != nil {
		return err
	}
	stdout := c.OutOrStdout()
	return summarize(stdout, paletteOf(stdout, getenv), path, cfg, redis)
}

func printWarnings(c *cobra.Command, cfg config.Config, getenv func(string) string) error {
	stderr := c.ErrOrStderr()
	warning := paletteOf(stderr, getenv).warn("warning:")
	for _, w := range cfg.Warnings {
		if _, err := fmt.Fprintf(stderr, "%s %s %s\n", w.Place(), warning, text.Printable(w.Message)); err != nil {
			return err
		}
	}
	return nil
}

// withWarnings is for the end of a sentence; "" where there are none.
func withWarnings(n int) string {
	if n == 0 {
		return ""
	}
	return ", with " + count(n, "warning")
}

// summarize says what the file grants, for whoever reviews it.
func summarize(w io.Writer, colours palette, path string, cfg config.Config, redis *store.Durability) error {
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(format string, args ...any) { _, _ = fmt.Fprintln(tab, terminal(fmt.Sprintf(format, args...))) } // Flush tells of errors
	b := cfg.Broker
	_, _ = fmt.Fprintf(tab, "%s %s%s: %s, %s, audit channel %s\n", terminal(path), colours.good("is right"), withWarnings(len(cfg.Warnings)),
		count(b.Users.Len(), "user"), count(b.Accounts.Len(), "account"), cfg.Slack.AuditChannel)
	if b.MFASession > 0 {
		line("MFA sessions last up to %s", text.FormatDuration(b.MFASession))
	}
	if cfg.WrappedKeys {
		line("the bot's own keys count only if KMS has wrapped them")
	}
	if len(b.Admins) > 0 {
		line("admins: %s", adminsText(b))
	}
	line("\nusers:")
	for u := range b.Users.All() {
		serial := u.MFASerial
		if serial == "" {
			serial = "no MFA device"
		}
		line("  %s\t%s\tkey from %s\t%s", sessionText(*u), u.Slack, u.Key, serial+userSealing(*u))
	}
	for a := range b.Accounts.All() {
		if a.HasRole() {
			line("%s", sessionNote)
			break
		}
	}
	line("\naccounts:")
	for a := range b.Accounts.All() {
		line("  %s\t%s\t%s\t%s\t%s", a.Name, mfaText(b, *a)+accountSealing(*a), callText(*a), durationText(*a), namesText(b, a.Allowed()))
	}
	rules := false
	for a := range b.Accounts.All() {
		for _, text := range rulesText(b, *a) {
			if !rules {
				line("\nrules:")
			}
			rules = true
			line("  %s\t%s", a.Name, text)
		}
	}
	line("\nrecord:")
	for _, text := range recordText(cfg.Record, redis) {
		line("  %s", text)
	}
	if cfg.Slack.ApprovalsChannel != cfg.Slack.AuditChannel {
		line("\napprovals are asked for in %s", cfg.Slack.ApprovalsChannel)
	}
	return tab.Flush()
}

// sessionNote is what no file shows: names of IAM users, and trust policies.
const sessionNote = "  AWS calls each by this session name. Where a role's trust policy binds it, it must be the name of the IAM user, which check cannot see."

// sessionText is the User's session name, and the name if that is another.
func sessionText(u policy.User) string {
	if own, err := policy.SessionName(u.Name); err == nil && own == u.SessionName {
		return own
	}
	return u.SessionName + " (" + strconv.Quote(u.Name) + ")"
}

func mfaText(b policy.Config, a policy.Account) string {
	switch a.MFA {
	case policy.MFANone:
		return "NO MFA"
	case policy.MFAFresh:
		return "fresh MFA code"
	}
	if b.MFASession > 0 && a.HasRole() {
		return "MFA code or session"
	}
	return "MFA code"
}

// callText is the STS call that issues the Account's credentials.
func callText(a policy.Account) string {
	if !a.HasRole() {
		return string(broker.MethodGetSessionToken) + " in the user's own account"
	}
	call := string(broker.MethodAssumeRole) + " " + string(a.RoleARN)
	var with []string
	for _, part := range []struct {
		name string
		set  bool
	}{
		{"external ID", a.ExternalID != ""},
		{"source identity", a.SourceIdentity},
		{count(len(a.Tags), "tag"), len(a.Tags) > 0},
		{"session policy", a.SessionPolicy != ""},
		{count(len(a.PolicyARNs), "managed policy"), len(a.PolicyARNs) > 0},
	} {
		if part.set {
			with = append(with, part.name)
		}
	}
	if len(with) > 0 {
		call += " with " + strings.Join(with, ", ")
	}
	return call
}

func durationText(a policy.Account) string {
	if a.DefaultDuration == a.MaxDuration {
		return "for " + text.FormatDuration(a.MaxDuration)
	}
	return fmt.Sprintf("for %s, up to %s", text.FormatDuration(a.DefaultDuration), text.FormatDuration(a.MaxDuration))
}

func count(n int, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case strings.HasSuffix(what, "y"):
		return fmt.Sprintf("%d %sies", n, strings.TrimSuffix(what, "y"))
	}
	return fmt.Sprintf("%d %ss", n, what)
}
