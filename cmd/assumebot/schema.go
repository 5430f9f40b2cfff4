package main

import (
	"github.com/spf13/cobra"

	"github.com/assumebot/assumebot/cmd/internal/config"
)

func schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the config file, for editors",
		Long: "Print the JSON Schema of the config file, in draft 2020-12. An editor that knows it completes keys and marks mistakes.\n" +
			"It sees less than check does: whether what a key names exists, for one.\n\n" +
			"The first line of a config beside it tells the editor:\n\n" +
			"  " + config.SchemaLine,
		Example:           "  assumebot schema >" + config.SchemaName,
		Args:              noArgs("it takes no arguments"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			schema, err := config.Schema()
			if err != nil {
				return err
			}
			_, err = c.OutOrStdout().Write(schema)
			return err
		},
	}
}
