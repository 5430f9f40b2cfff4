package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/user"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/cmd/internal/app"
)

const forgetAbout = `Erase the free text of an entry, such as a reason, in Redis and in the archive. Where the same text stands beside other entries,
all free text of those is erased too. The record still verifies: it holds a digest of the text alone. That it was erased is put on the record.

What other readers were given before (the audit channel, exports, backups) is not reached. Without --yes it says what would be erased.`

func recordForgetCommand(ctx context.Context, getenv func(string) string) *cobra.Command {
	c := &cobra.Command{
		Use:     "forget NUMBER --redis [--config FILE | --dir DIR | --s3 URL] [flags]",
		Example: "  assumebot record forget 4711 --redis --config assumebot.yaml --yes",
		Short:   "Erase the free text of an entry",
		Long:    forgetAbout,
		Args: func(c *cobra.Command, args []string) error {
			switch len(args) {
			case 0:
				return usagef(c, "which entry? Give its number")
			case 1:
				return nil
			}
			return usagef(c, "unexpected %q: give one number", args[1])
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	f := forgetting{place: newPlaceFlags(c, getenv)}
	f.keys = c.Flags().StringArray("key", nil, "the record's public `KEY`; else of ASSUMEBOT_RECORD_KEY")
	f.by = c.Flags().String("by", "", "the `NAME` of who has it erased, for the record")
	f.yes = c.Flags().Bool("yes", false, "erase it: it cannot be brought back")
	c.RunE = func(c *cobra.Command, args []string) error {
		n, err := entryNumber(c, args[0])
		if err != nil {
			return err
		}
		return f.run(ctx, c, n)
	}
	return c
}

type forgetting struct {
	place placeFlags
	keys  *[]string
	by    *string
	yes   *bool
}

func (f forgetting) run(ctx context.Context, c *cobra.Command, n int64) error {
	if !*f.place.redis {
		return usagef(c, "give --redis: the text is there first, and that it was erased is recorded there")
	}
	return f.place.open(ctx, c, "", len(*f.keys) == 0, func(ctx context.Context, r *app.RecordReader, s app.Settings) error {
		if r.Seal == nil {
			return errors.New("ASSUMEBOT_SEAL_KEYS is not set, and that a text was erased is recorded with it")
		}
		return f.forget(ctx, c.OutOrStdout(), n, r, s)
	})
}

func (f forgetting) forget(ctx context.Context, stdout io.Writer, n int64, r *app.RecordReader, s app.Settings) error {
	out := printer{w: stdout}
	sources := []audit.Source{r.Source}
	if r.Archived != nil {
		sources = append(sources, r.Archived)
	}
	holders, err := audit.Holders(ctx, n, sources...)
	if err != nil {
		return err
	}
	if len(holders) == 0 {
		return fmt.Errorf("entry %s has no free text", number(n))
	}
	var names []string
	for _, h := range holders {
		names = append(names, number(h))
	}
	out.line("the text stands beside: %s", strings.Join(names, "; "))
	if r.Archived == nil {
		out.line("no archive is named: if there is one, the text stays there")
	}
	if !*f.yes {
		return errors.Join(out.err, errors.New("nothing was erased: --yes erases all free text of these entries, for good"))
	}
	keys, err := s.PublicKeys(*f.keys, nil)
	if err != nil {
		return err
	}
	said := "nothing is erased"
	err = writing(ctx, r, keys, func(l *record.Log) error {
		said = "not all is erased"
		return l.Forget(ctx, holders, whoRuns(*f.by), r.Objects)
	})
	if err == nil {
		err = audit.Forgotten(ctx, holders, sources...)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", said, err)
	}
	out.line("erased, and on the record")
	return out.err
}

// whoRuns is who an order is from: by, or else whoever runs this.
func whoRuns(by string) string {
	if by != "" {
		return by
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}

// writing has use write to the record, as one more replica.
func writing(ctx context.Context, r *app.RecordReader, keys tree.PublicKeys, use func(*record.Log) error) error {
	origin, err := record.CurrentOrigin(ctx, r.Store.Log, keys.Name())
	if err != nil {
		return err
	}
	l := record.New(record.Deps{
		Entries: r.Store.Log,
		Keys:    r.Seal,
		Origin:  origin,
		Replica: "record-" + rand.Text(),
		Now:     time.Now,
		Log:     slog.New(slog.DiscardHandler),
	})
	if err := l.Begin(ctx, r.Store.Checkpoints, keys); err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() { l.Run(running) })
	defer done.Wait()
	defer stop()
	if err := l.CaughtUp(ctx); err != nil {
		return err
	}
	return use(l)
}
