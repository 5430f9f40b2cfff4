package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A usageError is a command line that cmd does not understand.
type usageError struct {
	cmd   *cobra.Command
	what  string
	alone bool // what says all that there is to say, and how the command is used is not needed
}

func (e usageError) Error() string {
	_, path, sub := strings.Cut(e.cmd.CommandPath(), " ")
	if sub {
		return path + ": " + e.what
	}
	return e.what
}

func usagef(c *cobra.Command, format string, args ...any) error {
	return usageError{cmd: c, what: fmt.Sprintf(format, args...)}
}

// unknownCommand is what the root does with what no command has taken.
func unknownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usagef(root, "a command is needed")
	}
	if like := root.SuggestionsFor(args[0]); len(like) > 0 {
		return usagef(root, "unknown command %q: did you mean %s?", args[0], strings.Join(like, " or "))
	}
	return usagef(root, "unknown command %q", args[0])
}

// noArgs refuses arguments, and says instead what to do about one.
func noArgs(instead string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usagef(c, "unexpected %q: %s", args[0], instead)
		}
		return nil
	}
}

func helpTopic(c *cobra.Command, args []string) error {
	switch topic, rest, err := c.Root().Find(args); {
	case err != nil:
		return err
	case len(rest) == 0:
		return nil
	case topic.HasParent():
		return usagef(c, "unexpected %q: give one command", rest[0])
	}
	return unknownCommand(c.Root(), args)
}

// flagError says in our words what pflag could not read.
func flagError(c *cobra.Command, err error) error {
	var absent *pflag.NotExistError
	var empty *pflag.ValueRequiredError
	var wrong *pflag.InvalidValueError
	switch {
	case c.HasAvailableSubCommands() && c.Flags().NArg() > 0: // the flag is that of the unknown command before it
		return unknownCommand(c, c.Flags().Args())
	case errors.As(err, &absent):
		return unknownFlag(c, absent)
	case errors.As(err, &empty):
		return usagef(c, "--%s needs a value", empty.GetSpecifiedName())
	case errors.As(err, &wrong):
		return usagef(c, "--%s %q: %v", wrong.GetFlag().Name, wrong.GetValue(), wrong.Unwrap())
	}
	return usagef(c, "%v", err)
}

func unknownFlag(c *cobra.Command, absent *pflag.NotExistError) error {
	letters, _, _ := strings.Cut(absent.GetSpecifiedShortnames(), "=")
	switch {
	case letters == "":
		return usagef(c, "unknown flag --%s", absent.GetSpecifiedName())
	case letters == "elp": // of -help, whose h was taken for the flag -h
		return pflag.ErrHelp
	case c.Flags().Lookup(letters) != nil:
		return usagef(c, "unknown flag -%s: write --%[1]s, with two dashes", letters)
	}
	return usagef(c, "unknown flag -%s", letters)
}
