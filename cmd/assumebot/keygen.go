package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/cmd/internal/app"
)

// A wrapFlags says that KMS shall wrap the keys.
type wrapFlags struct {
	kms    *string
	wrap   *bool
	getenv func(string) string
}

func newWrapFlags(c *cobra.Command, getenv func(string) string) wrapFlags {
	return wrapFlags{
		kms:    c.Flags().String("kms", "", "print it wrapped by this `KEY` of KMS: awskms:///, then an ARN, an ID or alias/NAME"),
		wrap:   c.Flags().Bool("wrap", false, "with --kms: wrap the keys on standard input, and make none"),
		getenv: getenv,
	}
}

// print prints what fresh makes, or what wrap makes of the list on standard input.
func (w wrapFlags) print(ctx context.Context, c *cobra.Command, fresh func(*app.Wrapper) (string, error),
	wrap func(w *app.Wrapper, list string) ([]string, error)) error {
	if *w.kms == "" {
		return usagef(c, "--wrap needs --kms KEY")
	}
	by, err := app.OpenWrapper(ctx, *w.kms, w.getenv)
	if err != nil {
		return err
	}
	var lines []string
	if *w.wrap {
		list, err := io.ReadAll(io.LimitReader(c.InOrStdin(), maxKeyList+1))
		switch {
		case err != nil:
			return fmt.Errorf("read standard input: %w", err)
		case len(list) > maxKeyList:
			return fmt.Errorf("standard input is larger than %d bytes, so nothing was wrapped: is it the list of keys?", maxKeyList)
		}
		if lines, err = wrap(by, string(list)); err != nil {
			return err
		}
	} else {
		line, err := fresh(by)
		if err != nil {
			return err
		}
		lines = []string{line}
	}
	_, err = fmt.Fprintln(c.OutOrStdout(), strings.Join(lines, "\n"))
	return err
}

// maxKeyList is far above any ring.
const maxKeyList = 64 << 10

func keygenCommand(ctx context.Context, getenv func(string) string) *cobra.Command {
	c := &cobra.Command{
		Use:   "keygen [record NAME] [flags]",
		Short: "Print a fresh key for ASSUMEBOT_SEAL_KEYS or ASSUMEBOT_RECORD_KEY",
		Long: "Print a fresh key for ASSUMEBOT_SEAL_KEYS. Every replica takes the same. With --kms a key of KMS makes and wraps it for the\n" +
			"record called --name: nobody sees it in clear, and the bot needs kms:Decrypt to open it.",
		Example:           "  (umask 077; assumebot keygen >seal.key)",
		Args:              noArgs("it takes no arguments, or record NAME"),
		ValidArgsFunction: cobra.NoFileCompletions,

		DisableFlagsInUseLine: true,
	}
	w := newWrapFlags(c, getenv)
	name := c.Flags().String("name", "", "with --kms: the `NAME` of the record of the bot that it is for")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if *w.kms == "" && !*w.wrap && *name == "" {
			_, err := fmt.Fprintln(c.OutOrStdout(), app.NewSealKey().Reveal())
			return err
		}
		if err := tree.CheckOrigin(*name); err != nil {
			return usagef(c, "--kms needs --name NAME, what the record is called: %v", err)
		}
		return w.print(ctx, c, func(by *app.Wrapper) (string, error) { return by.NewSealKey(ctx, *name) },
			func(by *app.Wrapper, list string) ([]string, error) { return by.SealKeys(ctx, list, *name) })
	}
	c.AddCommand(keygenRecordCommand(ctx, getenv))
	return c
}

// keygenRecordCommand prints the private key as ASSUMEBOT_RECORD_KEY takes it, with
// the public key in a comment. Who sends that to a file sees the public key all the same.
func keygenRecordCommand(ctx context.Context, getenv func(string) string) *cobra.Command {
	c := &cobra.Command{
		Use:     "record NAME [flags]",
		Short:   "Print a fresh key for ASSUMEBOT_RECORD_KEY",
		Example: "  (umask 077; assumebot keygen record example.com/assumebot >record.key)",
		Long: "Print a fresh key for ASSUMEBOT_RECORD_KEY, which signs the record called NAME, such as example.com/assumebot.\n" +
			"No other record in the world should have that name. Every replica takes the same key.\n\n" +
			"The private key is on standard output, which can go to a file as it is. The public key is in a comment there, and on\n" +
			"standard error: whoever checks the record needs it.",
		Args: func(c *cobra.Command, args []string) error {
			switch len(args) {
			case 0:
				return usagef(c, "which name shall the record have? Give one such as example.com/assumebot")
			case 1:
				return nil
			}
			return usagef(c, "unexpected %q: give one name", args[1])
		},
		ValidArgsFunction: cobra.NoFileCompletions,

		DisableFlagsInUseLine: true,
	}
	w := newWrapFlags(c, getenv)
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := tree.CheckOrigin(args[0]); err != nil {
			return usagef(c, "%v", err)
		}
		if *w.wrap {
			return w.print(ctx, c, nil, func(by *app.Wrapper, list string) ([]string, error) { return by.RecordKeys(ctx, list, args[0]) })
		}
		private, public, err := tree.NewKey(args[0])
		if err != nil {
			return err
		}
		comment := "# public key: " + public + "\n"
		if *w.kms == "" {
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s%s\n", comment, private)
		} else {
			err = w.print(ctx, c, func(by *app.Wrapper) (string, error) {
				line, err := by.RecordKey(ctx, secret.New(private))
				return comment + line, err
			}, nil)
		}
		if err == nil {
			_, err = fmt.Fprintf(c.ErrOrStderr(), "public key, for whoever checks the record: %s\n", public)
		}
		return err
	}
	return c
}
