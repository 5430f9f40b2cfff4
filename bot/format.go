package bot

import "strings"

// A Format is how credentials are written for pasting.
type Format string

// The formats that a person may ask for with as.
const (
	FormatBash       Format = "bash" // zsh and every POSIX sh read it too
	FormatFish       Format = "fish"
	FormatPowerShell Format = "powershell"
	FormatCmd        Format = "cmd"
	FormatDotenv     Format = "dotenv"
	FormatProfile    Format = "profile" // an INI block for ~/.aws/credentials
	FormatJSON       Format = "json"    // the credential_process shape
	FormatConsole    Format = "console" // a link that signs in to the AWS console, and no credentials
)

// Formats returns the formats that credentials are written in, all but
// FormatConsole, in the order in which a person is shown them.
func Formats() []Format {
	return []Format{FormatBash, FormatFish, FormatPowerShell, FormatCmd, FormatDotenv, FormatProfile, FormatJSON}
}

// forShell reports whether a shell reads the format.
func (f Format) forShell() bool {
	switch f {
	case FormatBash, FormatFish, FormatPowerShell, FormatCmd:
		return true
	}
	return false
}

// allFormats is everything that may follow as.
func allFormats() []Format { return append(Formats(), FormatConsole) }

// ParseFormat reads a format by its name or by another name that people use
// for it, in any case.
func ParseFormat(word string) (Format, bool) {
	word = strings.ToLower(strings.TrimLeft(word, "."))
	switch word {
	case "sh", "zsh", "ksh", "dash", "ash", "posix", "shell":
		return FormatBash, true
	case "pwsh", "ps1", "ps":
		return FormatPowerShell, true
	case "cmd.exe", "bat", "batch":
		return FormatCmd, true
	case "env":
		return FormatDotenv, true
	case "ini":
		return FormatProfile, true
	case "web", "browser":
		return FormatConsole, true
	}
	for _, f := range allFormats() {
		if word == string(f) {
			return f, true
		}
	}
	return "", false
}
