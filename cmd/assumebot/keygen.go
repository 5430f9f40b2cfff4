package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/cmd/internal/app"
)

func keygenCommand() *cobra.Command {
	c := &cobra.Command{
		Use:               "keygen [record NAME]",
		Short:             "Print a fresh key for ASSUMEBOT_SEAL_KEYS or ASSUMEBOT_RECORD_KEY",
		Long:              "Print a fresh key for ASSUMEBOT_SEAL_KEYS. Every replica takes the same.",
		Example:           "  (umask 077; assumebot keygen >seal.key)",
		Args:              noArgs("it takes no arguments, or record NAME"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(c.OutOrStdout(), app.NewSealKey().Reveal())
			return err
		},
	}
	c.AddCommand(keygenRecordCommand())
	return c
}

// keygenRecordCommand prints the private key as ASSUMEBOT_RECORD_KEY takes it, with
// the public key in a comment. Who sends that to a file sees the public key all the same.
func keygenRecordCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "record NAME",
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
		RunE: func(c *cobra.Command, args []string) error {
			if err := tree.CheckOrigin(args[0]); err != nil {
				return usagef(c, "%v", err)
			}
			private, public, err := tree.NewKey(args[0])
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(c.OutOrStdout(), "# public key: %s\n%s\n", public, private); err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.ErrOrStderr(), "public key, for whoever checks the record: %s\n", public)
			return err
		},
	}
}
