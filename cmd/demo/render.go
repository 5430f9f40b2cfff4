package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/assumebot/assumebot/bot/slacktest"
)

// width is what prose is wrapped to, for a terminal of 80 columns.
const width = 78

// onlyFor is the one person who sees a change, nil when a channel does.
func (w *world) onlyFor(c slacktest.Change) *person {
	for _, p := range w.people {
		m := c.Message
		if c.User == p.id || m.Ephemeral && m.To == p.id || m.Channel == p.dm {
			return p
		}
	}
	return nil
}

// heading says who sees a change, and where.
func (w *world) heading(c slacktest.Change) string {
	bot, who := w.slack.BotName(), ""
	if p := w.onlyFor(c); p != nil {
		who = p.name
	}
	m, where := c.Message, ""
	switch c.Kind {
	case slacktest.ViewOpened, slacktest.ViewUpdated:
		return "[" + who + ", in a window]"
	case slacktest.ViewClosed:
		return "[" + who + ", the window closed]"
	case slacktest.HomePublished:
		return "[" + who + ", App Home of @" + bot + "]"
	case slacktest.MessagePosted, slacktest.MessageUpdated, slacktest.MessageDeleted:
	}
	switch {
	case m.Ephemeral && m.Via == "slack":
		where = who + ", only you, from Slackbot"
	case m.Ephemeral:
		where = who + ", only you"
	case who != "":
		where = "@" + bot + " → " + who
	default:
		where = channelName(m.Channel)
	}
	switch c.Kind {
	case slacktest.MessageUpdated:
		where += ", changed"
	case slacktest.MessageDeleted:
		where += ", deleted"
	}
	return "[" + where + "]"
}

// controls says what can be pressed and chosen, "" when nothing can.
func controls(buttons []slacktest.Button, menus []slacktest.Menu) string {
	var out strings.Builder
	if len(buttons) > 0 {
		labels := make([]string, len(buttons))
		for i, b := range buttons {
			labels[i] = fmt.Sprintf("%d %s", i+1, b.Label)
		}
		out.WriteString("\npress: " + strings.Join(labels, ", "))
	}
	for _, m := range menus {
		options := make([]string, len(m.Options))
		for i, o := range m.Options {
			options[i] = o.Text
		}
		if len(options) > 0 {
			out.WriteString("\nchoose: " + strings.Join(options, ", "))
		}
	}
	return out.String()
}

// layOut indents and wraps prose, and leaves each of exact alone on lines of its
// own, so that copying it off the terminal gives what copying it off Slack gives.
func layOut(text string, exact []string) string {
	var out strings.Builder
	prose := func(s string) {
		if s = strings.Trim(s, "\n"); s != "" {
			out.WriteString(wrap(s, "  ") + "\n")
		}
	}
	for _, whole := range exact {
		before, after, found := strings.Cut(text, whole)
		if !found || whole == "" {
			continue
		}
		prose(before)
		out.WriteString("\n" + whole + "\n\n")
		text = after
	}
	prose(text)
	return out.String()
}

// wrap breaks lines that are too long at spaces, and indents all of them. What
// has no space to break at stays whole.
func wrap(text, indent string) string {
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		hang := indent
		if strings.HasPrefix(line, "• ") {
			hang += "  "
		}
		out = append(out, wrapLine(line, indent, hang)...)
	}
	return strings.Join(out, "\n")
}

// wrapLine indents the first line by indent and what follows by hang.
func wrapLine(line, indent, hang string) []string {
	if utf8.RuneCountInString(indent+line) <= width {
		return []string{strings.TrimRight(indent+line, " ")}
	}
	var out []string
	current := indent
	for i, word := range strings.Split(line, " ") {
		switch {
		case i == 0:
			current += word
		case utf8.RuneCountInString(current+" "+word) > width:
			out = append(out, strings.TrimRight(current, " "))
			current = hang + word
		default:
			current += " " + word
		}
	}
	return append(out, current)
}
