package snippet

import "strings"

// A Format is how credentials are written for pasting.
type Format string

// The formats that a person may ask for with as.
const (
	Bash       Format = "bash" // zsh and every POSIX sh read it too
	Fish       Format = "fish"
	PowerShell Format = "powershell"
	Cmd        Format = "cmd"
	Dotenv     Format = "dotenv"
	Profile    Format = "profile" // an INI block for ~/.aws/credentials
	JSON       Format = "json"    // the credential_process shape
	Console    Format = "console" // a link that signs in to the AWS console, and no credentials
)

// Formats returns the formats that credentials are written in, all but
// [Console], in the order in which a person is shown them.
func Formats() []Format {
	return []Format{Bash, Fish, PowerShell, Cmd, Dotenv, Profile, JSON}
}

// ForShell reports whether a shell reads the format.
func (f Format) ForShell() bool {
	switch f {
	case Bash, Fish, PowerShell, Cmd:
		return true
	}
	return false
}

// AllFormats is everything that may follow as.
func AllFormats() []Format { return append(Formats(), Console) }

// ParseFormat reads a format by its name or by another name that people use
// for it, in any case.
func ParseFormat(word string) (Format, bool) {
	word = strings.ToLower(strings.TrimLeft(word, "."))
	switch word {
	case "sh", "zsh", "ksh", "dash", "ash", "posix", "shell":
		return Bash, true
	case "pwsh", "ps1", "ps":
		return PowerShell, true
	case "cmd.exe", "bat", "batch":
		return Cmd, true
	case "env":
		return Dotenv, true
	case "ini":
		return Profile, true
	case "web", "browser":
		return Console, true
	}
	for _, f := range AllFormats() {
		if word == string(f) {
			return f, true
		}
	}
	return "", false
}

// FormatList names all formats in a sentence.
func FormatList() string {
	var list strings.Builder
	formats := AllFormats()
	for i, f := range formats {
		switch {
		case i == len(formats)-1:
			list.WriteString(" or ")
		case i > 0:
			list.WriteString(", ")
		}
		list.WriteString(string(f))
	}
	return list.String()
}
