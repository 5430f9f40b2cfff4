package main

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

const recordAbout = `Read, check and export the audit record, wherever it is kept. With --redis it is the record
of REDIS_URL; the settings are those of the bot.`

func recordCommand(ctx context.Context, getenv func(string) string) *cobra.Command {
	c := &cobra.Command{
		Use:               "record COMMAND",
		Short:             "Read, check and export the audit record",
		Long:              recordAbout,
		Example:           "  assumebot record verify --redis\n  assumebot record show 4711 --s3 s3://my-bucket/assumebot",
		Args:              cobra.ArbitraryArgs,
		RunE:              unknownCommand,
		ValidArgsFunction: cobra.NoFileCompletions,

		SuggestionsMinimumDistance: 2,
	}
	c.AddCommand(
		recordVerifyCommand(ctx, getenv), recordProveCommand(ctx, getenv), recordVerifyProofCommand(ctx, getenv),
		recordShowCommand(ctx, getenv), recordExportCommand(ctx, getenv), recordForgetCommand(ctx, getenv),
		recordAcceptCommand(ctx, getenv), recordReconcileCommand(ctx, getenv),
	)
	for _, sub := range c.Commands() {
		sub.DisableFlagsInUseLine = true
	}
	return c
}

// A placeFlags says where the record is.
type placeFlags struct {
	redis           *bool
	dir, s3, config *string
	getenv          func(string) string
}

// placeUse is how the flags are written in the line of a command.
const placeUse = "(--redis | --dir DIR | --s3 URL | FILE)"

func newPlaceFlags(c *cobra.Command, getenv func(string) string) placeFlags {
	p := placeFlags{
		redis:  c.Flags().Bool("redis", false, "the record of REDIS_URL, with its archive"),
		dir:    c.Flags().String("dir", "", "an archive in the directory `DIR`"),
		s3:     c.Flags().String("s3", "", "an archive in S3, as `URL` s3://BUCKET/PREFIX"),
		config: c.Flags().String("config", "", "the config `FILE` that names the archive beside Redis"),
		getenv: getenv,
	}
	_ = c.MarkFlagDirname("dir")                    // these fail
	_ = c.MarkFlagFilename("config", "yaml", "yml") // for an unknown flag alone
	return p
}

// place is the one place that was given; file is "" where none was.
func (p placeFlags) place(c *cobra.Command, file string) (app.RecordPlace, error) {
	at := app.RecordPlace{Redis: *p.redis, Archive: *p.dir + *p.s3, File: file}
	switch {
	case *p.s3 != "" && !strings.HasPrefix(*p.s3, "s3://"):
		return at, usagef(c, "--s3 %q: write s3://BUCKET/PREFIX", *p.s3)
	case !at.Redis && at.Archive == "" && file == "":
		return at, usagef(c, "which record? Give --redis, --dir DIR, --s3 URL or the FILE of an export")
	case *p.dir != "" && *p.s3 != "":
		return at, usagef(c, "which archive? Give one of --dir and --s3")
	case file != "" && (at.Redis || at.Archive != ""):
		return at, usagef(c, "unexpected %q: give a file, or another place", file)
	}
	path := *p.config
	if path == "" {
		path = p.getenv("ASSUMEBOT_CONFIG")
	}
	if !at.Redis || at.Archive != "" || path == "" {
		return at, nil
	}
	cfg, err := config.Load(path)
	at.Archive = cfg.Record.Archive
	return at, err
}

// reading is what a command does with the record.
type reading func(ctx context.Context, r *app.RecordReader, s app.Settings) error

// open opens the place that was given, and has use read it; recordKey says that the keys of ASSUMEBOT_RECORD_KEY
// are needed too.
func (p placeFlags) open(ctx context.Context, c *cobra.Command, file string, recordKey bool, use reading) (err error) {
	place, err := p.place(c, file)
	if err != nil {
		return err
	}
	settings, err := app.ReadRecordSettings(ctx, p.getenv, *p.redis, recordKey)
	if err != nil {
		return err
	}
	r, err := app.OpenRecord(ctx, place, settings, p.getenv)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return use(ctx, r, settings)
}

// keysFlags are the public keys that a record is checked with.
type keysFlags struct{ keys, witnesses *[]string }

func newKeysFlags(c *cobra.Command) keysFlags {
	return keysFlags{
		keys:      c.Flags().StringArray("key", nil, "the record's public `KEY`, again for each; else of ASSUMEBOT_RECORD_KEY"),
		witnesses: c.Flags().StringArray("witness", nil, "the public `KEY` of a witness that must have cosigned"),
	}
}

// noFileOrOne takes the file of an export.
func noFileOrOne(c *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usagef(c, "unexpected %q: give one file", args[1])
	}
	return nil
}

// entryNumber reads the number of an entry, as people and replies write it.
func entryNumber(c *cobra.Command, text string) (int64, error) {
	n, err := strconv.ParseInt(strings.ReplaceAll(text, ",", ""), 10, 64)
	if err != nil || n < 0 {
		return 0, usagef(c, "%q is no number of an entry: write one such as 4711, which a reply of the bot names", text)
	}
	return n, nil
}

// oneOrNone is the only argument, or "".
func oneOrNone(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}
