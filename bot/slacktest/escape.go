package slacktest

import (
	"regexp"
	"strings"
)

// typedPattern finds what Slack turns into a reference in what a person
// types: addresses of the web and of mail, @names, #channels.
var typedPattern = regexp.MustCompile(`(https?://[^\s<>]+)` +
	`|([A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,})` +
	`|@([\p{L}\p{N}._-]+)|#([\p{L}\p{N}_-]+)` +
	`|((?:[A-Za-z0-9-]+\.)+(?:com|net|org|io|dev|example)\b(?:/[^\s<>]*)?)`)

// escape turns what a person typed into what the app receives from a command
// registered with should_escape, and in messages: & < > as entities, people,
// channels, groups, web and mail addresses as references. A name that nobody
// has stays as typed. The caller holds mu.
// https://docs.slack.dev/interactivity/implementing-slash-commands#creating_commands
func (s *people) escape(typed string) string {
	var out strings.Builder
	last := 0
	for _, at := range typedPattern.FindAllStringSubmatchIndex(typed, -1) {
		group := func(i int) string {
			if at[2*i] < 0 {
				return ""
			}
			return typed[at[2*i]:at[2*i+1]]
		}
		out.WriteString(escapeEntities(typed[last:at[0]]))
		last = at[1]
		switch whole := typed[at[0]:at[1]]; {
		case group(1) != "":
			link := strings.TrimRight(whole, ".,;:!?)\"'")
			out.WriteString("<" + escapeEntities(link) + ">" + escapeEntities(whole[len(link):]))
		case group(2) != "":
			out.WriteString("<mailto:" + whole + "|" + whole + ">")
		case group(3) != "":
			out.WriteString(s.mention(group(3), whole))
		case group(4) != "":
			out.WriteString(s.channelRef(group(4), whole))
		default:
			out.WriteString("<http://" + escapeEntities(whole) + "|" + escapeEntities(whole) + ">")
		}
	}
	out.WriteString(escapeEntities(typed[last:]))
	return out.String()
}

// mentionName takes the name out of a mention: only commands carry it.
var mentionName = regexp.MustCompile(`<(@[A-Z0-9]+)\|[^<>]*>`)

func (s *people) mention(name, typed string) string {
	switch name {
	case "here", "channel", "everyone":
		return "<!" + name + ">"
	}
	// A full stop after a name ends the sentence.
	for _, try := range []string{name, strings.TrimRight(name, ".-_")} {
		rest := name[len(try):]
		for _, id := range sortedKeys(s.users) {
			if u := s.users[id]; u.Name == try {
				if u.Grid != nil && u.Grid.ID != "" {
					id = u.Grid.ID // so that a mention and a payload differ, which Slack may do
				}
				return "<@" + id + "|" + try + ">" + rest
			}
		}
		for _, id := range sortedKeys(s.groups) {
			if g := s.groups[id]; g.Handle == try && !g.Disabled {
				return "<!subteam^" + id + "|@" + try + ">" + rest
			}
		}
	}
	return escapeEntities(typed)
}

func (s *people) channelRef(name, typed string) string {
	for _, id := range sortedKeys(s.channels) {
		if ch := s.channels[id]; ch.Name == name && !ch.isDM() {
			return "<#" + id + "|" + name + ">"
		}
	}
	return escapeEntities(typed)
}
