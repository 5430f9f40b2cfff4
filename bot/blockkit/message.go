package blockkit

import (
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/slack-go/slack"
)

// A Message is what Slack is to show: blocks, and the text that notifications
// and screen readers fall back to. The blocks may hold credentials; the text
// never does.
type Message struct {
	Text   string // a sentence of ours, without markup
	Blocks []slack.Block
	// Simple is what is shown where Slack does not take the Blocks: it may not know those that
	// are new. nil: there is nothing else.
	Simple *Message
	kept   *kept
}

// A kept is the JSON of blocks.
type kept struct {
	blocks []slack.Block
	data   []byte
}

// Keep returns m with the JSON of its blocks, for what is sent to many. Nothing may
// change within them any more; what is appended to them, or put in their place, counts.
func (m Message) Keep() Message {
	m.Blocks = m.Blocks[:len(m.Blocks):len(m.Blocks)] // or two messages could append to the same array
	if slices.ContainsFunc(m.Blocks, func(b slack.Block) bool { return reflect.ValueOf(b).Kind() != reflect.Pointer }) {
		return m // whether another is the same could not be seen
	}
	if data, err := json.Marshal(m.Blocks); err == nil {
		m.kept = &kept{slices.Clone(m.Blocks), data}
	}
	return m
}

// JSON is that of its blocks. Of those that were kept and come first it is not made again.
func (m Message) JSON() ([]byte, error) {
	k := m.kept
	if k == nil || len(k.blocks) == 0 || !begins(m.Blocks, k.blocks) {
		return json.Marshal(m.Blocks)
	}
	more := m.Blocks[len(k.blocks):]
	if len(more) == 0 {
		return k.data, nil
	}
	data, err := json.Marshal(more)
	if err != nil {
		return nil, err
	}
	return slices.Concat(k.data[:len(k.data)-1], []byte(","), data[1:]), nil
}

// begins reports whether all begins with the very same blocks as some, which are pointers.
func begins(all, some []slack.Block) bool {
	return len(all) >= len(some) && slices.Equal(all[:len(some)], some)
}

// NewMessage is one rich text block.
func NewMessage(text string, elements ...slack.RichTextElement) Message {
	return Message{Text: text, Blocks: []slack.Block{slack.NewRichTextBlock("", elements...)}}
}

// Format redacts: a message may hold credentials.
func (m Message) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[message]") }

// MaxBytes is how many bytes all blocks of a message may have together. Slack
// refuses somewhat above 13,200 characters with msg_blocks_too_long (observed:
// bolt-js #2509); counting JSON's own bytes as well keeps clear of it.
const MaxBytes = 13_000

// Fits reports whether Slack will take the message whole.
func (m Message) Fits() bool {
	data, err := m.JSON()
	return err == nil && len(data) <= MaxBytes
}

// Fallback is the message's text as Slack's markup wants it.
func (m Message) Fallback() string { return escape(m.Text) }

var entities = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// escape keeps text from being read as markup.
// https://docs.slack.dev/messaging/formatting-message-text#escaping
func escape(s string) string {
	return entities.Replace(s)
}
