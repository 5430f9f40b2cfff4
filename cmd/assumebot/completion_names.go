package main

import (
	"github.com/spf13/cobra"

	"github.com/assumebot/assumebot/cmd/internal/config"
)

// explainable completes people, then accounts, of the config that the command line or
// the environment names. While a shell asks nothing may be printed: without a config that
// can be read there is nothing to complete.
func explainable(flagged string, getenv func(string) string, args []string) []string {
	path := flagged
	if path == "" {
		path = getenv("ASSUMEBOT_CONFIG")
	}
	cfg, err := config.Load(path)
	if err != nil || len(args) > 1 {
		return nil
	}
	var names []string
	if len(args) == 0 {
		for u := range cfg.Broker.Users.All() {
			names = append(names, cobra.CompletionWithDesc(u.SessionName, u.Slack))
		}
		return names
	}
	for a := range cfg.Broker.Accounts.All() {
		names = append(names, cobra.CompletionWithDesc(a.Name, string(a.RoleARN)))
	}
	return names
}
