package config

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/assumebot/assumebot/broker/text"
)

// A file that is no YAML mostly has one line whose indentation slipped. The YAML
// reader then names where the map begins that it could not finish. Here the lines are
// looked at as a person does: each is indented as one above it, or deeper below a
// colon. It is a guess for a message, and decides nothing.
type slip struct {
	levels []int // the indentations that are open
	opens  bool  // the line before may have deeper ones below it
	depth  int   // of brackets that are open
	block  int   // the indentation of what has a block of text below it; -1: none
}

var (
	keyLine  = text.NewPattern(`^(- +)*["']?[A-Za-z_][A-Za-z0-9_.-]*["']?:( |$)`)
	tightKey = text.NewPattern(`^(?:- +)*([a-z_]+):([^\s/].*)$`)
)

// findSlip returns the number of the first line that slipped, and what to do; 0 when
// all look right.
func findSlip(data []byte) (line int, mend string) {
	s := slip{block: -1}
	for i, l := range bytes.Split(oneBreak(data), []byte("\n")) {
		if mend := s.line(string(l)); mend != "" {
			return i + 1, mend
		}
	}
	return 0, ""
}

func (s *slip) line(line string) string {
	content := strings.TrimLeft(line, " \t")
	lead := line[:len(line)-len(content)]
	if content == "" || content[0] == '#' || strings.HasPrefix(line, "---") {
		return ""
	}
	indent := len(lead)
	switch {
	case s.block >= 0 && indent > s.block:
		return ""
	case s.depth > 0:
		s.depth = max(0, s.depth+brackets(content))
		return ""
	case strings.Contains(lead, "\t"):
		return s.mendTab(content)
	}
	s.block = -1
	if mend := s.place(indent, content); mend != "" {
		return mend
	}
	for strings.HasPrefix(content, "- ") {
		rest := strings.TrimLeft(content[1:], " ")
		indent += len(content) - len(rest)
		content = rest
		s.levels = append(s.levels, indent)
	}
	if m := tightKey.FindStringSubmatch(content); m != nil && elsewhere(m[1]) != "" {
		return fmt.Sprintf("a space is missing after the colon: write %s: %s", m[1], m[2])
	}
	bare, _, _ := strings.Cut(content, " #")
	bare = strings.TrimRight(bare, " ")
	s.opens = strings.HasSuffix(bare, ":") || bare == "-"
	s.depth = max(0, brackets(content))
	if strings.HasSuffix(bare, "|") || strings.HasSuffix(bare, ">") || strings.HasSuffix(bare, "|-") || strings.HasSuffix(bare, ">-") {
		s.block = indent
	}
	return ""
}

// place finds the level of a line, and says what to do when it has none.
func (s *slip) place(indent int, content string) string {
	closed := -1
	for n := len(s.levels); n > 0 && s.levels[n-1] > indent; n = len(s.levels) {
		closed, s.levels = s.levels[n-1], s.levels[:n-1]
	}
	n := len(s.levels)
	switch {
	case n > 0 && s.levels[n-1] == indent:
		return ""
	case n > 0 && closed >= 0:
		return misplaced(indent, closed)
	case n > 0 && !s.opens && keyLine.MatchString(content):
		return misplaced(indent, s.levels[n-1])
	}
	s.levels = append(s.levels, indent)
	return ""
}

func misplaced(indent, beside int) string {
	return fmt.Sprintf("the line is indented by %d, and those beside it by %d: indent it by %d", indent, beside, beside)
}

// mendTab is for a line that begins with a tab: where its key belongs, as far as that
// is of the file alone, else as its place says.
func (s *slip) mendTab(content string) string {
	const tab = "the line begins with a tab, which YAML does not take"
	if key, _, ok := strings.Cut(content, ":"); ok && slices.Equal(placesOf(key), []string{theFile}) {
		return tab + "; " + key + " is a key of the file itself: begin its line at the left edge"
	}
	return fmt.Sprintf("%s: indent it by %d spaces", tab, s.expected())
}

// expected is how far the next line is likely meant to be indented.
func (s *slip) expected() int {
	if len(s.levels) == 0 {
		return 0
	}
	top := slices.Max(s.levels)
	if s.opens {
		top += 2
	}
	return top
}

// brackets is how many more of them content opens than it closes, outside of quotes.
func brackets(content string) int {
	depth, quote := 0, rune(0)
	for _, r := range content {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '"' || r == '\'':
			quote = r
		case r == '#':
			return depth
		case r == '[' || r == '{':
			depth++
		case r == ']' || r == '}':
			depth--
		}
	}
	return depth
}
