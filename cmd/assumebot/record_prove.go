package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/cmd/internal/app"
)

const proveAbout = `Print a receipt: the proof that an entry is on the record, as c2sp.org/tlog-proof@v1, with the entry's own bytes in it. Whoever has it
and the public key of the record can check it by verify-proof, without the record and without the bot. With --leaf the entry's bytes
go to a file of their own, and the proof has them no more.`

func recordProveCommand(ctx context.Context, getenv func(string) string) *cobra.Command {
	c := &cobra.Command{
		Use: "prove NUMBER " + placeUse + " [flags]",
		Example: "  assumebot record prove 4711 --redis --out receipt.tlog-proof\n" +
			"  assumebot record prove 4711 --redis --out proof --leaf entry.json",
		Short:             "Print the proof that an entry is on the record",
		Long:              proveAbout,
		Args:              entryAndFile,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	place, keys := newPlaceFlags(c, getenv), newKeysFlags(c)
	leaf := c.Flags().String("leaf", "", "write the entry's bytes to a `FILE`, and not into the proof")
	out := c.Flags().String("out", "", "write the proof to a `FILE`, not to standard output")
	c.RunE = func(c *cobra.Command, args []string) error {
		n, err := entryNumber(c, args[0])
		if err != nil {
			return err
		}
		return place.open(ctx, c, oneOrNone(args[1:]), len(*keys.keys) == 0, func(ctx context.Context, r *app.RecordReader, s app.Settings) error {
			public, err := s.PublicKeys(*keys.keys, *keys.witnesses)
			if err != nil {
				return err
			}
			proof, err := audit.ProveFrom(ctx, r.Source, public, n)
			if err != nil {
				return err
			}
			data := proof.Data
			if *leaf != "" {
				if data, err = tree.Bare(data); err != nil {
					return err
				}
				if err := os.WriteFile(*leaf, proof.Leaf, 0o600); err != nil {
					return err
				}
			}
			if *out != "" {
				return os.WriteFile(*out, data, 0o600)
			}
			_, err = c.OutOrStdout().Write(data)
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

func recordVerifyProofCommand(ctx context.Context, getenv func(string) string) *cobra.Command {
	c := &cobra.Command{
		Use:   "verify-proof PROOF [LEAF] [--key KEY]… [--witness KEY]…",
		Short: "Check a proof that an entry is on the record",
		Example: "  assumebot record verify-proof receipt.tlog-proof --key example.com/a+1a2b+AW…\n" +
			"  assumebot record verify-proof proof entry.json --key example.com/a+1a2b+AW…",
		Long: "Check a receipt that prove wrote or /assume receipt showed, with public keys alone, and show its entry: it takes neither the record\n" +
			"nor the bot. A receipt may be saved as it was copied out of Slack, with the words around it. Where the entry's bytes are a file of\n" +
			"their own, LEAF is that. The exit code is 0 if the entry is on the record.",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 && len(args) != 2 {
				return usagef(c, "give a receipt, or two files: the proof, and the entry's bytes")
			}
			return nil
		},
	}
	keys := newKeysFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		settings, err := app.ReadRecordSettings(ctx, getenv, false, len(*keys.keys) == 0)
		if err != nil {
			return err
		}
		public, err := settings.PublicKeys(*keys.keys, *keys.witnesses)
		if err != nil {
			return err
		}
		proof, err := readBounded(args[0], 2*tree.MaxProof)
		if err != nil {
			return err
		}
		var leaf []byte
		if len(args) > 1 {
			if leaf, err = readBounded(args[1], tree.MaxLeaf); err != nil {
				return err
			}
		}
		proved, err := public.CheckAnyProof(tree.Pasted(proof), leaf)
		if errors.Is(err, tree.ErrNoEntry) {
			err = fmt.Errorf("%w: give the file with its bytes too", err)
		}
		if err != nil {
			return err
		}
		out := printer{w: c.OutOrStdout()}
		out.line("right: this is entry %s of %s, which had %s then", number(proved.Number), proved.In.Origin, count(int(proved.In.Size), "entry"))
		if lacks := public.Uncosigned(proved.In); len(lacks) > 0 {
			return fmt.Errorf("no cosignature of %s", strings.Join(lacks, ", "))
		}
		if out.err == nil && len(args) == 1 {
			out.err = showEntry(c.OutOrStdout(), entry.Entry{Number: proved.Number, Sealed: entry.Sealed{Leaf: proved.Leaf}})
		}
		return out.err
	}
	return c
}
