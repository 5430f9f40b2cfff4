package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/cmd/internal/app"
)

const exportAbout = `Write the record, or what the flags choose of it, to standard output: byte by byte as JSON lines, which
assumebot record verify FILE checks, or for a spreadsheet as csv, where cells that would be formulas begin with an apostrophe.
--since and --until take the number of an entry, or a time by the clock of who wrote the entry.`

func recordExportCommand(ctx context.Context, getenv func(string) string) *cobra.Command {
	c := &cobra.Command{
		Use:     "export " + placeUse + " [flags]",
		Short:   "Write the record as JSON lines, or for a spreadsheet",
		Long:    exportAbout,
		Example: "  assumebot record export --redis --since 2026-05-01 --format csv >may.csv",
		Args:    noFileOrOne,
	}
	place := newPlaceFlags(c, getenv)
	since := c.Flags().String("since", "", "from this `TIME` or number on, such as 2026-05-01T12:00:00Z")
	until := c.Flags().String("until", "", "before this `TIME` or number")
	user := c.Flags().String("user", "", "what this `USER`, an ID or a name, did or had done to them")
	account := c.Flags().String("account", "", "what is about the account `NAME`")
	kind := c.Flags().String("kind", "", "Events of the kind `KIND`, such as granted")
	format := choiceFlag(c, "format", "jsonl", "how it is written", "jsonl", "csv")
	_ = c.RegisterFlagCompletionFunc("kind", cobra.FixedCompletions(kinds(), cobra.ShellCompDirectiveNoFileComp)) // fails for an unknown flag alone
	_ = c.RegisterFlagCompletionFunc("user", fromConfig(place.config, getenv, userNames))
	_ = c.RegisterFlagCompletionFunc("account", fromConfig(place.config, getenv, accountNames))
	c.RunE = func(c *cobra.Command, args []string) error {
		x := audit.Export{Filter: audit.Filter{User: *user, Account: *account, Kind: event.Kind(*kind)}}
		var err, wrong error
		x.From, x.Filter.Since, err = moment(c, "since", *since)
		x.To, x.Filter.Until, wrong = moment(c, "until", *until)
		if err = errors.Join(err, wrong); err != nil {
			return err
		}
		return place.open(ctx, c, oneOrNone(args), false, func(ctx context.Context, r *app.RecordReader, _ app.Settings) error {
			x.Source = r.Source
			return export(ctx, x, format.chosen, c.OutOrStdout(), c.ErrOrStderr())
		})
	}
	return c
}

func export(ctx context.Context, x audit.Export, format string, stdout, stderr io.Writer) error {
	out := bufio.NewWriter(stdout)
	write := x.JSONL
	if format == "csv" {
		write = x.CSV
	}
	if err := write(ctx, out); err != nil {
		return fmt.Errorf("what is written is not all: %w; `assumebot record verify` says more", err)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if filter := x.Filter.String(); filter != "" && format == "jsonl" {
		_, err := fmt.Fprintln(stderr, terminal("filtered by "+filter+", so verify cannot check the file as a whole"))
		return err
	}
	return nil
}

// moment reads the number of an entry, or a time.
func moment(c *cobra.Command, flag, text string) (int64, time.Time, error) {
	if text == "" {
		return 0, time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return 0, t, nil
		}
	}
	n, err := entryNumber(c, text)
	if err != nil || strings.Contains(text, "-") {
		return 0, time.Time{}, usagef(c, "--%s %q: write a number, or a time as 2026-05-01 or 2026-05-01T12:00:00Z", flag, text)
	}
	return n, time.Time{}, nil
}

// kinds are those of Events.
func kinds() []string {
	var out []string
	for _, p := range event.Payloads() {
		out = append(out, string(p.Kind()))
	}
	return out
}
