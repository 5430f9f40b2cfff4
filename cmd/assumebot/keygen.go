package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/assumebot/assumebot/cmd/internal/app"
)

func keygenCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "keygen",
		Short:             "Print a fresh key for ASSUMEBOT_SEAL_KEYS",
		Long:              "Print a fresh key for ASSUMEBOT_SEAL_KEYS. Every replica takes the same.",
		Args:              noArgs("it takes no arguments"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(c.OutOrStdout(), app.NewSealKey().Reveal())
			return err
		},
	}
}
