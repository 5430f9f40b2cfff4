package bot

import (
	"context"
	"errors"
	"time"

	"github.com/assumebot/assumebot/broker"
)

// mfa serves /mfa.
func (b *Bot) mfa(ctx context.Context, to conversation, c Command) {
	r := to.request(c)
	r.Purpose = broker.PurposeMFASession
	switch c.Verb {
	case VerbMFAEnd:
		s, ok, err := b.broker().EndMFASession(ctx, r)
		b.answer(ctx, to, err, func() message { return b.mfaEndedMessage(s, ok) })
		b.refreshHome(ctx, to)
	case VerbMFAStatus:
		s, ok, err := b.broker().MFASession(ctx, r)
		b.answer(ctx, to, err, func() message { return b.mfaStatusMessage(s, ok) })
	default:
		s, err := b.broker().BeginMFASession(ctx, r)
		b.answer(ctx, to, err, func() message { return b.mfaBegunMessage(s) })
		b.refreshHome(ctx, to)
	}
}

func (b *Bot) mfaBegunMessage(s broker.Session) message {
	left := timeLeft(s.Expires.Sub(b.now()))
	return newMessage("Your MFA session has begun; it lasts "+left+".",
		paragraph(bold("Your MFA session"), plain(" runs until "), moment(s.Expires), plain(" ("+left+" left).")),
		paragraph(codes(b.withPrefix("Until then `/assume ACCOUNT` and `/buckets ACCOUNT` need no code, for up to 1h at a time. "+
			"Accounts that take a new code each time, or have no role, still need one. You are told of each use; `/mfa end` ends it."))...))
}

func (b *Bot) mfaStatusMessage(s broker.Session, ok bool) message {
	if !ok {
		return newMessage("You have no MFA session.",
			paragraph(bold("You have no MFA session.")),
			paragraph(codes(b.withPrefix("`/mfa 123456` begins one, with the six digits that your device shows; `/mfa 123456 for 2h` begins a shorter one."))...))
	}
	left := timeLeft(s.Expires.Sub(b.now()))
	return newMessage("Your MFA session lasts another "+left+".",
		paragraph(bold("Your MFA session"), plain(" runs until "), moment(s.Expires), plain(" ("+left+" left). It began "), moment(s.Began), plain(".")),
		paragraph(codes(b.withPrefix("`/mfa end` ends it; `/mfa 123456` begins a new one in its place."))...))
}

// mfaEndedMessage says honestly what the end of an MFA session is: AWS knows no
// way to take its credentials back.
func (b *Bot) mfaEndedMessage(s broker.Session, ok bool) message {
	if !ok {
		return newMessage("You have no MFA session, so there is nothing to end.",
			paragraph(bold("You have no MFA session"), plain(", so there is nothing to end.")))
	}
	ended := []span{bold("Your MFA session has ended.")}
	if s.AccessKeyID != "" {
		ended = append(ended, plain(" The bot has deleted its credentials "), code(s.AccessKeyID),
			plain(". AWS would accept them until "), moment(s.Expires), plain(", but nobody has them."))
	}
	return newMessage("Your MFA session has ended.",
		paragraph(ended...),
		paragraph(plain("Credentials that were issued from it before still work until they expire.")))
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

func (b *Bot) mfaUsedMessage(account string) message {
	return newMessage("Your MFA session was used for "+account+".",
		paragraph(append([]span{plain("Your MFA session was used for "), bold(account), plain(", without a code. ")},
			codes(b.withPrefix("Not you? `/mfa end`"))...)...))
}

// withSessionHelp adds what MFA sessions do to the lines of help, where there
// are any.
func (b *Bot) withSessionHelp(lines ...[]span) [][]span {
	if b.settings().MFASession == 0 {
		return lines
	}
	life := broker.FormatDuration(b.settings().MFASession.Round(time.Second))
	return append(lines, codes(b.withPrefix("`/mfa 123456`  one code for "+life+" of requests; `/mfa` shows how long it lasts, `/mfa end` ends it")))
}

// mfaSpans says that there is an MFA session.
func mfaSpans(s broker.Session) []span {
	return []span{plain("Your MFA session runs until "), moment(s.Expires), plain(".")}
}

// sessionNotEnough is what a form that asks for a code says about the MFA
// session that there is; nil when there is none.
func sessionNotEnough(why error) *broker.Error {
	var e *broker.Error
	if !errors.Is(why, broker.ErrMFASessionNotEnough) || !errors.As(why, &e) {
		return nil
	}
	return &broker.Error{Code: e.Code, What: broker.Say(broker.Plain(e.What))} // the form itself is the hint
}

// fromSession says that an MFA session issued a Grant, in the midst of a
// sentence.
func fromSession(g broker.Grant) string {
	if g.MFASession == "" {
		return ""
	}
	return "from your MFA session "
}
