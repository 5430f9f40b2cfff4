package bot

import "strings"

// bashSnippet is for bash, zsh and every POSIX sh. unset comes first: were the
// last line lost in copying, the keys would still be whole, and no profile would
// stand before them.
func bashSnippet(v values) string {
	return joinLines(append([]string{"unset AWS_PROFILE"}, v.lines(func(each variable) string {
		return "export " + each.name + "=" + quotePOSIX(each.value)
	})...))
}

// quotePOSIX quotes s for any POSIX shell. Between single quotes every character
// stands for itself, the ! of history expansion too; a single quote cannot stand
// there at all, so it is written outside of them.
// https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02_02
func quotePOSIX(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func fishSnippet(v values) string {
	return joinLines(append([]string{"set -e AWS_PROFILE;"}, v.lines(func(each variable) string {
		return "set -gx " + each.name + " " + quoteFish(each.value) + ";"
	})...))
}

// quoteFish quotes s for fish, where \' and \\ are the only escapes between
// single quotes.
// https://fishshell.com/docs/current/language.html#quotes
func quoteFish(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

func powershellSnippet(v values) string {
	return joinLines(append([]string{"Remove-Item Env:AWS_PROFILE -ErrorAction SilentlyContinue"}, v.lines(func(each variable) string {
		return "$Env:" + each.name + " = " + quotePowerShell(each.value)
	})...))
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
	lines := append([]string{`set "AWS_PROFILE="`}, v.lines(func(each variable) string {
		return `set "` + each.name + "=" + each.value + `"`
	})...)
	for _, each := range v.variables() {
		if !isASCII(each.value) || strings.ContainsAny(each.value, `%!"`) {
			return "", errSnippetUnfit(FormatCmd)
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
