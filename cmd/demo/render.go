package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/cmd/demo/world"
)

// width is what prose is wrapped to, for a terminal of 80 columns.
const width = 78

// onlyFor is the one person who sees a change, nil when a channel does.
func (w *scene) onlyFor(c slacktest.Change) *person {
	for _, p := range w.people {
		m := c.Message
		if c.User == p.ID || m.Ephemeral && m.To == p.ID || m.Channel == p.DM {
			return p
		}
	}
	return nil
}

// heading says who sees a change, and where.
func (w *scene) heading(c slacktest.Change) string {
	bot, who := w.Slack.BotName(), ""
	if p := w.onlyFor(c); p != nil {
		who = p.Name
	}
	m, where := c.Message, ""
	switch c.Kind {
	case slacktest.ViewOpened, slacktest.ViewUpdated:
		return "[" + who + ", in " + w.stacked(c) + "]"
	case slacktest.ViewClosed:
		if below, open := w.below(c); open {
			return "[" + who + ", the window closed; the one below it is " + below.Title + "]"
		}
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
		where = world.ChannelName(m.Channel)
	}
	switch c.Kind {
	case slacktest.MessageUpdated:
		where += ", changed"
	case slacktest.MessageDeleted:
		where += ", deleted"
	}
	return "[" + where + "]"
}

// handles says what can be pressed and chosen, "" when nothing can.
func handles(buttons []slacktest.Button, menus []slacktest.Menu) string {
	var out strings.Builder
	if len(buttons) > 0 {
		labels := make([]string, len(buttons))
		for i, b := range buttons {
			labels[i] = fmt.Sprintf("%d %s", i+1, b.Label)
		}
		out.WriteString("press: " + strings.Join(labels, ", "))
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
	return strings.TrimPrefix(out.String(), "\n")
}

// wrap breaks what the demo itself says at spaces.
func wrap(text string) string { return paragraph(text).Text(slacktest.Layout{Width: width}) }

func paragraph(text string) slacktest.Piece {
	return slacktest.Piece{Kind: slacktest.PieceParagraph, Spans: []slacktest.Span{{Kind: slacktest.SpanText, Text: text}}}
}

// reader is whoever sits at the terminal: times are theirs.
func (w *scene) reader() slacktest.Reader {
	return slacktest.Reader{Zone: time.Local, Now: w.Clock.Now()}
}

// drawn is what Slack draws after a change, and what can be done with it.
func (w *scene) drawn(c slacktest.Change) (tree slacktest.Piece, controls string) {
	switch c.Kind {
	case slacktest.MessagePosted, slacktest.MessageUpdated:
		return c.Message.Tree(w.reader()), w.offered(c, c.Message.Ref(), handles(c.Message.Buttons(), c.Message.Menus()))
	case slacktest.ViewOpened, slacktest.ViewUpdated, slacktest.HomePublished:
		v := w.asItIs(c)
		return v.Tree(w.reader()), w.offered(c, v.Ref(), handles(v.Buttons(), v.Menus()))
	case slacktest.ViewClosed:
		if v, open := w.below(c); open {
			return v.Tree(w.reader()), w.offered(c, v.Ref(), handles(v.Buttons(), v.Menus()))
		}
	case slacktest.MessageDeleted:
	}
	return slacktest.Piece{Kind: slacktest.PieceWhole}, ""
}

// stacked says on which of a person's windows a change is.
func (w *scene) stacked(c slacktest.Change) string {
	open := w.Slack.Views(c.User)
	for i, v := range open {
		if v.ID == c.View.ID && len(open) > 1 {
			place := fmt.Sprintf("window %d of %d", i+1, len(open))
			if i > 0 {
				place += ", on top of " + open[i-1].Title
			}
			return place
		}
	}
	return "a window"
}

// below is the window that is on top again once another was closed. One that was
// opened in place of what was closed is none.
func (w *scene) below(c slacktest.Change) (slacktest.View, bool) {
	open := w.Slack.Views(c.User)
	if len(open) == 0 || open[len(open)-1].ID != c.View.Below {
		return slacktest.View{}, false
	}
	return open[len(open)-1], true
}

// asItIs is the view of a change with what its menus have come to offer.
func (w *scene) asItIs(c slacktest.Change) slacktest.View {
	for _, v := range w.Slack.Views(c.User) {
		if v.ID == c.View.ID && v.Hash == c.View.Hash {
			return v
		}
	}
	return c.View
}

// longest is the longest line of a snippet that a terminal shows whole.
const longest = 160

// shorten cuts lines that are many lines of a terminal.
func shorten(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if runes := []rune(line); len(runes) > longest {
			lines[i] = fmt.Sprintf("%s… (%d more characters: help says how to see them)", string(runes[:longest/2]), len(runes)-longest/2)
		}
	}
	return strings.Join(lines, "\n")
}
