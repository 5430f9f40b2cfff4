package message

import (
	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/prose"
)

// MFABegun says what a new MFA session is good for.
func MFABegun(v Voice, s broker.Session) blockkit.Message {
	left := blockkit.TimeLeft(s.Expires.Sub(v.Now()))
	return blockkit.NewMessage("Your MFA session has begun; it lasts "+left+".",
		blockkit.Paragraph(blockkit.Bold("Your MFA session"), " runs until ", blockkit.Moment(s.Expires), " ("+left+" left)."),
		blockkit.Paragraph(v.say("Until then ", prose.AssumeCmd("ACCOUNT"), " and ", prose.BucketsCmd("ACCOUNT"), " need no code, for up to 1h at a time. "+
			"Accounts that take a new code each time, or have no role, still need one. You are told of each use; ", prose.MFACmd("end"), " ends it.")))
}

// MFAStatus says how long the MFA session lasts, if there is one.
func MFAStatus(v Voice, s broker.Session, ok bool) blockkit.Message {
	if !ok {
		return blockkit.NewMessage("You have no MFA session.",
			blockkit.Paragraph(blockkit.Bold("You have no MFA session.")),
			blockkit.Paragraph(v.say(prose.MFACmd("123456"), " begins one, with the six digits that your device shows; ",
				prose.MFACmd("123456 for 2h"), " begins a shorter one.")))
	}
	left := blockkit.TimeLeft(s.Expires.Sub(v.Now()))
	return blockkit.NewMessage("Your MFA session lasts another "+left+".",
		blockkit.Paragraph(blockkit.Bold("Your MFA session"), " runs until ", blockkit.Moment(s.Expires), " ("+left+" left). It began ",
			blockkit.Moment(s.Began), "."),
		blockkit.Paragraph(v.say(prose.MFACmd("end"), " ends it; ", prose.MFACmd("123456"), " begins a new one in its place.")))
}

// MFAEnded says honestly what the end of an MFA session is: AWS knows no
// way to take its credentials back.
func MFAEnded(s broker.Session, ok bool) blockkit.Message {
	if !ok {
		return blockkit.NewMessage("You have no MFA session, so there is nothing to end.",
			blockkit.Paragraph(blockkit.Bold("You have no MFA session"), ", so there is nothing to end."))
	}
	ended := []blockkit.Span{blockkit.Bold("Your MFA session has ended.")}
	if s.AccessKeyID != "" {
		ended = append(ended, blockkit.Plain(" The bot has deleted its credentials "), blockkit.Code(s.AccessKeyID),
			blockkit.Plain(". AWS would accept them until "), blockkit.Moment(s.Expires), blockkit.Plain(", but nobody has them."))
	}
	return blockkit.NewMessage("Your MFA session has ended.",
		blockkit.Paragraph(ended),
		blockkit.Paragraph("Credentials that were issued from it before still work until they expire."))
}

// MFAUsed says that the MFA session took the place of a code.
func MFAUsed(v Voice, account string) blockkit.Message {
	return blockkit.NewMessage("Your MFA session was used for "+account+".",
		blockkit.Paragraph("Your MFA session was used for ", blockkit.Bold(account), ", without a code. ",
			v.say("Not you? ", prose.MFACmd("end"))))
}

// mfaSpans says that there is an MFA session.
func mfaSpans(s broker.Session) []blockkit.Span {
	return blockkit.Line("Your MFA session runs until ", blockkit.Moment(s.Expires), ".")
}
