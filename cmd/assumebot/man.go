package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Pages of the manual say what help says, in the language of man(7). It is written here:
// the library that cobra has for it reads texts as Markdown, which ours are not.

const manAbout = `Write the manual into a directory, a page for each command: assumebot.1, assumebot-check.1 and so on.
Without one the page of assumebot itself is printed.`

func manCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "man [DIR]",
		Short:   "Write the pages of the manual",
		Long:    manAbout,
		Example: "  assumebot man ~/.local/share/man/man1\n  assumebot man | man -l -",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef(c, "unexpected %q: give one directory", args[1])
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				_, err := fmt.Fprint(c.OutOrStdout(), manPage(c.Root()))
				return err
			}
			return writeManual(c.Root(), args[0])
		},
	}
}

// writeManual writes the pages of c and of what is below it.
func writeManual(c *cobra.Command, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // a manual is for everybody
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, manName(c)+".1"), []byte(manPage(c)), 0o644); err != nil { //nolint:gosec // as above
		return err
	}
	for _, sub := range manCommands(c) {
		if err := writeManual(sub, dir); err != nil {
			return err
		}
	}
	return nil
}

// manCommands are the commands below c, without topics of help.
func manCommands(c *cobra.Command) []*cobra.Command {
	var all []*cobra.Command
	for _, sub := range c.Commands() {
		if !sub.Hidden && sub.Runnable() {
			all = append(all, sub)
		}
	}
	return all
}

func manName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

func manPage(c *cobra.Command) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	short := c.Short
	if !c.HasParent() {
		short = "short-lived AWS credentials in Slack"
	}
	line(`.TH "%s" 1 "" "%s" "assumebot"`, roff(strings.ToUpper(manName(c))), roff(manVersion()))
	line(".ad l") // justified, a name in a narrow window has gaps beside it
	line(".SH NAME\n%s \\- %s", roff(manName(c)), roff(short))
	line(".SH SYNOPSIS\n.nf\n%s\n.fi", roff(c.UseLine()))
	line(".SH DESCRIPTION\n%s", manText(c.Long))
	if flags := c.LocalFlags(); flags.HasFlags() {
		line(".SH OPTIONS")
		flags.VisitAll(func(f *pflag.Flag) {
			value, usage := pflag.UnquoteUsage(f)
			if value != "" {
				value = ` \fI` + roff(value) + `\fR`
			}
			line(".TP\n\\fB%s\\fR%s\n%s", roff("--"+f.Name), value, roff(usage))
		})
	}
	if below := manCommands(c); len(below) > 0 {
		line(".SH COMMANDS")
		for _, sub := range below {
			line(".TP\n\\fB%s\\fR(1)\n%s", roff(manName(sub)), roff(sub.Short))
		}
	}
	if !c.HasParent() {
		line(".SH ENVIRONMENT\n%s", manText(environment))
	}
	line(".SH EXAMPLE\n%s", manText(c.Example))
	if c.HasParent() {
		line(".SH SEE ALSO\n\\fB%s\\fR(1)", roff(manName(c.Parent())))
	}
	return b.String()
}

// manVersion is what the foot of a page names.
func manVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return "assumebot " + info.Main.Version
	}
	return "assumebot"
}

// manText fills paragraphs, and leaves lines that begin with a space as they are.
func manText(text string) string {
	var out []string
	verbatim := false
	for line := range strings.SplitSeq(text, "\n") {
		switch indented := strings.HasPrefix(line, " "); {
		case line == "" && !verbatim:
			out = append(out, ".PP")
			continue
		case indented && !verbatim:
			out = append(out, ".PP", ".nf")
			verbatim = true
		case !indented && line != "" && verbatim:
			out = append(out, ".fi", ".PP")
			verbatim = false
		}
		out = append(out, roff(line))
	}
	if verbatim {
		out = append(out, ".fi")
	}
	return strings.Join(out, "\n")
}

// roff is text that troff shows as it is, on whatever terminal.
func roff(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\\':
			b.WriteString(`\e`)
		case r == '-':
			b.WriteString(`\-`)
		case r == '`':
			b.WriteString(`\(ga`)
		case r == '\'':
			b.WriteString(`\(aq`)
		case r == '^':
			b.WriteString(`\(ha`)
		case r == '~':
			b.WriteString(`\(ti`)
		case r == '"':
			b.WriteString(`\(dq`)
		case r < utf8.RuneSelf:
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, `\[u%04X]`, r)
		}
	}
	if strings.HasPrefix(b.String(), ".") {
		return `\&` + b.String()
	}
	return b.String()
}
