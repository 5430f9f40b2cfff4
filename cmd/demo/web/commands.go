package web

import "slices"

// A command is a slash command of the app, as its manifest has it.
type command struct{ Name, Description, Hint string }

// commands are what deploy/slack-manifest.yaml registers; a test holds them to it.
var commands = []command{
	{
		Name:        "/assume",
		Description: "Short-lived AWS credentials, shown to you alone",
		Hint:        "ACCOUNT [CODE] [for 2h] [as fish] [because REASON] | help | accounts | explain | whoami | key | cancel | revoke",
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

func registered(name string) bool {
	return slices.ContainsFunc(commands, func(c command) bool { return c.Name == name })
}
