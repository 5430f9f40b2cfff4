package snippet

import (
	"strings"

	"github.com/assumebot/assumebot/broker/prose"
)

// howToUse says how a snippet is used. Like all that stands around a snippet it
// can be pasted together with it: a quotation mark, a parenthesis or a semicolon
// would keep a shell from reading what comes after, or fish from reading anything.
func howToUse(f Format, account string) []prose.Part {
	literal := prose.Literal
	switch f {
	case Fish:
		return prose.Say("Paste it into fish. The credentials expire at the time above. To keep it out of the history, press Space before you paste: " +
			"fish drops the first space of what is pasted.")
	case PowerShell:
		return prose.Say("Paste it into PowerShell. The credentials expire at the time above.")
	case Cmd:
		return prose.Say("Paste it into a Command Prompt. The credentials expire at the time above.")
	case Dotenv:
		return prose.Say("Put it into a .env file and never commit that file. The credentials expire at the time above. "+
			"Variables that your shell has already set override the file, so clear them first: ", literal("unset "+strings.Join(credentialNames(), " ")), ".")
	case Profile:
		return prose.Say("Put it into ", literal("~/.aws/credentials"), ", in place of the section ", literal("["+account+"]"),
			" if there is one: a section that is there twice stops the AWS CLI for every profile. "+
				"Use it with ", literal("--profile "+account), ". The credentials expire at the time above.")
	case JSON:
		return prose.Say("This is what a ", literal("credential_process"), " prints. The credentials expire at the time above.")
	case Bash, "":
		return prose.Say("Paste it into bash, zsh or sh. The credentials expire at the time above. "+
			"Each command begins with a space, which keeps it out of the history of a bash with ", literal("HISTCONTROL=ignorespace"),
			" and a zsh with ", literal("HIST_IGNORE_SPACE"), ". For another format, end your request with ", literal("as fish"),
			", or as powershell, cmd, dotenv, profile, json.")
	}
	return nil
}
