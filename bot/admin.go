package bot

import (
	"context"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/broker"
)

const (
	actUnblock = "unblock" // its value is the person's Slack user ID
	adminBlock = "admin:"
)

// admin serves what admins alone may do; the broker says who is one.
func (b *Bot) admin(ctx context.Context, to conversation, c command.Command) {
	r := to.request(c)
	if c.Target != "" {
		c.Target = to.broker.Visits.Person(ctx, c.Target) // so that a block holds by whichever ID they come
	}
	whom := blockkit.Named(to.broker.NameOf(c.Target), c.Target)
	switch c.Verb {
	case command.VerbWho:
		held, err := to.broker.Holding.Who(ctx, r)
		b.answer(ctx, to, err, func() blockkit.Message { return b.whoMessage(held) })
	case command.VerbBlock:
		done, err := to.broker.Orders.Block(ctx, r, c.Target)
		b.answer(ctx, to, err, func() blockkit.Message { return b.blockedMessage(c.Target, whom, done.Before) })
		b.showCancelled(ctx, to, done.Cancelled)
	case command.VerbUnblock:
		was, err := to.broker.Orders.Unblock(ctx, r, c.Target)
		b.answer(ctx, to, err, func() blockkit.Message { return unblockedMessage(whom, was) })
	case command.VerbUnlock:
		was, err := to.broker.Orders.Unlock(ctx, r, c.Target)
		b.answer(ctx, to, err, func() blockkit.Message { return unlockedMessage(whom, was) })
	case command.VerbPause:
		before, err := to.broker.Orders.Pause(ctx, r)
		b.answer(ctx, to, err, func() blockkit.Message { return b.pausedMessage(before) })
	case command.VerbResume:
		was, err := to.broker.Orders.Resume(ctx, r)
		b.answer(ctx, to, err, func() blockkit.Message { return resumedMessage(was) })
	case command.VerbRevoke:
		b.inTime(ctx, to, stillRevoking("what "+whom+" has"), func(ctx context.Context) (blockkit.Message, error) {
			done, err := to.broker.Revoking.RevokePerson(ctx, r, c.Target)
			b.showCancelled(ctx, to, done.Cancelled)
			return b.revokedPersonMessage(done), err
		})
	}
}

func (b *Bot) blockedMessage(target, whom string, before *broker.Order) blockkit.Message {
	m := blockkit.NewMessage("Blocked "+whom+".",
		blockkit.Paragraph(append([]blockkit.Span{blockkit.Bold("Blocked"),
			blockkit.Plain(" " + whom + ": from now on nothing is issued or shown to them, on every replica. They cannot approve anything or change a key.")},
			replacedSpans("They were blocked", before)...)...),
		blockkit.Paragraph(b.voice.say("Credentials that they have still work until they expire. ", broker.AssumeCmd("revoke @PERSON"), " revokes them.")...))
	m.Blocks = append(m.Blocks, unblockButton(target))
	return m
}

func unblockButton(target string) slack.Block {
	return slack.NewActionBlock(adminBlock+target, blockkit.Button(actUnblock, "Unblock", target))
}

func unblockedMessage(whom string, was bool) blockkit.Message {
	if !was {
		return blockkit.NewMessage(whom+" is not blocked.", blockkit.Paragraph(blockkit.Bold(whom), blockkit.Plain(" is not blocked, so there is nothing to end.")))
	}
	return blockkit.NewMessage("Unblocked "+whom+".", blockkit.Paragraph(blockkit.Bold("Unblocked"), blockkit.Plain(" "+whom+".")))
}

func unlockedMessage(whom string, was bool) blockkit.Message {
	if !was {
		return blockkit.NewMessage(whom+" is not locked out.",
			blockkit.Paragraph(blockkit.Bold(whom), blockkit.Plain(" is not locked out. Their wrong codes until now are forgotten.")))
	}
	return blockkit.NewMessage("Unlocked "+whom+".",
		blockkit.Paragraph(blockkit.Bold("Unlocked"), blockkit.Plain(" "+whom+": their codes go to AWS again, and the wrong ones until now are forgotten.")))
}

func (b *Bot) pausedMessage(before *broker.Order) blockkit.Message {
	said := []blockkit.Span{blockkit.Bold("Paused"), blockkit.Plain(": nothing is issued, shown again, approved or changed, for anybody and on every replica.")}
	said = append(said, replacedSpans("It was paused", before)...)
	return blockkit.NewMessage("Paused: nothing is issued to anybody.",
		blockkit.Paragraph(said...),
		blockkit.Paragraph(b.voice.say("Credentials that were issued before still work until they expire. ", broker.AssumeCmd("resume"), " ends the pause.")...))
}

// replacedSpans tells of the order whose place a new one takes; nothing when there
// was none.
func replacedSpans(was string, before *broker.Order) []blockkit.Span {
	if before == nil {
		return nil
	}
	spans := []blockkit.Span{blockkit.Plain(" " + was + " already, since "), blockkit.Moment(before.At),
		blockkit.Plain(" by " + blockkit.Named(before.ByName, before.By))}
	if before.Reason != "" {
		spans = append(spans, blockkit.Plain(": “"+blockkit.Shortened(before.Reason, whoReason)+"”"))
	}
	return append(spans, blockkit.Plain(". Your order replaces that one."))
}

func resumedMessage(was bool) blockkit.Message {
	if !was {
		return blockkit.NewMessage("The bot is not paused.",
			blockkit.Paragraph(blockkit.Bold("The bot is not paused"), blockkit.Plain(", so there is nothing to resume.")))
	}
	return blockkit.NewMessage("Resumed.", blockkit.Paragraph(blockkit.Bold("Resumed"), blockkit.Plain(": the bot issues again.")))
}

// revokedPersonMessage says what became of each account; "revoked" only where AWS
// was told.
func (b *Bot) revokedPersonMessage(done broker.PersonRevocation) blockkit.Message {
	whom := blockkit.Named(done.TargetName, done.Target)
	ended, revoked, not := 0, []string(nil), []string(nil)
	items := make([][]blockkit.Span, 0, len(done.Accounts))
	for _, of := range done.Accounts {
		ended += of.Ended
		switch {
		case of.Denied != nil:
			revoked = append(revoked, of.Account.Name)
		case of.Ended > 0 || of.Err != nil:
			not = append(not, of.Account.Name)
		}
		items = append(items, b.voice.revokedSpans(of))
	}
	headline, head := revokedPersonHead(whom, done, revoked, not)
	said := []slack.RichTextElement{blockkit.Paragraph(head...)}
	if ended > 0 || done.Session || len(done.Cancelled) > 0 {
		said = append(said, blockkit.Paragraph(blockkit.Plain("The bot has "+tookBack(ended, done.Session, "their", done.Cancelled)+".")))
	}
	if done.Err != nil {
		said = append(said, b.voice.notComplete(done.Err))
	}
	end := b.revokedPersonEnd(done, len(revoked) > 0)
	m := blockkit.Message{}
	for n := len(items); ; n-- { // what Slack does not take is on the record
		said := said
		if n > 0 {
			said = append(said[:len(said):len(said)], blockkit.Bullets(items[:n]...))
		}
		if more := len(items) - n; more > 0 {
			said = append(said[:len(said):len(said)], blockkit.Paragraph(blockkit.Plain("and "+blockkit.Counted(more, "more account")+": the record has them.")))
		}
		if len(end) > 0 {
			said = append(said[:len(said):len(said)], blockkit.Paragraph(end...))
		}
		m = blockkit.NewMessage(headline, said...)
		if n == 0 || m.Fits() {
			break
		}
	}
	m.Blocks = append(m.Blocks, unblockButton(done.Target))
	return m
}

func revokedPersonHead(whom string, done broker.PersonRevocation, revoked, not []string) (headline string, head []blockkit.Span) {
	headline = "Blocked " + whom + "."
	head = []blockkit.Span{blockkit.Bold("Blocked"), blockkit.Plain(" " + whom + ". ")}
	switch {
	case len(revoked) > 0 && len(not) > 0:
		headline += " Revoked in AWS: " + fewOf(revoked) + ". Not revoked in AWS: " + fewOf(not) + "."
		head = append(head, blockkit.Bold("Not everything is revoked in AWS"), blockkit.Plain(", see below."))
	case len(revoked) > 0:
		headline += " Revoked in AWS: " + fewOf(revoked) + "."
		head = append(head, blockkit.Bold("Revoked in AWS"), blockkit.Plain(": what they had."))
	case len(not) > 0:
		headline += " Not revoked in AWS: " + fewOf(not) + "."
		head = append(head, blockkit.Bold("Not revoked in AWS"), blockkit.Plain(", see below."))
	case done.Err == nil && len(done.Others) > 0: // one account was named, and they have others
		headline += " Nothing was live there."
		head = append(head, blockkit.Bold("Nothing was live"), blockkit.Plain(" of the account that you named."))
	case done.Err == nil:
		headline += " Nothing of theirs was live."
		head = append(head, blockkit.Bold("Nothing was live"), blockkit.Plain(": they have no live credentials from the bot."))
	}
	return headline, head
}

func (b *Bot) revokedPersonEnd(done broker.PersonRevocation, revoked bool) []blockkit.Span {
	var end []blockkit.Span
	if revoked {
		end = append(end, blockkit.Plain("It can take minutes until AWS refuses them everywhere."))
	}
	if len(done.Others) > 0 {
		if len(end) > 0 {
			end = append(end, blockkit.Plain(" "))
		}
		end = append(end, blockkit.Bold("They still have "), blockkit.Code(strings.Join(done.Others, ", ")), blockkit.Plain(", which works until it expires. "))
		end = append(end, b.voice.say(broker.AssumeCmd("revoke @PERSON"), " without an account revokes all.")...)
	}
	return end
}

// fewOf names three, and counts the others.
func fewOf(names []string) string {
	if more := len(names) - 3; more > 1 {
		return strings.Join(names[:3], ", ") + " and " + blockkit.Counted(more, "more account")
	}
	return strings.Join(names, ", ")
}

func (v voice) notComplete(e *broker.Error) slack.RichTextElement {
	return blockkit.Paragraph(append([]blockkit.Span{blockkit.Bold("Not complete. ")}, v.errorLine(e)...)...)
}

func (v voice) revokedSpans(of broker.Revocation) []blockkit.Span {
	spans := []blockkit.Span{blockkit.Code(of.Account.Name), blockkit.Plain("  ")}
	switch {
	case of.Err != nil && of.Denied == nil:
		spans = append(append(spans, blockkit.Bold("not revoked in AWS. ")), v.errorLine(of.Err)...)
	case of.Denied != nil && of.Denied.Everybody:
		spans = append(spans, blockkit.Bold("revoked"), blockkit.Plain(": AWS refuses "), blockkit.Bold("everybody's"),
			blockkit.Plain(" sessions of its role that were issued before "), blockkit.Moment(of.Denied.Before),
			blockkit.Plain(", since its policy had no room for one more session name."))
	case of.Denied != nil:
		spans = append(spans, blockkit.Bold("revoked"), blockkit.Plain(": AWS refuses their sessions of its role that were issued before "),
			blockkit.Moment(of.Denied.Before), blockkit.Plain("."))
	case of.Ended > 0:
		spans = append(spans, blockkit.Bold("not revoked in AWS"), blockkit.Plain(": copies work until "), blockkit.Moment(of.Until),
			blockkit.Plain(", since the config names no revoker."))
	default:
		spans = append(spans, blockkit.Plain("nothing was live."))
	}
	return spans
}

const (
	whoMost   = 60
	whoReason = 80 // characters of a reason
)

// whoMessage lists everybody's live Grants, as many as Slack takes.
func (b *Bot) whoMessage(held []broker.Held) blockkit.Message {
	if len(held) == 0 {
		return blockkit.NewMessage("Nobody has live credentials.",
			blockkit.Paragraph(blockkit.Bold("Nobody has live credentials"), blockkit.Plain(" from this bot.")))
	}
	items := make([][]blockkit.Span, 0, min(len(held), whoMost))
	for _, h := range held[:min(len(held), whoMost)] {
		items = append(items, b.heldSpans(h))
	}
	head := blockkit.Counted(len(held), "set") + " of live credentials"
	for n := len(items); ; n-- {
		said := []slack.RichTextElement{blockkit.Paragraph(blockkit.Bold(head + ":"))}
		if n > 0 {
			said = append(said, blockkit.Bullets(items[:n]...))
		}
		if more := len(held) - n; more > 0 {
			said = append(said, blockkit.Paragraph(blockkit.Plain(fmt.Sprintf("and %d more: the record has them.", more))))
		}
		if m := blockkit.NewMessage(head+".", said...); n == 0 || m.Fits() {
			return m
		}
	}
}

func (b *Bot) heldSpans(h broker.Held) []blockkit.Span {
	spans := []blockkit.Span{blockkit.Bold(blockkit.Named(h.Name, h.User)), blockkit.Plain("  "), blockkit.Code(h.Account), blockkit.Plain(" until "),
		blockkit.Moment(h.Expires),
		blockkit.Plain(" (" + blockkit.TimeLeft(h.Expires.Sub(b.now())) + " left)  "), blockkit.Code(h.AccessKeyID)}
	if !h.MFA {
		spans = append(spans, blockkit.Plain("  "), blockkit.Bold("no MFA"))
	}
	if h.Reason != "" {
		spans = append(spans, blockkit.Plain("  “"+blockkit.Shortened(h.Reason, whoReason)+"”"))
	}
	return spans
}

// adminHelp is what help adds for admins alone.
func (b *Bot) adminHelp() []slack.RichTextElement {
	line := b.voice.say
	return []slack.RichTextElement{
		blockkit.Paragraph(blockkit.Bold("For admins")),
		blockkit.Bullets(
			line(broker.AssumeCmd("who"), "  everybody's live credentials"),
			line(broker.AssumeCmd("revoke @PERSON ACCOUNT because REASON"), "  block a person and revoke what they have of it; without ACCOUNT, of every account"),
			line(broker.AssumeCmd("block @PERSON because REASON"), "  nothing for this person; ", broker.AssumeCmd("unblock @PERSON"), " ends it"),
			line(broker.AssumeCmd("unlock @PERSON"), "  end a lock-out after wrong codes"),
			line(broker.AssumeCmd("pause because REASON"), "  nothing for anybody; ", broker.AssumeCmd("resume"), " ends it"),
		),
	}
}
