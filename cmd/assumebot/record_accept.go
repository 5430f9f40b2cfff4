package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/broker/record/archive"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/cmd/internal/app"
)

const acceptAbout = `Go on after entries are lost for good, in a new record. Until then the bot issues nothing, and says which are lost. Verify and
export what is left first.

This record is closed, and stays in Redis. The next begins with what is lost, who accepted it, and what restricts somebody. What follows the loss lifts nothing.
Replicas stop until they are started again. An archive needs a new directory or prefix. Without --yes it says what would be done.`

func recordAcceptCommand(ctx context.Context, getenv func(string) string) *cobra.Command {
	c := &cobra.Command{
		Use:               "accept --redis [--config FILE | --dir DIR | --s3 URL] [flags]",
		Example:           "  assumebot record accept --redis --config assumebot.yaml --lost 4711-4720 --yes",
		Short:             "Go on after a loss, in a new record",
		Long:              acceptAbout,
		ValidArgsFunction: cobra.NoFileCompletions,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef(c, "unexpected %q", args[0])
			}
			return nil
		},
	}
	a := accepting{place: newPlaceFlags(c, getenv)}
	a.keys = c.Flags().StringArray("key", nil, "the record's public `KEY`; else of ASSUMEBOT_RECORD_KEY")
	a.lost = c.Flags().String("lost", "", "the `ENTRIES` that the bot said are lost, as 4711-4720")
	a.by = c.Flags().String("by", "", "the `NAME` of who accepts it, for the record")
	a.yes = c.Flags().Bool("yes", false, "close this record: there is no way back")
	c.RunE = func(c *cobra.Command, _ []string) error { return a.run(ctx, c) }
	return c
}

type accepting struct {
	place    placeFlags
	keys     *[]string
	lost, by *string
	yes      *bool
}

func (a accepting) run(ctx context.Context, c *cobra.Command) error {
	if !*a.place.redis {
		return usagef(c, "give --redis: the record goes on there")
	}
	lost, err := a.lostRange(c)
	if err != nil {
		return err
	}
	return a.place.open(ctx, c, "", len(*a.keys) == 0, func(ctx context.Context, r *app.RecordReader, s app.Settings) error {
		if r.Seal == nil {
			return errors.New("ASSUMEBOT_SEAL_KEYS is not set: entries are checked and made with it")
		}
		keys, err := s.PublicKeys(*a.keys, nil)
		if err != nil {
			return err
		}
		return a.accept(ctx, c.OutOrStdout(), r, keys, lost)
	})
}

// lostRange reads --lost.
func (a accepting) lostRange(c *cobra.Command) (event.Range, error) {
	if *a.lost == "" {
		return event.Range{}, nil
	}
	from, to, ok := strings.Cut(*a.lost, "-")
	if !ok {
		to = from
	}
	first, err := entryNumber(c, from)
	if err != nil {
		return event.Range{}, err
	}
	last, err := entryNumber(c, to)
	if err == nil && last < first {
		err = usagef(c, "--lost %s: the last is before the first", *a.lost)
	}
	return event.Range{First: first, Count: last - first + 1}, err
}

func (a accepting) accept(ctx context.Context, stdout io.Writer, r *app.RecordReader, keys tree.PublicKeys, lost event.Range) error {
	origin, err := record.CurrentOrigin(ctx, r.Store.Log, keys.Name())
	if err != nil {
		return err
	}
	with := record.Acceptance{
		Logs:        r.Store.Log,
		Entries:     r.Store.Log,
		Checkpoints: r.Store.Checkpoints,
		Keys:        r.Seal,
		Public:      keys,
		By:          whoRuns(*a.by),
		Lost:        lost,
		Now:         time.Now,
		Log:         slog.New(slog.DiscardHandler),
	}
	if r.Objects != nil {
		with.Archive = archive.New(r.Objects, keys, origin)
	}
	do := record.Consider
	if *a.yes {
		do = record.Accept
	}
	done, err := do(ctx, with)
	if err != nil {
		return err
	}
	out := printer{w: stdout}
	if done.Lost.Count > 0 {
		out.line("lost or not as it was written: %s to %s", number(done.Lost.First), number(done.Lost.First+done.Lost.Count-1))
	} else {
		out.line("nothing that was signed is lost")
	}
	d := done.Restated
	out.line("taken over: %d blocks, %d lock-outs, %d keys, %d ends; paused: %t",
		len(d.Blocks), len(d.LockOuts), len(d.Keys), len(d.Ended)+len(d.Taken), d.Pause != nil)
	if !*a.yes {
		return errors.Join(out.err, errors.New("nothing was done: --yes closes the record "+done.Old+" and opens "+done.Origin))
	}
	out.line("%s is closed, and %s is open: start all replicas again", done.Old, done.Origin)
	return out.err
}
