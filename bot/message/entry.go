package message

import (
	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
)

// mostBlocks is how many blocks Slack takes in one message.
// https://docs.slack.dev/reference/block-kit/blocks
const mostBlocks = 50

// OnRecord is m with the name of the entry of the record that tells of what was done,
// where there is room for it.
func OnRecord(m blockkit.Message, number int64) blockkit.Message {
	named := m
	if m.Simple != nil {
		simple := OnRecord(*m.Simple, number)
		named.Simple = &simple
	}
	named.Blocks = append(m.Blocks[:len(m.Blocks):len(m.Blocks)], slack.NewContextBlock("", blockkit.PlainText(blockkit.EntryName(number))))
	if len(named.Blocks) > mostBlocks || !named.Fits() {
		named.Blocks = m.Blocks
	}
	return named
}
