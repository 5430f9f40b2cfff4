// Package prose is what sentences for a person are made of: Parts, which say what is meant.
// How that looks, with the names that commands have here, as code, as a link, in the
// reader's own time, bot alone decides. Nothing reads a sentence again, or edits one.
package prose

import (
	"strings"
	"time"
)

// A Part is a piece of a sentence.
type Part struct {
	Kind Kind
	Text string // the text; the words after a command's name; a channel's ID
	Time time.Time
}

// A Kind says what a Part is.
type Kind string

// The kinds. That of a command is the command's name.
const (
	KindText     Kind = ""
	KindLiteral  Kind = "literal" // to be typed or compared letter by letter
	KindChannel  Kind = "channel"
	KindTime     Kind = "time"
	KindAssume   Kind = "assume"
	KindBuckets  Kind = "buckets"
	KindMFA      Kind = "mfa"
	KindSessions Kind = "sessions"
)

// IsCommand reports whether the Part is a command, and so its Kind the name.
func (p Part) IsCommand() bool {
	switch p.Kind {
	case KindAssume, KindBuckets, KindMFA, KindSessions:
		return true
	}
	return false
}

// Literal is text to be typed or compared letter by letter.
func Literal(text string) Part { return Part{Kind: KindLiteral, Text: text} }

// Channel is a channel by its ID.
func Channel(id string) Part { return Part{Kind: KindChannel, Text: id} }

// At is a time.
func At(t time.Time) Part { return Part{Kind: KindTime, Time: t} }

// AssumeCmd is the command that gets credentials, with the words after its name.
func AssumeCmd(words ...string) Part { return command(KindAssume, words) }

// BucketsCmd is the command that lists buckets.
func BucketsCmd(words ...string) Part { return command(KindBuckets, words) }

// MFACmd is the command about the MFA session.
func MFACmd(words ...string) Part { return command(KindMFA, words) }

// SessionsCmd is the command that shows what one has.
func SessionsCmd(words ...string) Part { return command(KindSessions, words) }

func command(name Kind, words []string) Part {
	return Part{Kind: name, Text: strings.Join(words, " ")}
}

// Say makes a sentence of strings, Parts and sentences. Anything else is left out.
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
		case []Part:
			said = append(said, w...)
		}
	}
	return said
}

// Sentences puts sentences one after the other; an empty one is left out.
func Sentences(all ...[]Part) []Part {
	var said []Part
	for _, s := range all {
		if len(said) > 0 && len(s) > 0 {
			said = append(said, Part{Text: " "})
		}
		said = append(said, s...)
	}
	return said
}

// Plain is sentences as plain text, for the record and the log, with times in UTC.
func Plain(sentences ...[]Part) string {
	var text strings.Builder
	for _, p := range Sentences(sentences...) {
		switch {
		case p.Kind == KindTime:
			text.WriteString(p.Time.UTC().Format("2006-01-02 15:04 UTC"))
		case p.Kind == KindChannel:
			text.WriteString("#" + p.Text)
		case p.IsCommand() && p.Text != "":
			text.WriteString(string(p.Kind) + " " + p.Text)
		case p.IsCommand():
			text.WriteString(string(p.Kind))
		default:
			text.WriteString(p.Text)
		}
	}
	return text.String()
}
