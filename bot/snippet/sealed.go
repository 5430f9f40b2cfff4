package snippet

import (
	"strings"

	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

// sealedSnippet wraps an armored block into what opens and evaluates it in one
// paste, where the format has a shell for that; otherwise the block stands alone,
// to be saved. What the shell had before is cleared first, and an age that does
// not open the block makes the whole fail: old credentials must not serve in place
// of new ones. use says how, account names the file. An armored block is base64
// between two lines of dashes, so it needs no quoting of its own.
// https://age-encryption.org/v1#ascii-armor and RFC 7468
func sealedSnippet(f Format, block string, key secret.PublicKey, account string) (text string, use []prose.Part) {
	unix, windows := IdentityFile(key)
	elsewhere := func(file string) []prose.Part {
		return prose.Say("If your private key is in another file than ", prose.Literal(file), ", write the name of that file.")
	}
	pasted := func(file string) []prose.Part {
		return prose.Sentences(howToUse(f, account), prose.Say("It needs age."), elsewhere(file))
	}
	saved := func(identity string) []prose.Part {
		file := account + ".age"
		return prose.Say("Save it as ", prose.Literal(file), ". Then ", prose.Literal("age -d -i "+identity+" "+file))
	}
	switch f {
	case Fish:
		// fish has no heredocs; between single quotes it keeps line breaks. A
		// pipeline has the status of its last command; that of age is in the middle.
		return fishClear(credentialNames()) + "\n" +
				" printf '%s\\n' '" + block + "' | age -d -i " + unix + " | source;\n" +
				` test "$pipestatus" = '0 0 0';`,
			pasted(unix)
	case PowerShell:
		// The end of a here-string must be first in its line. A native command
		// does not get ~ expanded by Windows PowerShell. Without text
		// Invoke-Expression fails.
		return powershellUnset(credentialNames()) + "\n@'\n" + block + "\n'@ | age -d -i \"" + windows + "\" | Out-String | Invoke-Expression",
			pasted(windows)
	case Cmd:
		return block, prose.Say(saved("IDENTITY"), " prints what you paste into a Command Prompt. IDENTITY is the file of your private key. "+
			"The credentials expire at the time above.")
	case Dotenv, Profile:
		return block, prose.Sentences(prose.Say(saved(unix), " prints it."), elsewhere(unix), howToUse(f, account))
	case JSON:
		return block, prose.Sentences(prose.Say(saved(unix), " prints it."), elsewhere(unix),
			prose.Say("That command, with whole paths, is a ", prose.Literal("credential_process"), ". The credentials expire at the time above."))
	case Bash, "":
		// The command substitution is quoted, or the shell would split it; nothing is
		// expanded in the heredoc, whose end is quoted. eval of nothing would succeed.
		return strings.Join([]string{bashUnset(credentialNames()), ` eval "$(age -d -i ` + unix + ` <<'EOF' || echo false`, block, "EOF", ` )"`}, "\n"),
			pasted(unix)
	}
	return "", nil // no format of Formats
}

// IdentityFile is where the private half most likely is: ssh-keygen's own
// choice, and for age, which has none, a usual one.
func IdentityFile(key secret.PublicKey) (unix, windows string) {
	switch key.Type {
	case keySSHEd25519:
		return "~/.ssh/id_ed25519", `$HOME\.ssh\id_ed25519`
	case keySSHRSA:
		return "~/.ssh/id_rsa", `$HOME\.ssh\id_rsa`
	}
	return "~/.config/age/keys.txt", `$HOME\.config\age\keys.txt`
}

// sealedLink wraps an armored block into what prints the link that it holds.
func sealedLink(f Format, block string, key secret.PublicKey) (text, use string) {
	unix, windows := IdentityFile(key)
	switch f {
	case Fish:
		return "printf '%s\\n' '" + block + "' | age -d -i " + unix, "Pasted into fish, it prints the link; it needs age."
	case PowerShell, Cmd:
		return "@'\n" + block + "\n'@ | age -d -i \"" + windows + "\"", "Pasted into PowerShell, it prints the link; it needs age."
	}
	return "age -d -i " + unix + " <<'EOF'\n" + block + "\nEOF", "Pasted into bash, zsh or sh, it prints the link; it needs age."
}
