package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// Help of a command is one screen of 24 lines and 80 columns, with an example; a test
// walks the whole tree. Long texts are written without regard to columns.

const screenColumns = 80

const environment = `Each of those marked * also as NAME_FILE, the path of a file that holds it:

  SLACK_APP_TOKEN *       xapp-…, with the scope connections:write
  SLACK_BOT_TOKEN *       xoxb-…
  REDIS_URL *             embedded, for one process, or redis://, rediss://,
                          unix://; REDIS_CA * in PEM alone vouches for rediss://
  ASSUMEBOT_SEAL_KEYS *   comma-separated or one a line, newest first;
                          not needed with embedded
  ASSUMEBOT_RECORD_KEY *  signs the record; newest first; none with embedded
  AWS_REGION              where STS is called; other settings are the AWS SDK's
  AWS_FALLBACK_REGION     asked without codes where AWS_REGION does not answer
  ASSUMEBOT_CONFIG        the config file, when --config is not given
  SLACK_API_URL *         https://slack.com/api/ unless set
  ASSUMEBOT_METRICS_ADDR  a port, or ADDRESS:PORT: metrics and probes there
  ASSUMEBOT_PPROF         on: profiles there too, for this machine
  OTEL_…                  traces, by OpenTelemetry's own variables
  NO_COLOR                when it is set, nothing is coloured
  REDIS_CLEARTEXT, REDIS_SKIP_VERIFY, AWS_FOREIGN_ENDPOINT
                          accepted, to take the risk that the name says

exit codes: 0 done, 1 failed, 2 the command line is wrong,
  3 policy diff: somebody gains; record reconcile: an alarm,
  4 record reconcile: it cannot tell,
  78 the bot cannot run until a person mends its settings, its config or a token`

// environmentTopic is what help prints, and no command.
func environmentTopic() *cobra.Command {
	return &cobra.Command{
		Use:   "environment",
		Short: "The environment variables and exit codes, a topic of help",
		Long:  environment,
	}
}

// help prints what was asked for.
func help(c *cobra.Command, _ []string) {
	text := wrapped(c.Long)
	if c.Runnable() {
		text += "\n\n" + usageText(c)
		switch line := "example: " + strings.TrimSpace(c.Example); {
		case c.Example == "":
		case strings.Contains(line, "\n") || utf8.RuneCountInString(line) > screenColumns:
			text += "\nexample:\n" + c.Example
		default:
			text += "\n" + line
		}
	}
	_, _ = fmt.Fprintln(c.OutOrStdout(), strings.TrimRight(text, "\n"))
}

// usageText is how to write c: its line, its commands and its flags.
func usageText(c *cobra.Command) string {
	var b strings.Builder
	b.WriteString(filled(strings.Fields("usage: "+c.UseLine()), "  ") + "\n")
	if c.HasAvailableSubCommands() {
		b.WriteString("\ncommands:\n")
		for _, sub := range c.Commands() {
			if !sub.Hidden {
				fmt.Fprintf(&b, "  %-*s  %s\n", c.Commands()[0].NamePadding(), sub.Name(), sub.Short)
			}
		}
	}
	if flags := c.LocalFlags().FlagUsagesWrapped(screenColumns); flags != "" && c.HasParent() {
		b.WriteString("\nflags:\n" + flags)
	}
	return b.String()
}

// wrapped fills the paragraphs of a text; lines that begin with a space stay.
func wrapped(text string) string {
	var out []string
	var words []string
	flush := func() {
		if len(words) > 0 {
			out = append(out, filled(words, ""))
		}
		words = nil
	}
	for line := range strings.SplitSeq(text, "\n") {
		if line == "" || line[0] == ' ' {
			flush()
			out = append(out, line)
			continue
		}
		words = append(words, strings.Fields(line)...)
	}
	flush()
	return strings.Join(out, "\n")
}

// filled puts words into lines; all but the first begin with indent.
func filled(words []string, indent string) string {
	var b strings.Builder
	column := 0
	for i, word := range words {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case column+1+n > screenColumns:
			b.WriteString("\n" + indent)
			column = len(indent)
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	return b.String()
}
