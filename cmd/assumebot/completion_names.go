package main

import (
	"github.com/spf13/cobra"

	"github.com/assumebot/assumebot/cmd/internal/config"
)

// While a shell asks nothing may be printed: without a config that can be read there is
// nothing to complete.

// namesOf are people or accounts of a config, with what they are.
type namesOf func(config.Config) []cobra.Completion

func userNames(cfg config.Config) []cobra.Completion {
	var names []cobra.Completion
	for u := range cfg.Broker.Users.All() {
		names = append(names, cobra.CompletionWithDesc(terminal(u.SessionName), u.Slack))
	}
	return names
}

func accountNames(cfg config.Config) []cobra.Completion {
	var names []cobra.Completion
	for a := range cfg.Broker.Accounts.All() {
		names = append(names, cobra.CompletionWithDesc(a.Name, callText(*a)))
	}
	return names
}

func groupNames(cfg config.Config) []cobra.Completion {
	return append(cfg.Broker.UserGroups(), noGroups)
}

// fromConfig completes names of the config that the command line names, or the environment.
func fromConfig(flagged *string, getenv func(string) string, names namesOf) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		path := *flagged
		if path == "" {
			path = getenv("ASSUMEBOT_CONFIG")
		}
		cfg, err := config.Load(path)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return names(cfg), cobra.ShellCompDirectiveNoFileComp
	}
}

// inTurn completes one argument after another.
func inTurn(each ...cobra.CompletionFunc) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) >= len(each) {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return each[len(args)](c, args, typed)
	}
}
