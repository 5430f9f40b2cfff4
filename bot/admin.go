package bot

import (
	"context"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/broker"
)

const (
	actUnblock = "unblock" // its value is the person's Slack user ID
	adminBlock = "admin:"
)

// admin serves what admins alone may do; the broker says who is one.
func (b *Bot) admin(ctx context.Context, to conversation, c Command) {
	r := to.request(c)
	if c.Target != "" {
		c.Target = b.broker().Person(ctx, c.Target) // so that a block holds by whichever ID they come
	}
	whom := named(b.broker().NameOf(c.Target), c.Target)
	switch c.Verb {
	case VerbWho:
		held, err := b.broker().Who(ctx, r)
		b.answer(ctx, to, err, func() message { return b.whoMessage(held) })
	case VerbBlock:
		done, err := b.broker().Block(ctx, r, c.Target)
		b.answer(ctx, to, err, func() message { return b.blockedMessage(c.Target, whom, done.Before) })
		b.showCancelled(ctx, to, done.Cancelled)
	case VerbUnblock:
		was, err := b.broker().Unblock(ctx, r, c.Target)
		b.answer(ctx, to, err, func() message { return unblockedMessage(whom, was) })
	case VerbUnlock:
		was, err := b.broker().Unlock(ctx, r, c.Target)
		b.answer(ctx, to, err, func() message { return unlockedMessage(whom, was) })
	case VerbPause:
		before, err := b.broker().Pause(ctx, r)
		b.answer(ctx, to, err, func() message { return b.pausedMessage(before) })
	case VerbResume:
		was, err := b.broker().Resume(ctx, r)
		b.answer(ctx, to, err, func() message { return resumedMessage(was) })
	case VerbRevoke:
		b.inTime(ctx, to, stillRevoking("what "+whom+" has"), func(ctx context.Context) (message, error) {
			done, err := b.broker().RevokePerson(ctx, r, c.Target)
			b.showCancelled(ctx, to, done.Cancelled)
			return b.revokedPersonMessage(done), err
		})
	}
}

func (b *Bot) blockedMessage(target, whom string, before *broker.Order) message {
	m := newMessage("Blocked "+whom+".",
		paragraph(append([]span{bold("Blocked"), plain(" " + whom + ": from now on nothing is issued or shown to them, on every replica. They cannot approve anything or change a key.")},
			replacedSpans("They were blocked", before)...)...),
		paragraph(codes(b.withPrefix("Credentials that they have still work until they expire. `/assume revoke @PERSON` revokes them."))...))
	m.blocks = append(m.blocks, unblockButton(target))
	return m
}

func unblockButton(target string) slack.Block {
	return slack.NewActionBlock(adminBlock+target, button(actUnblock, "Unblock", target))
}

func unblockedMessage(whom string, was bool) message {
	if !was {
		return newMessage(whom+" is not blocked.", paragraph(bold(whom), plain(" is not blocked, so there is nothing to end.")))
	}
	return newMessage("Unblocked "+whom+".", paragraph(bold("Unblocked"), plain(" "+whom+".")))
}

func unlockedMessage(whom string, was bool) message {
	if !was {
		return newMessage(whom+" is not locked out.", paragraph(bold(whom), plain(" is not locked out. Their wrong codes until now are forgotten.")))
	}
	return newMessage("Unlocked "+whom+".", paragraph(bold("Unlocked"), plain(" "+whom+": their codes go to AWS again, and the wrong ones until now are forgotten.")))
}

func (b *Bot) pausedMessage(before *broker.Order) message {
	said := []span{bold("Paused"), plain(": nothing is issued, shown again, approved or changed, for anybody and on every replica.")}
	said = append(said, replacedSpans("It was paused", before)...)
	return newMessage("Paused: nothing is issued to anybody.",
		paragraph(said...),
		paragraph(codes(b.withPrefix("Credentials that were issued before still work until they expire. `/assume resume` ends the pause."))...))
}

// replacedSpans tells of the order whose place a new one takes; nothing when there
// was none.
func replacedSpans(was string, before *broker.Order) []span {
	if before == nil {
		return nil
	}
	spans := []span{plain(" " + was + " already, since "), moment(before.At), plain(" by " + named(before.ByName, before.By))}
	if before.Reason != "" {
		spans = append(spans, plain(": “"+shortened(before.Reason, whoReason)+"”"))
	}
	return append(spans, plain(". Your order replaces that one."))
}

func resumedMessage(was bool) message {
	if !was {
		return newMessage("The bot is not paused.", paragraph(bold("The bot is not paused"), plain(", so there is nothing to resume.")))
	}
	return newMessage("Resumed.", paragraph(bold("Resumed"), plain(": the bot issues again.")))
}

// revokedPersonMessage says what became of each account; "revoked" only where AWS
// was told.
func (b *Bot) revokedPersonMessage(done broker.PersonRevocation) message {
	whom := named(done.TargetName, done.Target)
	ended, revoked, not := 0, []string(nil), []string(nil)
	items := make([][]span, 0, len(done.Accounts))
	for _, of := range done.Accounts {
		ended += of.Ended
		switch {
		case of.Denied != nil:
			revoked = append(revoked, of.Account.Name)
		case of.Ended > 0 || of.Err != nil:
			not = append(not, of.Account.Name)
		}
		items = append(items, revokedSpans(of))
	}
	headline := "Blocked " + whom + "."
	head := []span{bold("Blocked"), plain(" " + whom + ". ")}
	switch {
	case len(revoked) > 0 && len(not) > 0:
		headline += " Revoked in AWS: " + fewOf(revoked) + ". Not revoked in AWS: " + fewOf(not) + "."
		head = append(head, bold("Not everything is revoked in AWS"), plain(", see below."))
	case len(revoked) > 0:
		headline += " Revoked in AWS: " + fewOf(revoked) + "."
		head = append(head, bold("Revoked in AWS"), plain(": what they had."))
	case len(not) > 0:
		headline += " Not revoked in AWS: " + fewOf(not) + "."
		head = append(head, bold("Not revoked in AWS"), plain(", see below."))
	case done.Err == nil && len(done.Others) > 0: // one account was named, and they have others
		headline += " Nothing was live there."
		head = append(head, bold("Nothing was live"), plain(" of the account that you named."))
	case done.Err == nil:
		headline += " Nothing of theirs was live."
		head = append(head, bold("Nothing was live"), plain(": they have no live credentials from the bot."))
	}
	said := []slack.RichTextElement{paragraph(head...)}
	if ended > 0 || done.Session || len(done.Cancelled) > 0 {
		said = append(said, paragraph(plain("The bot has "+tookBack(ended, done.Session, "their", done.Cancelled)+".")))
	}
	if done.Err != nil {
		said = append(said, notComplete(done.Err))
	}
	var end []span
	if len(revoked) > 0 {
		end = append(end, plain("It can take minutes until AWS refuses them everywhere."))
	}
	if len(done.Others) > 0 {
		if len(end) > 0 {
			end = append(end, plain(" "))
		}
		end = append(end, bold("They still have "), code(strings.Join(done.Others, ", ")), plain(", which works until it expires. "))
		end = append(end, codes(b.withPrefix("`/assume revoke @PERSON` without an account revokes all."))...)
	}
	m := message{}
	for n := len(items); ; n-- { // what Slack does not take is on the record
		said := said
		if n > 0 {
			said = append(said[:len(said):len(said)], bullets(items[:n]...))
		}
		if more := len(items) - n; more > 0 {
			said = append(said[:len(said):len(said)], paragraph(plain("and "+counted(more, "more account")+": the record has them.")))
		}
		if len(end) > 0 {
			said = append(said[:len(said):len(said)], paragraph(end...))
		}
		m = newMessage(headline, said...)
		if n == 0 || m.fits() {
			break
		}
	}
	m.blocks = append(m.blocks, unblockButton(done.Target))
	return m
}

// fewOf names three, and counts the others.
func fewOf(names []string) string {
	if more := len(names) - 3; more > 1 {
		return strings.Join(names[:3], ", ") + " and " + counted(more, "more account")
	}
	return strings.Join(names, ", ")
}

func notComplete(e *broker.Error) slack.RichTextElement {
	return paragraph(append([]span{bold("Not complete. "), plain(broker.Plain(e.What) + " ")}, append(codes(broker.Plain(e.Hint)), plain(" (ref "+e.Ref+")"))...)...)
}

func revokedSpans(of broker.Revocation) []span {
	spans := []span{code(of.Account.Name), plain("  ")}
	switch {
	case of.Err != nil && of.Denied == nil:
		spans = append(spans, bold("not revoked in AWS. "), plain(broker.Plain(of.Err.What)+" "+broker.Plain(of.Err.Hint)+" (ref "+of.Err.Ref+")"))
	case of.Denied != nil && of.Denied.Everybody:
		spans = append(spans, bold("revoked"), plain(": AWS refuses "), bold("everybody's"), plain(" sessions of its role that were issued before "), moment(of.Denied.Before),
			plain(", since its policy had no room for one more session name."))
	case of.Denied != nil:
		spans = append(spans, bold("revoked"), plain(": AWS refuses their sessions of its role that were issued before "), moment(of.Denied.Before), plain("."))
	case of.Ended > 0:
		spans = append(spans, bold("not revoked in AWS"), plain(": copies work until "), moment(of.Until), plain(", since the config names no revoker."))
	default:
		spans = append(spans, plain("nothing was live."))
	}
	return spans
}

const (
	whoMost   = 60
	whoReason = 80 // characters of a reason
)

// whoMessage lists everybody's live Grants, as many as Slack takes.
func (b *Bot) whoMessage(held []broker.Held) message {
	if len(held) == 0 {
		return newMessage("Nobody has live credentials.", paragraph(bold("Nobody has live credentials"), plain(" from this bot.")))
	}
	items := make([][]span, 0, min(len(held), whoMost))
	for _, h := range held[:min(len(held), whoMost)] {
		items = append(items, b.heldSpans(h))
	}
	head := counted(len(held), "set") + " of live credentials"
	for n := len(items); ; n-- {
		said := []slack.RichTextElement{paragraph(bold(head + ":"))}
		if n > 0 {
			said = append(said, bullets(items[:n]...))
		}
		if more := len(held) - n; more > 0 {
			said = append(said, paragraph(plain(fmt.Sprintf("and %d more: the record has them.", more))))
		}
		if m := newMessage(head+".", said...); n == 0 || m.fits() {
			return m
		}
	}
}

func (b *Bot) heldSpans(h broker.Held) []span {
	spans := []span{bold(named(h.Name, h.User)), plain("  "), code(h.Account), plain(" until "), moment(h.Expires),
		plain(" (" + timeLeft(h.Expires.Sub(b.now())) + " left)  "), code(h.AccessKeyID)}
	if !h.MFA {
		spans = append(spans, plain("  "), bold("no MFA"))
	}
	if h.Reason != "" {
		spans = append(spans, plain("  “"+shortened(h.Reason, whoReason)+"”"))
	}
	return spans
}

// adminHelp is what help adds for admins alone.
func (b *Bot) adminHelp() []slack.RichTextElement {
	line := func(s string) []span { return codes(b.withPrefix(s)) }
	return []slack.RichTextElement{
		paragraph(bold("For admins")),
		bullets(
			line("`/assume who`  everybody's live credentials"),
			line("`/assume revoke @PERSON ACCOUNT because REASON`  block a person and revoke what they have of it; without ACCOUNT, of every account"),
			line("`/assume block @PERSON because REASON`  nothing for this person; `/assume unblock @PERSON` ends it"),
			line("`/assume unlock @PERSON`  end a lock-out after wrong codes"),
			line("`/assume pause because REASON`  nothing for anybody; `/assume resume` ends it"),
		),
	}
}
