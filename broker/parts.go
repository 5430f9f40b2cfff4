package broker

import "strings"

// What a person reads is made of Parts: the domain says what it means, and bot
// alone how that looks.

// A Part is a piece of a sentence.
type Part struct {
	Text string
}

// Say makes a sentence of strings and Parts.
func Say(words ...any) []Part {
	var said []Part
	for _, w := range words {
		switch w := w.(type) {
		case string:
			if w != "" {
				said = append(said, Part{Text: w})
			}
		case Part:
			said = append(said, w)
		}
	}
	return said
}

// Plain is sentences as plain text, a space between them.
func Plain(sentences ...[]Part) string {
	var all []string
	for _, s := range sentences {
		var text strings.Builder
		for _, p := range s {
			text.WriteString(p.Text)
		}
		if text.Len() > 0 {
			all = append(all, text.String())
		}
	}
	return strings.Join(all, " ")
}
