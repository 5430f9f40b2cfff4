package snippet

import (
	"slices"
	"strings"
)

// Lines for bash, zsh, sh and fish begin with a space: shells that are set to do
// so (HISTCONTROL=ignorespace, HIST_IGNORE_SPACE) keep such a line out of their
// history. PowerShell and cmd know nothing like it.

// bashSnippet is for bash, zsh and every POSIX sh. unset comes first: were the
// last line lost in copying, the keys would still be whole, and nothing would
// stand before them.
func bashSnippet(v values) string {
	return joinLines(append([]string{bashUnset(inTheWay())}, v.lines(func(each variable) string {
		return " export " + each.name + "=" + quotePOSIX(each.value)
	})...))
}

func bashUnset(names []string) string { return " unset " + strings.Join(names, " ") }

// quotePOSIX quotes s for any POSIX shell. Between single quotes every character
// stands for itself, the ! of history expansion too; a single quote cannot stand
// there at all, so it is written outside of them.
// https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02_02
func quotePOSIX(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// fishSnippet is for fish. What is universal there belongs to every session, so
// it is hidden in this one and kept: set -e alone would erase it for good. fish
// exports a universal variable even where a global one without -x stands before
// it, so only an exported one hides it, an empty one. That will do for all
// readers but two: botocore takes an empty AWS_SECURITY_TOKEN for the token, and
// the AWS CLI an empty AWS_PROFILE for a name.
func fishSnippet(v values) string {
	lines := append([]string{fishClear(inTheWay())}, v.lines(func(each variable) string {
		return " set -gx " + each.name + " " + quoteFish(each.value) + ";"
	})...)
	return joinLines(slices.Insert(lines, len(lines)-1,
		" if set -qUx AWS_SECURITY_TOKEN; set -gx AWS_SECURITY_TOKEN $AWS_SESSION_TOKEN; end;",
		" if set -qUx AWS_PROFILE; or set -qUx AWS_DEFAULT_PROFILE; function aws; env -u AWS_PROFILE -u AWS_DEFAULT_PROFILE aws $argv; end; end;"))
}

func fishClear(names []string) string {
	return " for assumebot in " + strings.Join(names, " ") + "; set -eg $assumebot; if set -qUx $assumebot; set -gx $assumebot; end; end; set -e assumebot;"
}

// quoteFish quotes s for fish, where \' and \\ are the only escapes between
// single quotes.
// https://fishshell.com/docs/current/language.html#quotes
func quoteFish(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

func powershellSnippet(v values) string {
	return joinLines(append([]string{powershellUnset(inTheWay())}, v.lines(func(each variable) string {
		return "$Env:" + each.name + " = " + quotePowerShell(each.value)
	})...))
}

// powershellUnset removes each that is there; Remove-Item goes on after one that
// is not.
func powershellUnset(names []string) string {
	return "Remove-Item Env:" + strings.Join(names, ", Env:") + " -ErrorAction SilentlyContinue"
}

// quotePowerShell quotes s for PowerShell, where a doubled quotation mark stands
// for one and nothing else is special. It takes the curly ones for single quotes
// too.
// https://learn.microsoft.com/en-us/powershell/module/microsoft.powershell.core/about/about_quoting_rules
func quotePowerShell(s string) string {
	return "'" + strings.NewReplacer("'", "''", "‘", "‘‘", "’", "’’", "‚", "‚‚", "‛", "‛‛").Replace(s) + "'"
}

// maxCmdLine is the longest line that cmd.exe takes, less some room.
// https://learn.microsoft.com/en-us/troubleshoot/windows-client/shell-experience/command-line-string-limitation
const maxCmdLine = 8191 - 1

// cmdSnippet is for cmd.exe, at its prompt and in a batch file alike. There is no
// spelling of % that both read the same, ! vanishes under delayed expansion, a
// quotation mark ends the protection of & and |, and a batch file has a code page
// of its own: such values are refused.
func cmdSnippet(v values) (string, error) {
	var lines []string
	for _, name := range inTheWay() {
		lines = append(lines, `set "`+name+`="`)
	}
	lines = append(lines, v.lines(func(each variable) string {
		return `set "` + each.name + "=" + each.value + `"`
	})...)
	for _, each := range v.variables() {
		if !isASCII(each.value) || strings.ContainsAny(each.value, `%!"`) {
			return "", errSnippetUnfit(Cmd)
		}
	}
	for _, line := range lines {
		if len(line) > maxCmdLine {
			return "", snippetError("The session token is too long for cmd, which takes lines of 8,191 characters.", "Ask again with as powershell, or with as profile.")
		}
	}
	return joinLines(lines), nil
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > '~' })
}
