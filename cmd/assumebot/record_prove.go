package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/cmd/internal/app"
)

const proveAbout = `Print the proof that an entry is on the record, as c2sp.org/tlog-proof@v1. Whoever has the public key of the record, the proof and
the entry's own bytes (--leaf) can check it by verify-proof, without the record and without the bot.`

func recordProveCommand(ctx context.Context, getenv func(string) string) *cobra.Command {
	c := &cobra.Command{
		Use:               "prove NUMBER " + placeUse + " [flags]",
		Example:           "  assumebot record prove 4711 --redis --out proof --leaf entry.json",
		Short:             "Print the proof that an entry is on the record",
		Long:              proveAbout,
		Args:              entryAndFile,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	place, keys := newPlaceFlags(c, getenv), newKeysFlags(c)
	leaf := c.Flags().String("leaf", "", "write the entry's bytes to a `FILE`: the proof is about them")
	out := c.Flags().String("out", "", "write the proof to a `FILE`, not to standard output")
	c.RunE = func(c *cobra.Command, args []string) error {
		n, err := entryNumber(c, args[0])
		if err != nil {
			return err
		}
		return place.open(ctx, c, oneOrNone(args[1:]), func(ctx context.Context, r *app.RecordReader, s app.Settings) error {
			public, err := s.PublicKeys(*keys.keys, *keys.witnesses)
			if err != nil {
				return err
			}
			proof, bytes, err := audit.ProveFrom(ctx, r.Source, public, n)
			if err != nil {
				return err
			}
			if *leaf != "" {
				if err := os.WriteFile(*leaf, bytes, 0o600); err != nil {
					return err
				}
			}
			if *out != "" {
				return os.WriteFile(*out, proof, 0o600)
			}
			_, err = c.OutOrStdout().Write(proof)
			return err
		})
	}
	return c
}

func entryAndFile(c *cobra.Command, args []string) error {
	switch len(args) {
	case 0:
		return usagef(c, "which entry? Give its number")
	case 1, 2:
		return nil
	}
	return usagef(c, "unexpected %q: give one number and one place", args[2])
}

func recordVerifyProofCommand(getenv func(string) string) *cobra.Command {
	c := &cobra.Command{
		Use:     "verify-proof PROOF LEAF [--key KEY]… [--witness KEY]…",
		Short:   "Check a proof that an entry is on the record",
		Example: "  assumebot record verify-proof proof entry.json --key example.com/a+1a2b+AW…",
		Long: "Check a proof that prove wrote, and the bytes of its entry, with public keys alone: it takes neither the record nor the bot.\n" +
			"The exit code is 0 if the entry is on the record.",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usagef(c, "give two files: the proof, and the entry's bytes")
			}
			return nil
		},
	}
	keys := newKeysFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		settings, err := app.ReadRecordSettings(getenv, false)
		if err != nil {
			return err
		}
		public, err := settings.PublicKeys(*keys.keys, *keys.witnesses)
		if err != nil {
			return err
		}
		proof, err := readBounded(args[0], 2*tree.MaxNote)
		if err != nil {
			return err
		}
		leaf, err := readBounded(args[1], tree.MaxLeaf)
		if err != nil {
			return err
		}
		n, in, err := public.CheckAnyProof(proof, leaf)
		if err != nil {
			return err
		}
		out := printer{w: c.OutOrStdout()}
		out.line("right: this is entry %s of %s, which had %s then", number(n), in.Origin, count(int(in.Size), "entry"))
		if lacks := public.Uncosigned(in); len(lacks) > 0 {
			return fmt.Errorf("no cosignature of %s", strings.Join(lacks, ", "))
		}
		return out.err
	}
	return c
}
