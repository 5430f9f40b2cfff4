package bot

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/slack-go/slack"
)

// A message is what Slack is to show: blocks, and the text that notifications
// and screen readers fall back to. The blocks may hold credentials; the text
// never does.
type message struct {
	text   string // a sentence of ours, without markup
	blocks []slack.Block
}

// newMessage is one rich text block.
func newMessage(text string, elements ...slack.RichTextElement) message {
	return message{text: text, blocks: []slack.Block{slack.NewRichTextBlock("", elements...)}}
}

// Format redacts: a message may hold credentials.
func (m message) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[message]") }

// maxBlocks is how many bytes all blocks of a message may have together. Slack
// refuses somewhat above 13,200 characters with msg_blocks_too_long (observed:
// bolt-js #2509); counting JSON's own bytes as well keeps clear of it.
const maxBlocks = 13_000

// fits reports whether Slack will take the message whole.
func (m message) fits() bool {
	data, err := json.Marshal(m.blocks)
	return err == nil && len(data) <= maxBlocks
}

// fallback is the message's text as Slack's markup wants it.
func (m message) fallback() string { return escape(m.text) }

// escape keeps text from being read as markup.
// https://docs.slack.dev/messaging/formatting-message-text#escaping
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}
