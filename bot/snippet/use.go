package snippet

import "strings"

// howToUse says how a snippet is used. Like all that stands around a snippet it
// can be pasted together with it: a quotation mark, a parenthesis or a semicolon
// would keep a shell from reading what comes after, or fish from reading anything.
func howToUse(f Format, account string) string {
	const space = " Each command begins with a space, which keeps it out of the history of a bash with `HISTCONTROL=ignorespace` and a zsh with " +
		"`HIST_IGNORE_SPACE`. "
	switch f {
	case Fish:
		return "Paste it into fish. The credentials expire at the time above. To keep it out of the history, press Space before you paste: fish drops the first " +
			"space of what is pasted."
	case PowerShell:
		return "Paste it into PowerShell. The credentials expire at the time above."
	case Cmd:
		return "Paste it into a Command Prompt. The credentials expire at the time above."
	case Dotenv:
		return "Put it into a .env file and never commit that file. The credentials expire at the time above. " +
			"Variables that your shell has already set override the file, so clear them first: `unset " +
			strings.Join(credentialNames(), " ") + "`."
	case Profile:
		return "Put it into `~/.aws/credentials`, in place of the section `[" + account +
			"]` if there is one: a section that is there twice stops the AWS CLI for every profile. " +
			"Use it with `--profile " + account + "`. The credentials expire at the time above."
	case JSON:
		return "This is what a `credential_process` prints. The credentials expire at the time above."
	}
	return "Paste it into bash, zsh or sh. The credentials expire at the time above." + space +
		"For another format, end your request with `as fish`, or as powershell, cmd, dotenv, profile, json."
}
