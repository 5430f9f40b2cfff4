package main

import (
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/assumebot/assumebot/cmd/internal/config"
)

// fileGoesAfter is for whoever names the config file without its flag.
const fileGoesAfter = "the config file goes after --config"

func configFlag(c *cobra.Command) *string {
	config := c.Flags().String("config", "", "the config `FILE`; where it is not given, ASSUMEBOT_CONFIG names it")
	_ = c.MarkFlagFilename("config", "yaml", "yml") // fails for an unknown flag alone
	return config
}

// configPath returns the flag's path, or else the environment's.
func configPath(c *cobra.Command, flagged, environment string) (string, error) {
	switch {
	case flagged != "":
		return flagged, nil
	case environment != "":
		return environment, nil
	}
	what := "which config file? Give --config FILE or set ASSUMEBOT_CONFIG; assumebot init writes one"
	if _, err := os.Stat(config.FileName); err == nil {
		what = "which config file? Give --config " + config.FileName + ", or set ASSUMEBOT_CONFIG"
	}
	return "", usageError{cmd: c, what: what, alone: true}
}

// A choice is the value of a flag that takes one of a few words, in any case.
type choice struct {
	chosen string
	among  []string
}

func choiceFlag(c *cobra.Command, name, chosen, usage string, among ...string) *choice {
	v := &choice{chosen, among}
	c.Flags().Var(v, name, usage)
	_ = c.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(among, cobra.ShellCompDirectiveNoFileComp)) // fails for an unknown flag alone
	return v
}

func (v *choice) Set(s string) error {
	s = strings.ToLower(s)
	if !slices.Contains(v.among, s) {
		return errors.New("write " + oneOf(v.among))
	}
	v.chosen = s
	return nil
}

func (v *choice) String() string { return v.chosen }
func (v *choice) Type() string   { return strings.Join(v.among, "|") }

// oneOf is "a, b or c".
func oneOf(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
