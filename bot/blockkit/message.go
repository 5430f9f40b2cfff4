package blockkit

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/slack-go/slack"
)

// A Message is what Slack is to show: blocks, and the text that notifications
// and screen readers fall back to. The blocks may hold credentials; the text
// never does.
type Message struct {
	Text   string // a sentence of ours, without markup
	Blocks []slack.Block
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
	data, err := json.Marshal(m.Blocks)
	return err == nil && len(data) <= MaxBytes
}

// Fallback is the message's text as Slack's markup wants it.
func (m Message) Fallback() string { return escape(m.Text) }

// escape keeps text from being read as markup.
// https://docs.slack.dev/messaging/formatting-message-text#escaping
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}
