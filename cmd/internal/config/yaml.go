package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/assumebot/assumebot/broker/text"
)

// maxConfigBytes bounds what is read. Ten thousand users and as many accounts take half of it.
const maxConfigBytes = 8 << 20

// Windows editors begin a file with it; it means nothing in UTF-8.
var byteOrderMark = []byte("\xef\xbb\xbf")

// parseDocument returns the one mapping that data holds, or nil after it
// reported why there is none.
func parseDocument(c *collector, data []byte) *yaml.Node {
	data = bytes.TrimPrefix(data, byteOrderMark)
	if len(data) > maxConfigBytes {
		c.problem(Position{}, "larger than %d bytes: is this the config file?", maxConfigBytes)
		return nil
	}
	if !checkText(c, data) {
		return nil
	}
	doc, more, err := decodeNodes(data)
	if err != nil {
		reportSyntax(c, data, err)
		return nil
	}
	if doc == nil || len(doc.Content) == 0 || isNull(doc.Content[0]) {
		c.problem(Position{1, 1}, "the file is empty: it needs slack, users and accounts")
		return nil
	}
	if more != nil {
		c.problem(position(more), "a second YAML document begins here: put all into one and remove the line ---")
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		c.problem(position(root), "the file must be a map of keys, not %s: it begins with slack:", kindOf(root))
		return nil
	}
	refuseIndirection(c, root)
	return root
}

// checkText reports the first byte that is not text. The YAML reader refuses
// the same, but without saying where.
func checkText(c *collector, data []byte) bool {
	at := Position{1, 1}
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		switch {
		case r == utf8.RuneError && size <= 1:
			c.problem(at, "not UTF-8: save the file as UTF-8")
			return false
		case !printable(r):
			c.problem(at, "control character %U: remove it", r)
			return false
		}
		at.Column++
		if endsLine(data[i:], r) {
			at = Position{at.Line + 1, 1}
		}
		i += size
	}
	return true
}

// endsLine reports whether r, which data begins with, ends a line for YAML 1.1.
func endsLine(data []byte, r rune) bool {
	switch r {
	case '\n', 0x85, 0x2028, 0x2029:
		return true
	case '\r':
		return !bytes.HasPrefix(data, []byte("\r\n"))
	}
	return false
}

// printable is what YAML 1.1 calls c-printable, without the byte order mark.
// https://yaml.org/spec/1.1/#c-printable
func printable(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || 0x20 <= r && r <= 0x7e || r == 0x85 ||
		0xa0 <= r && r <= 0xd7ff || 0xe000 <= r && r <= 0xfffd && r != 0xfeff || 0x10000 <= r && r <= 0x10ffff
}

// decodeNodes reads the first document, and the second if there is one.
func decodeNodes(data []byte) (first, second *yaml.Node, err error) {
	// The library panics on what it calls internal errors; a file must not be
	// able to stop a running bot that reads it again.
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the YAML reader failed: %v", r)
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(data))
	read := func() (*yaml.Node, error) {
		var n yaml.Node
		switch err := dec.Decode(&n); {
		case errors.Is(err, io.EOF):
			return nil, nil
		case err != nil:
			return nil, err
		}
		return &n, nil
	}
	if first, err = read(); first == nil || err != nil {
		return nil, nil, err
	}
	second, err = read()
	return first, second, err
}

var (
	syntaxLine    = text.NewPattern(`^yaml: line (\d+): `)
	unknownAnchor = text.NewPattern(`unknown anchor '([^']*)' referenced`)
	// What the library's parser says, which counts lines from 0; its scanner
	// counts from 1.
	parserError = text.NewPattern(`^did not find expected (key|node content|',' or '[]}]'|'-' indicator|<)`)
)

// reportSyntax places a syntax error. The library gives the line at which what
// it could not finish begins, and no column.
func reportSyntax(c *collector, data []byte, err error) {
	if line, mend := findSlip(data); line > 0 {
		c.problem(Position{line, 1}, "not valid YAML: %s", mend)
		return
	}
	data = oneBreak(data)
	message, at := err.Error(), Position{1, 1}
	if m := syntaxLine.FindStringSubmatch(message); m != nil {
		at.Line, _ = strconv.Atoi(m[1])
		message = message[len(m[0]):]
		if parserError.MatchString(message) {
			at.Line++
		}
		at.Line = min(max(at.Line, 1), bytes.Count(data, []byte("\n"))+1)
	}
	message = strings.TrimPrefix(message, "yaml: ")
	hint := "look for a tab, a missing space after a colon, or a quote or bracket left open, in what begins here"
	anchor := unknownAnchor.FindStringSubmatch(message)
	switch {
	case strings.Contains(message, "alphabetic or numeric character"):
		hint = `a star has a meaning of its own in YAML: write "*" in quotes`
	case strings.Contains(message, "cannot start any token"):
		hint = `indent with spaces, not tabs, and put what begins with @, % or a backquote in quotes`
	case anchor != nil:
		hint = "aliases are not supported: write the value out, in quotes if it begins with a star"
		if before, _, found := bytes.Cut(data, []byte("*"+anchor[1])); found {
			last := before[bytes.LastIndexByte(before, '\n')+1:]
			at = Position{bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(last) + 1}
		}
	}
	c.problem(at, "not valid YAML: %s: %s", message, hint)
}

// oneBreak is data with every line break that YAML knows written as one newline.
func oneBreak(data []byte) []byte {
	return []byte(strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n").Replace(string(data)))
}

// refuseIndirection reports anchors, aliases, merge keys and tags. Who may have
// what must be readable where it stands, and a file without aliases cannot
// unfold into a larger one.
func refuseIndirection(c *collector, n *yaml.Node) {
	switch {
	case n.Kind == yaml.AliasNode:
		c.problem(position(n), "alias *%s: aliases are not supported; write the value out", n.Value)
		return
	case n.Anchor != "":
		c.problem(position(n), "anchor &%s: anchors are not supported; write the value out where it is needed", n.Anchor)
	case n.Style&yaml.TaggedStyle != 0:
		c.problem(position(n), "tag %s: tags are not supported; write the value alone", n.Tag)
	}
	for _, child := range n.Content {
		refuseIndirection(c, child)
	}
}

func position(n *yaml.Node) Position { return Position{n.Line, n.Column} }

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

func hasControl(text string) bool { return strings.ContainsFunc(text, unicode.IsControl) }

func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a map"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.Tag {
	case "!!int":
		return "a number"
	case "!!float":
		return "a number of another kind"
	case "!!bool":
		return "true or false"
	case "!!timestamp":
		return "a date"
	case "!!null":
		return "nothing"
	}
	return "text"
}
