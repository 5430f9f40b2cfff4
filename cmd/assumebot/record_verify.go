package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

const verifyAbout = `Check all of the record: the signature of its checkpoint, the tiles of its tree, and each entry. The first entry that is altered, missing,
doubled, out of order or put in is named. It takes public keys alone, and changes nothing. The exit code is 0 if all is right.

What was written since the checkpoint is not signed yet. With --redis the keys of ASSUMEBOT_SEAL_KEYS check it, where they are set.`

func recordVerifyCommand(ctx context.Context, getenv func(string) string) *cobra.Command {
	c := &cobra.Command{
		Use:     "verify " + placeUse + " [flags]",
		Short:   "Check all of the record against its signed checkpoint",
		Long:    verifyAbout,
		Example: "  assumebot record verify --redis --key example.com/assumebot+1a2b3c4d+AW…",
		Args:    noFileOrOne,
	}
	place, keys := newPlaceFlags(c, getenv), newKeysFlags(c)
	since := c.Flags().String("since", "", "a `FILE` that --save wrote: the record must go on from there")
	save := c.Flags().String("save", "", "write the newest checkpoint to a `FILE`, kept elsewhere")
	c.RunE = func(c *cobra.Command, args []string) error {
		return place.open(ctx, c, oneOrNone(args), len(*keys.keys) == 0, func(ctx context.Context, r *app.RecordReader, s app.Settings) error {
			v := audit.Verification{Source: r.Source, Seal: r.Seal}
			if r.Store != nil {
				v.Trimmed = time.Now()
			}
			var err error
			if v.Keys, err = s.PublicKeys(*keys.keys, *keys.witnesses); err != nil {
				return err
			}
			if *since != "" {
				if v.Since, err = readNote(*since); err != nil {
					return err
				}
				if _, err = v.Keys.CheckAny(v.Since); err != nil {
					return fmt.Errorf("--since %s: %w", *since, err)
				}
			}
			got, err := audit.Verify(ctx, v)
			if err != nil {
				return fmt.Errorf("the record cannot be read, so nothing is known of it: %w", err)
			}
			return verified(c.OutOrStdout(), got, r, *save)
		})
	}
	return c
}

// verified says what was found, and keeps the checkpoint of a record that is right.
func verified(w io.Writer, got audit.Verified, r *app.RecordReader, save string) error {
	out := printer{w: w}
	for _, f := range got.Findings {
		if errors.Is(f.Err, audit.ErrOtherLog) {
			out.line("NOT COMPARED: %s", f.Error())
		} else {
			out.line("WRONG: %s", f.Error())
		}
	}
	if n := len(got.Findings); n > 0 {
		if got.Signed > 0 {
			out.line("%s from entry %s on are those that were signed", count(int(got.Signed), "entry"), number(got.First))
		}
		out.line("next: %s", whatNext(got.Findings))
		err := fmt.Errorf("the record is not right: %s", count(n, "finding"))
		if n == 1 && errors.Is(got.Findings[0].Err, audit.ErrOtherLog) {
			err = audit.ErrOtherLog
		}
		return errors.Join(out.err, err)
	}
	c := got.Checkpoint
	out.line("right: entries %s to %s of %s are those that were signed", number(got.First), number(c.Size-1), c.Origin)
	for _, w := range c.Cosigned {
		out.line("cosigned by %s at %s", w.Witness, w.At.UTC().Format(time.RFC3339))
	}
	switch {
	case got.Unsigned > 0 && r.Seal != nil:
		out.line("%s not signed yet, in order and by a holder of the seal keys", count(int(got.Unsigned), "entry"))
	case got.Unsigned > 0:
		out.line("%s not signed yet, in order; without ASSUMEBOT_SEAL_KEYS nothing says who wrote them", count(int(got.Unsigned), "entry"))
	}
	if r.Source == r.Archived {
		out.line("not looked at: seals/, which no signature covers; the bot checks them by its seal keys before it puts entries back from here")
	}
	if save == "" {
		out.line("next: --save FILE keeps this checkpoint, and --since FILE checks later that the record goes on from it")
		return out.err
	}
	if err := writeNote(save, c.Note); err != nil {
		return err
	}
	out.line("the checkpoint of %s is in %s", count(int(c.Size), "entry"), save)
	return out.err
}

// whatNext is what to do about what was found.
func whatNext(found []audit.Finding) string {
	switch first := found[0]; {
	case errors.Is(first.Err, audit.ErrOtherLog):
		return "a loss was accepted between the two. `assumebot record show 0` of the later one tells of what and by whom; " +
			"verify each with a checkpoint of its own, the earlier one in the archive that it had, and keep one of this record by --save, without --since"
	case errors.Is(first.Err, tree.ErrNoCheckpoint):
		return "see that this is the right place; a new record is signed within seconds of its first entry, and an older one has lost its checkpoint"
	case first.Fault == audit.FaultUnsigned:
		return "see that --key is the key of this record; if it is, keep a copy, stop trusting this place, and verify the other ones (--redis, --dir, --s3)"
	case first.Fault == audit.FaultPart:
		return "verify the whole record, where it is kept or in an export without filters"
	}
	return "keep a copy of it as it is, stop trusting this place, and verify the other ones (--redis, --dir, --s3)"
}

// readNote reads a checkpoint that a person saved.
func readNote(path string) ([]byte, error) { return readBounded(path, tree.MaxNote) }

// readBounded reads a file that is not larger than it may be.
func readBounded(path string, most int64) ([]byte, error) {
	f, err := app.OpenNamed(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read from
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("%s is larger than %d bytes", path, most)
	}
	return data, err
}

// writeNote writes a checkpoint in place of one that may be there, wholly or not at all.
func writeNote(path string, data []byte) error {
	if there, err := os.Stat(path); err == nil && !there.Mode().IsRegular() {
		return fmt.Errorf("%s: %w, which a checkpoint could take the place of: name another file", path, config.ErrNotRegular)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".checkpoint-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone once it is renamed
	_, err = io.Copy(f, bytes.NewReader(data))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// A printer prints lines until one fails.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, terminal(fmt.Sprintf(format, args...)))
	}
}

// number is n as replies write it: 4,711.
func number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 && digits[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}
