package bot

import (
	"strings"

	"github.com/assumebot/assumebot/broker"
)

// sealedSnippet wraps an armored block into what opens and evaluates it in one
// paste, where the format has a shell for that; otherwise the block stands alone,
// to be saved. use says how, account names the file. An armored block is base64
// between two lines of dashes, so it needs no quoting of its own.
// https://age-encryption.org/v1#ascii-armor and RFC 7468
func sealedSnippet(f Format, block string, key broker.PublicKey, account string) (text, use string) {
	unix, windows := identityFile(key)
	another := " If the private half of your key is not in `" + unix + "`, write where it is."
	file := account + ".age"
	switch f {
	case FormatFish:
		// fish has no heredocs; between single quotes it keeps line breaks.
		return "printf '%s\\n' '" + block + "' | age -d -i " + unix + " | source",
			"Paste it into fish; it needs age. It ends by itself." + another
	case FormatPowerShell:
		// The end of a here-string must be first in its line. A native command
		// does not get ~ expanded by Windows PowerShell.
		return "@'\n" + block + "\n'@ | age -d -i \"" + windows + "\" | Out-String | Invoke-Expression",
			"Paste it into PowerShell; it needs age. It ends by itself. If the private half of your key is not in `" + windows + "`, write where it is."
	case FormatCmd:
		return block, "Save it as `" + file + "`; `age -d -i IDENTITY " + file + "` prints what to paste into a Command Prompt. " +
			"IDENTITY is the file of your private key. It ends by itself."
	case FormatDotenv:
		return block, "Save it as `" + file + "`; `age -d -i " + unix + " " + file + "` prints your .env file, which is never committed. It ends by itself." + another
	case FormatProfile:
		return block, "Save it as `" + file + "`; `age -d -i " + unix + " " + file + "` prints what belongs into `~/.aws/credentials`. It ends by itself." + another
	case FormatJSON:
		return block, "Save it as `" + file + "`; `age -d -i " + unix + " " + file + "`, with whole paths, is a `credential_process`. It ends by itself." + another
	}
	// The command substitution is quoted, or the shell would split it; nothing is
	// expanded in the heredoc, whose end is quoted.
	return strings.Join([]string{`eval "$(age -d -i ` + unix + ` <<'EOF'`, block, "EOF", `)"`}, "\n"),
		"Paste it into bash, zsh or sh; it needs age. It ends by itself." + another
}

// identityFile is where the private half most likely is: ssh-keygen's own
// choice, and for age, which has none, a usual one.
func identityFile(key broker.PublicKey) (unix, windows string) {
	switch key.Type {
	case keySSHEd25519:
		return "~/.ssh/id_ed25519", `$HOME\.ssh\id_ed25519`
	case keySSHRSA:
		return "~/.ssh/id_rsa", `$HOME\.ssh\id_rsa`
	}
	return "~/.config/age/keys.txt", `$HOME\.config\age\keys.txt`
}
