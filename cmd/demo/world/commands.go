package world

import (
	"slices"
	"strings"
)

// A Command is a slash command of the app, as its manifest has it.
type Command struct{ Name, Description, Hint string }

// Commands are what deploy/slack-manifest.yaml registers; a test holds them to it.
func Commands() []Command {
	return []Command{
		{
			Name:        "/assume",
			Description: "Short-lived AWS credentials, shown to you alone",
			Hint:        "ACCOUNT [CODE] [for 2h] [as fish] [because REASON] | help | accounts | explain | whoami | history | key | receipt | cancel | revoke",
		},
		{
			Name:        "/buckets",
			Description: "The S3 buckets of an account",
			Hint:        "ACCOUNT [CODE] [prefix P]",
		},
		{
			Name:        "/mfa",
			Description: "One code for several requests",
			Hint:        "CODE [for 8h] | end",
		},
		{
			Name:        "/sessions",
			Description: "The credentials that you have now",
		},
	}
}

// Shortcut is the callback_id of the one in the manifest.
const Shortcut = "assume"

// Registered reports whether the workspace has a command of that name. A bot that is
// another program may have been given a prefix for its own.
func (w *World) Registered(name string) bool {
	return slices.ContainsFunc(Commands(), func(c Command) bool {
		return c.Name == name || w.App == nil && strings.HasPrefix(name, "/") && strings.HasSuffix(name, c.Name[1:])
	})
}

// NoCommand is what Slackbot tells whoever types a command that nobody has registered.
func NoCommand(name string) string {
	return name + " is not a valid command. " +
		"In Slack, all messages that start with the \"/\" character are interpreted as commands.\n" +
		"If you are trying to send a message and not run a command, try preceding the \"/\" with an empty space."
}
