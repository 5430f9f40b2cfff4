package bot

import (
	"context"
	"time"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/broker"
)

// mfa serves /mfa.
func (b *Bot) mfa(ctx context.Context, to conversation, c command.Command) {
	r := to.request(c)
	r.Purpose = broker.PurposeMFASession
	switch c.Verb {
	case command.VerbMFAEnd:
		s, ok, err := to.broker.MFASessions.EndMFASession(ctx, r)
		b.answer(ctx, to, err, func() blockkit.Message { return b.mfaEndedMessage(s, ok) })
		b.refreshHome(ctx, to)
	case command.VerbMFAStatus:
		s, ok, err := to.broker.MFASessions.MFASession(ctx, r)
		b.answer(ctx, to, err, func() blockkit.Message { return b.mfaStatusMessage(s, ok) })
	default:
		s, err := to.broker.MFASessions.BeginMFASession(ctx, r)
		b.answer(ctx, to, err, func() blockkit.Message { return b.mfaBegunMessage(s) })
		b.refreshHome(ctx, to)
	}
}

func (b *Bot) mfaBegunMessage(s broker.Session) blockkit.Message {
	left := blockkit.TimeLeft(s.Expires.Sub(b.now()))
	return blockkit.NewMessage("Your MFA session has begun; it lasts "+left+".",
		blockkit.Paragraph(blockkit.Bold("Your MFA session"), blockkit.Plain(" runs until "), blockkit.Moment(s.Expires), blockkit.Plain(" ("+left+" left).")),
		blockkit.Paragraph(b.voice.say("Until then ", broker.AssumeCmd("ACCOUNT"), " and ", broker.BucketsCmd("ACCOUNT"), " need no code, for up to 1h at a time. "+
			"Accounts that take a new code each time, or have no role, still need one. You are told of each use; ", broker.MFACmd("end"), " ends it.")...))
}

func (b *Bot) mfaStatusMessage(s broker.Session, ok bool) blockkit.Message {
	if !ok {
		return blockkit.NewMessage("You have no MFA session.",
			blockkit.Paragraph(blockkit.Bold("You have no MFA session.")),
			blockkit.Paragraph(b.voice.say(broker.MFACmd("123456"), " begins one, with the six digits that your device shows; ",
				broker.MFACmd("123456 for 2h"), " begins a shorter one.")...))
	}
	left := blockkit.TimeLeft(s.Expires.Sub(b.now()))
	return blockkit.NewMessage("Your MFA session lasts another "+left+".",
		blockkit.Paragraph(blockkit.Bold("Your MFA session"), blockkit.Plain(" runs until "), blockkit.Moment(s.Expires),
			blockkit.Plain(" ("+left+" left). It began "), blockkit.Moment(s.Began), blockkit.Plain(".")),
		blockkit.Paragraph(b.voice.say(broker.MFACmd("end"), " ends it; ", broker.MFACmd("123456"), " begins a new one in its place.")...))
}

// mfaEndedMessage says honestly what the end of an MFA session is: AWS knows no
// way to take its credentials back.
func (b *Bot) mfaEndedMessage(s broker.Session, ok bool) blockkit.Message {
	if !ok {
		return blockkit.NewMessage("You have no MFA session, so there is nothing to end.",
			blockkit.Paragraph(blockkit.Bold("You have no MFA session"), blockkit.Plain(", so there is nothing to end.")))
	}
	ended := []blockkit.Span{blockkit.Bold("Your MFA session has ended.")}
	if s.AccessKeyID != "" {
		ended = append(ended, blockkit.Plain(" The bot has deleted its credentials "), blockkit.Code(s.AccessKeyID),
			blockkit.Plain(". AWS would accept them until "), blockkit.Moment(s.Expires), blockkit.Plain(", but nobody has them."))
	}
	return blockkit.NewMessage("Your MFA session has ended.",
		blockkit.Paragraph(ended...),
		blockkit.Paragraph(blockkit.Plain("Credentials that were issued from it before still work until they expire.")))
}

// tellUsed tells a person that their MFA session took the place of a code, so
// that they notice it if it was somebody else at their Slack. It comes after the
// reply, and even if whoever asked is gone.
func (b *Bot) tellUsed(ctx context.Context, to conversation, s *broker.Session, account string) {
	if s == nil {
		return
	}
	b.tellOrOwe(ctx, to, b.mfaUsedMessage(account))
}

func (b *Bot) mfaUsedMessage(account string) blockkit.Message {
	return blockkit.NewMessage("Your MFA session was used for "+account+".",
		blockkit.Paragraph(append([]blockkit.Span{blockkit.Plain("Your MFA session was used for "), blockkit.Bold(account), blockkit.Plain(", without a code. ")},
			b.voice.say("Not you? ", broker.MFACmd("end"))...)...))
}

// withSessionHelp adds what MFA sessions do to the lines of help, where there
// are any.
func (b *Bot) withSessionHelp(lines ...[]blockkit.Span) [][]blockkit.Span {
	if b.settings().MFASession == 0 {
		return lines
	}
	life := broker.FormatDuration(b.settings().MFASession.Round(time.Second))
	return append(lines, b.voice.say(broker.MFACmd("123456"), "  one code for "+life+" of requests; ",
		broker.MFACmd(), " shows how long it lasts, ", broker.MFACmd("end"), " ends it"))
}

// mfaSpans says that there is an MFA session.
func mfaSpans(s broker.Session) []blockkit.Span {
	return []blockkit.Span{blockkit.Plain("Your MFA session runs until "), blockkit.Moment(s.Expires), blockkit.Plain(".")}
}

// fromSession says that an MFA session issued a Grant, in the midst of a
// sentence.
func fromSession(g broker.Grant) string {
	if g.MFASession == "" {
		return ""
	}
	return "from your MFA session "
}
