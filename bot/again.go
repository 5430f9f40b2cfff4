package bot

import (
	"context"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/broker"
)

// offeredAgain answers a Request for what the person has with that: nothing is
// issued, no code asked for and no MFA session used, until they press for it. Who
// sends a code, or fills in a form, wants new credentials and gets them.
func (b *Bot) offeredAgain(ctx context.Context, to conversation, c command.Command) bool {
	r := to.request(c)
	g, ok := to.broker.Holding.Again(ctx, r)
	if !ok {
		return false
	}
	if _, approved := to.broker.Consent.ApprovalFor(ctx, r); approved { // others approved new ones meanwhile
		return false
	}
	if c.Format != snippet.Console {
		b.rememberFormat(ctx, to, c.Format) // for either button
	}
	b.deliver(ctx, to, b.againMessage(g, c, to.broker.Holding.Revocable(g)))
	return true
}

func (b *Bot) againMessage(g broker.Grant, c command.Command, revocable bool) blockkit.Message {
	left := blockkit.TimeLeft(g.Expires.Sub(b.now()))
	spans := []blockkit.Span{blockkit.Plain("You have "), blockkit.Bold(g.Account), blockkit.Plain(" until "), blockkit.Moment(g.Expires),
		blockkit.Plain(", " + left + " left.  "), blockkit.Code(g.AccessKeyID),
		blockkit.Plain("\nNothing new was issued. Show again shows these credentials; Renew gets new ones.")}
	show := blockkit.Button(actShow, "Show again", g.ID)
	elements := []slack.BlockElement{show}
	if g.RoleARN != "" {
		elements = append(elements, blockkit.Button(actConsole, "AWS console", g.ID))
	}
	if c.Format == snippet.Console && len(elements) > 1 {
		elements[0], elements[1] = elements[1], elements[0]
	} else {
		show.Style = slack.StylePrimary
	}
	renew := g.Account
	if c.Duration > 0 { // as long as was asked, not as long as before
		renew += " " + c.Duration.String()
	}
	elements = append(elements, blockkit.Button(actRenew, "Renew", renew), endButton(g, revocable))
	m := blockkit.NewMessage("You have "+g.Account+", "+left+" left. Nothing new was issued.", blockkit.Paragraph(spans...))
	m.Blocks = append(m.Blocks, slack.NewActionBlock(grantBlock+g.ID, elements...))
	return m
}
