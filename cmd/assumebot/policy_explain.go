package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/cmd/internal/config"
	"github.com/assumebot/assumebot/cmd/internal/rehearse"
)

const policyExplainAbout = `Say what would become of a request, which rule says so, and what the person would read
of /assume explain. Who is in which Slack user group is not in the config: --groups says it.`

// noGroups is the word of --groups for somebody who is in none.
const noGroups = "none"

type explainFlags struct {
	config, lasts, at, in, because *string
	groups                         *[]string
}

func policyExplainCommand(ctx context.Context, getenv func(string) string) *cobra.Command {
	c := &cobra.Command{
		Use:     "explain USER ACCOUNT --config FILE [flags]",
		Short:   "Say whether somebody may have an account, and why",
		Long:    policyExplainAbout,
		Example: "  assumebot policy explain alice prod --config assumebot.yaml --for 2h",
		Args: func(c *cobra.Command, args []string) error {
			switch len(args) {
			case 0, 1:
				return usagef(c, "who, and which account? Give a name or a Slack ID, and an account")
			case 2:
				return nil
			}
			return usagef(c, "unexpected %q: give one person and one account", args[2])
		},
	}
	flags := explainFlags{
		config:  configFlag(c),
		lasts:   c.Flags().String("for", "", "for how `LONG`, as people type it, such as 2h"),
		at:      c.Flags().String("at", "", "the `TIME` of asking, such as 2026-01-05T10:00Z; else now"),
		in:      c.Flags().String("in", "", "the ID of the Slack `CHANNEL` of asking; else a direct message"),
		because: c.Flags().String("because", "", "the `REASON` that is given"),
		groups:  c.Flags().StringSlice("groups", nil, "the `IDS` of the user groups that the person is in, or none"),
	}
	c.ValidArgsFunction = inTurn(fromConfig(flags.config, getenv, userNames), fromConfig(flags.config, getenv, accountNames))
	_ = c.RegisterFlagCompletionFunc("groups", fromConfig(flags.config, getenv, groupNames)) // fails for an unknown flag alone
	c.RunE = func(c *cobra.Command, args []string) error {
		path, err := configPath(c, *flags.config, getenv("ASSUMEBOT_CONFIG"))
		if err != nil {
			return err
		}
		cfg, err := config.Load(path)
		if err != nil {
			return err
		}
		q, err := flags.question(c, cfg, args[0], args[1])
		if err != nil {
			return err
		}
		return explain(ctx, c.OutOrStdout(), paletteOf(c.OutOrStdout(), getenv), cfg, q)
	}
	return c
}

// question reads the command line by the config.
func (f explainFlags) question(c *cobra.Command, cfg config.Config, user, account string) (q rehearse.Question, err error) {
	q = rehearse.Question{Channel: *f.in, Reason: *f.because, At: time.Now()}
	if q.User, err = rehearse.Person(&cfg.Broker, user); err != nil {
		return q, err
	}
	a, err := rehearse.Account(&cfg.Broker, account)
	if err != nil {
		return q, err
	}
	q.Account = a.Name
	if *f.lasts != "" {
		typed, err := command.ParseAssume("explain " + a.Name + " for " + *f.lasts)
		if e := (*broker.Error)(nil); errors.As(err, &e) {
			return q, usagef(c, "--for %q: %s", *f.lasts, prose.Plain(e.What, e.Hint))
		} else if err != nil {
			return q, err
		}
		q.Duration = typed.Duration
	}
	if *f.at != "" {
		if q.At, err = rehearse.Moment(*f.at); err != nil {
			return q, usagef(c, "--at %v", err)
		}
	}
	if *f.in != "" {
		if _, err := rehearse.Channel(*f.in); err != nil {
			return q, usagef(c, "--in %v", err)
		}
	}
	in := map[string][]string{}
	for _, id := range *f.groups {
		if id == noGroups {
			continue
		}
		if err := rehearse.UserGroup(&cfg.Broker, id); err != nil {
			return q, err
		}
		in[id] = []string{q.User}
	}
	if c.Flags().Changed("groups") {
		q.Members = policy.Members(in)
	}
	return q, nil
}

// explain prints the decision, then what the person would read.
func explain(ctx context.Context, w io.Writer, colours palette, cfg config.Config, q rehearse.Question) error {
	e, err := rehearse.Explain(ctx, cfg, q)
	var refused *broker.Error
	if err != nil && !errors.As(err, &refused) {
		return err
	}
	paint := map[policy.Effect]func(string) string{policy.Allow: colours.good, policy.NeedApproval: colours.warn, policy.Deny: colours.bad}[e.Decision.Effect]
	who := namesText(cfg.Broker, []string{q.User})
	_, _ = fmt.Fprintf(w, "%s %s: %s\n", terminal(who), q.Account, paint(terminal(e.Outcome))) // the last line tells of an error
	if a, ok := cfg.Broker.Account(q.Account); ok && e.Decision.Why == policy.NotAllowed && refused == nil {
		_, _ = fmt.Fprintf(w, "%s is allowed to %s\n", q.Account, terminal(namesText(cfg.Broker, a.Allowed())))
	}
	if q.Members == nil && (e.Decision.Unknown || e.Decision.Why == policy.UnknownGroups) {
		_, _ = fmt.Fprintf(w, "it depends on user groups: say with --groups in which of %s %s is, or --groups %s\n",
			strings.Join(cfg.Broker.UserGroups(), ", "), terminal(who), noGroups)
	}
	voice := message.Voice{
		Prefix: cfg.Slack.CommandPrefix, Now: func() time.Time { return q.At }, Reveal: cfg.Broker.RevealWindow, MFASession: cfg.Broker.MFASession,
	}
	says := message.Explanation(voice, e.Answer)
	if refused != nil {
		says = voice.Error(refused)
	}
	text := says.TextForm(func(id string) string { return namesText(cfg.Broker, []string{id}) })
	_, err = fmt.Fprintf(w, "\n%s reads of /%sassume explain %s:\n  %s\n",
		terminal(who), cfg.Slack.CommandPrefix, q.Account, strings.ReplaceAll(terminal(text), "\n", "\n  "))
	return err
}
