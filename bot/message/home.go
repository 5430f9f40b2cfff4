package message

import (
	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker/policy"
)

// homeAccounts is how many Accounts Home shows with a button each: a view takes
// 100 blocks. https://docs.slack.dev/reference/views/home-tab-views
const homeAccounts = 40

// Home shows what the person may have and what they have now.
func Home(v Voice, has Holding, mine policy.Mine) []slack.Block {
	blocks := []slack.Block{slack.NewHeaderBlock(blockkit.PlainText("What you have now"))}
	blocks = append(blocks, holdingBlocks(v, has, homeGrants)...)
	blocks = append(blocks, slack.NewDividerBlock(), slack.NewHeaderBlock(blockkit.PlainText("What you may have")))
	ask := blockkit.Button(ActAsk, "Get AWS credentials", "any")
	ask.Style = slack.StylePrimary
	blocks = append(blocks, slack.NewActionBlock("", ask, blockkit.Button(ActHelp, "Help", "help")))
	shown := 0
	for a := range mine.All() {
		if shown++; shown > homeAccounts {
			break
		}
		blocks = append(blocks,
			slack.NewRichTextBlock("", blockkit.Paragraph(accountSpans(a))),
			slack.NewActionBlock("", blockkit.Button(ActAsk, "Get "+a.Name, a.Name)))
	}
	if more := mine.Len() - homeAccounts; more > 0 {
		blocks = append(blocks, slack.NewRichTextBlock("",
			blockkit.Paragraph("and "+blockkit.Counted(more, "more account")+": the button above finds them.")))
	}
	if !mine.Complete {
		blocks = append(blocks, slack.NewRichTextBlock("",
			blockkit.Paragraph("Slack cannot say right now which user groups you are in; there may be more.")))
	}
	return blocks
}
