package slacktest

import (
	"regexp"
	"strings"
)

// names resolves ids to what people call them. It is never changed once made.
type names struct {
	users, channels, groups map[string]string
}

// nameTable returns the present names, made anew after people were added. The
// caller holds mu.
func (s *people) nameTable() *names {
	if s.names != nil {
		return s.names
	}
	n := &names{users: map[string]string{}, channels: map[string]string{}, groups: map[string]string{}}
	for id, u := range s.users {
		n.users[id] = u.Name
	}
	for id, c := range s.channels {
		n.channels[id] = c.Name
	}
	for id, g := range s.groups {
		n.groups[id] = g.Handle
	}
	s.names = n
	return n
}

func (n *names) user(id string) string { return "@" + n.pick(id, 0) }

func (n *names) channel(id string) string { return "#" + n.pick(id, 1) }

func (n *names) group(id string) string { return "@" + n.pick(id, 2) }

// pick looks id up in users, channels or groups; an unknown id is itself.
func (n *names) pick(id string, table int) string {
	if n != nil {
		if name := []map[string]string{n.users, n.channels, n.groups}[table][id]; name != "" {
			return name
		}
	}
	return id
}

// What stands in angle brackets has a meaning in mrkdwn.
// https://docs.slack.dev/messaging/formatting-message-text
var entityPattern = regexp.MustCompile(`<([^<>\n]+)>`)

var barePattern = regexp.MustCompile(`https?://[^\s<>|]+`)

func unescape(s string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s)
}

func escapeEntities(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// pingsIn lists the mentions in mrkdwn that notify somebody.
func pingsIn(text string) []string {
	var out []string
	for _, m := range entityPattern.FindAllStringSubmatch(text, -1) {
		ref, _, _ := strings.Cut(m[1], "|")
		word, _, _ := strings.Cut(ref, "^")
		switch {
		case strings.HasPrefix(ref, "@"),
			word == "!here", word == "!channel", word == "!everyone", word == "!group", word == "!subteam":
			out = append(out, "<"+ref+">")
		}
	}
	return out
}

// linksIn lists the links in mrkdwn, bare addresses too, since Slack links
// them.
func linksIn(text string) []string {
	var out []string
	for _, m := range entityPattern.FindAllStringSubmatch(text, -1) {
		ref, _, _ := strings.Cut(m[1], "|")
		if strings.Contains(ref, "://") || strings.HasPrefix(ref, "mailto:") {
			out = append(out, unescape(ref))
		}
	}
	rest := entityPattern.ReplaceAllString(text, " ")
	for _, u := range barePattern.FindAllString(rest, -1) {
		out = append(out, unescape(u))
	}
	return out
}

// Pings lists the mentions that would notify somebody, as <@U…>, <!here>,
// <!channel>, <!everyone> or <!subteam^S…>, wherever they stand: in the text,
// in mrkdwn of blocks, in rich text.
func (m Message) Pings() []string {
	out := pingsIn(m.Text)
	walk(m.Blocks, func(n node) {
		switch n.str("type") {
		case "mrkdwn", "markdown":
			out = append(out, pingsIn(n.str("text"))...)
		case "user":
			out = append(out, "<@"+n.str("user_id")+">")
		case "usergroup":
			out = append(out, "<!subteam^"+n.str("usergroup_id")+">")
		case "broadcast":
			out = append(out, "<!"+n.str("range")+">")
		}
	})
	return out
}

// Links lists every address that a click on the message could open.
func (m Message) Links() []string {
	out := linksIn(m.Text)
	walk(m.Blocks, func(n node) {
		switch n.str("type") {
		case "mrkdwn", "markdown":
			out = append(out, linksIn(n.str("text"))...)
		case "link", "button":
			if u := n.str("url"); u != "" {
				out = append(out, u)
			}
		}
	})
	return out
}

// walk calls f for every object inside raw, outer ones first.
func walk(raw []byte, f func(node)) {
	var list []any
	if len(raw) > 0 && decode(raw, &list) == nil {
		walkValue(list, f)
	}
}

func walkValue(v any, f func(node)) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			walkValue(x, f)
		}
	case map[string]any:
		f(v)
		for _, k := range sortedKeys(v) {
			walkValue(v[k], f)
		}
	}
}
