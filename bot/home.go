package bot

import (
	"context"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/broker"
)

// homeAccounts is how many Accounts Home shows with a button each: a view takes
// 100 blocks. https://docs.slack.dev/reference/views/home-tab-views
const homeAccounts = 40

const actAsk = "ask" // its value is the Account; "" asks which

// openedHome publishes a Home that was just opened.
func (b *Bot) openedHome(ctx context.Context, to conversation) {
	if err := b.preferences.RememberHome(ctx, to.caller.User); err != nil {
		b.log.WarnContext(ctx, "Home will not be kept up to date", "user", to.caller.User, "error", err)
	}
	b.publishHome(ctx, to)
}

// refreshHome publishes the Home of somebody who uses it, after a Grant of
// theirs changed.
func (b *Bot) refreshHome(ctx context.Context, to conversation) {
	opened, err := b.preferences.HomeOpened(ctx, to.caller.User)
	if err != nil {
		b.log.WarnContext(ctx, "Home not refreshed", "user", to.caller.User, "error", err)
		return
	}
	if opened {
		b.publishHome(ctx, to)
	}
}

// publishHome shows what the person may have and what they have now.
func (b *Bot) publishHome(ctx context.Context, to conversation) {
	blocks, err := b.homeBlocks(ctx, to)
	if err != nil {
		blocks = b.refusal(ctx, to, err).Blocks
	}
	if err := b.web.PublishHome(ctx, to.caller.User, blocks); err != nil {
		b.log.WarnContext(ctx, "Home not published", "user", to.caller.User, "error", err)
	}
}

func (b *Bot) homeBlocks(ctx context.Context, to conversation) ([]slack.Block, error) {
	r := to.request(command.Command{})
	accounts, complete, err := to.broker.Policy.Accounts(ctx, r)
	if err != nil {
		return nil, err
	}
	has, err := b.holds(ctx, to)
	if err != nil {
		return nil, err
	}
	blocks := []slack.Block{slack.NewHeaderBlock(blockkit.PlainText("What you have now"))}
	blocks = append(blocks, b.holdingBlocks(has, homeGrants)...)
	blocks = append(blocks, slack.NewDividerBlock(), slack.NewHeaderBlock(blockkit.PlainText("What you may have")))
	ask := blockkit.Button(actAsk, "Get AWS credentials", "any")
	ask.Style = slack.StylePrimary
	blocks = append(blocks, slack.NewActionBlock("", ask, blockkit.Button(actHelp, "Help", "help")))
	for _, a := range accounts[:min(len(accounts), homeAccounts)] {
		blocks = append(blocks,
			slack.NewRichTextBlock("", blockkit.Paragraph(accountSpans(a)...)),
			slack.NewActionBlock("", blockkit.Button(actAsk, "Get "+a.Name, a.Name)))
	}
	if more := len(accounts) - homeAccounts; more > 0 {
		blocks = append(blocks, slack.NewRichTextBlock("",
			blockkit.Paragraph(blockkit.Plain("and "+blockkit.Counted(more, "more account")+": the button above finds them."))))
	}
	if !complete {
		blocks = append(blocks, slack.NewRichTextBlock("",
			blockkit.Paragraph(blockkit.Plain("Slack cannot say right now which user groups you are in; there may be more."))))
	}
	return blocks, nil
}

// How many Grants a list shows with their buttons: what Home and one message
// have room for.
const (
	homeGrants    = 15
	sessionGrants = 8
)

// A holding is what a person has now.
type holding struct {
	grants    []broker.Grant // oldest first
	session   *broker.Session
	order     *broker.Error     // why nothing is issued to them now
	approvals []broker.Approval // that wait, or can be used
	// revocable are the Grants whose end AWS is told of, by ID.
	revocable map[string]bool
}

func (b *Bot) holds(ctx context.Context, to conversation) (holding, error) {
	r := to.request(command.Command{})
	grants, err := to.broker.Holding.Live(ctx, r)
	if err != nil {
		return holding{}, err
	}
	has := holding{grants: grants, revocable: map[string]bool{}}
	for _, g := range grants {
		has.revocable[g.ID] = to.broker.Holding.Revocable(g)
	}
	if has.order, err = to.broker.Explaining.StandingOrder(ctx, r); err != nil {
		return has, err
	}
	has.approvals, err = to.broker.Pending.OpenApprovals(ctx, r)
	if err != nil || to.settings.MFASession == 0 {
		return has, err
	}
	session, ok, err := to.broker.MFASessions.MFASession(ctx, r)
	if err == nil && ok {
		has.session = &session
	}
	return has, err
}

// holdingBlocks says what stands in the person's way, and lists the MFA session
// and live Grants, the newest first, each with its buttons.
func (b *Bot) holdingBlocks(has holding, most int) []slack.Block {
	grants := has.grants
	var blocks []slack.Block
	if has.order != nil {
		blocks = b.voice.error(has.order).Blocks
	}
	blocks = append(blocks, openApprovalBlocks(has.approvals)...)
	if len(grants) == 0 && has.session == nil {
		return append(blocks, slack.NewRichTextBlock("",
			blockkit.Paragraph(blockkit.Plain("You have no live credentials. Those that you get are listed here until they expire."))))
	}
	if has.session != nil {
		end := blockkit.Button(actEndSession, "End MFA session", "mfa")
		end.Style = slack.StyleDanger
		blocks = append(blocks,
			slack.NewRichTextBlock("", blockkit.Paragraph(blockkit.Bold("Your MFA session"), blockkit.Plain(" runs until "), blockkit.Moment(has.session.Expires),
				blockkit.Plain(" ("+blockkit.TimeLeft(has.session.Expires.Sub(b.now()))+" left)"))),
			slack.NewActionBlock("", end))
	}
	for i := len(grants) - 1; i >= max(0, len(grants)-most); i-- {
		g := grants[i]
		spans := []blockkit.Span{blockkit.Bold(g.Account), blockkit.Plain(" until "), blockkit.Moment(g.Expires),
			blockkit.Plain(" (" + blockkit.TimeLeft(g.Expires.Sub(b.now())) + " left)  "), blockkit.Code(g.AccessKeyID)}
		if !g.MFA {
			spans = append(spans, blockkit.Plain("  "), blockkit.Bold("no MFA"))
		}
		blocks = append(blocks, slack.NewRichTextBlock("", blockkit.Paragraph(spans...)),
			listedButtons(g, b.now().Sub(g.Issued) < b.settings().RevealWindow, has.revocable[g.ID]))
	}
	if more := len(grants) - most; more > 0 {
		blocks = append(blocks, slack.NewRichTextBlock("", blockkit.Paragraph(blockkit.Plain("and "+blockkit.Counted(more, "older one")+"."))))
	}
	return blocks
}

// listedButtons are what can be done with a Grant from a list: it is shown
// again inside the reveal window alone.
func listedButtons(g broker.Grant, kept, revocable bool) slack.Block {
	var elements []slack.BlockElement
	if kept {
		elements = append(elements, blockkit.Button(actShow, "Show again", g.ID))
	}
	return slack.NewActionBlock(grantBlock+g.ID, append(elements, blockkit.Button(actRenew, "Renew", g.Account), endButton(g, revocable))...)
}

// sessionsMessage is what the person has now.
func (b *Bot) sessionsMessage(has holding) blockkit.Message {
	text := "You have " + blockkit.Counted(len(has.grants), "set") + " of live credentials"
	if len(has.grants) == 0 {
		text = "You have no live credentials"
	}
	if has.session != nil {
		text += "; your MFA session runs"
	}
	text += "."
	if has.order != nil {
		text = b.voice.text(has.order.What) + " " + text
	}
	return blockkit.Message{Text: text, Blocks: b.holdingBlocks(has, sessionGrants)}
}
