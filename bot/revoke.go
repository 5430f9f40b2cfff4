package bot

import (
	"context"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/broker"
)

// revoke answers /assume revoke ACCOUNT.
func (b *Bot) revoke(ctx context.Context, to conversation, c command.Command) {
	b.inTime(ctx, to, stillRevoking(c.Account), func(ctx context.Context) (blockkit.Message, error) {
		done, err := to.broker.Revoking.Revoke(ctx, to.request(c))
		b.showCancelled(ctx, to, done.Cancelled)
		if err != nil {
			return blockkit.Message{}, err
		}
		b.refreshHome(ctx, to)
		return b.revokedMessage(done), nil
	})
}

// end serves the press that ends a Grant.
func (b *Bot) end(ctx context.Context, to conversation, grant string) {
	b.inTime(ctx, to, stillRevoking("that"), func(ctx context.Context) (blockkit.Message, error) {
		ended, err := to.broker.Holding.End(ctx, to.request(command.Command{}), grant)
		if err != nil {
			return blockkit.Message{}, err
		}
		b.refreshHome(ctx, to)
		return b.endedMessage(ended), nil
	})
}

// revokedMessage says what became of it; its headline says "revoked" only where
// AWS was told.
func (b *Bot) revokedMessage(done broker.Revocation) blockkit.Message {
	account := done.Account.Name
	headline, head := "", []blockkit.Span(nil)
	switch {
	case done.Denied != nil:
		headline, head = "Revoked "+account+".", append([]blockkit.Span{blockkit.Bold("Revoked"), blockkit.Plain(": ")}, deniedSpans(done, "your")...)
	case done.Ended > 0:
		headline = "Not revoked in AWS: copies of " + account + " work until they expire."
		head = []blockkit.Span{blockkit.Bold("Not revoked in AWS"), blockkit.Plain(": copies of "), blockkit.Bold(account), blockkit.Plain(" work until "),
			blockkit.Moment(done.Until), blockkit.Plain(".")}
	case done.Err != nil:
		headline = "Not complete: " + b.voice.text(done.Err.What)
		head = []blockkit.Span{blockkit.Bold("Nothing of yours was found for "), blockkit.Bold(account), blockkit.Plain(".")}
	default:
		headline, head = "Nothing of "+account+" was live.", []blockkit.Span{blockkit.Bold("Nothing was live"),
			blockkit.Plain(": the bot holds no credentials of yours for "), blockkit.Bold(account), blockkit.Plain(".")}
	}
	said := []slack.RichTextElement{blockkit.Paragraph(head...)}
	if done.Ended > 0 || done.Session || len(done.Cancelled) > 0 {
		said = append(said, blockkit.Paragraph(blockkit.Plain("The bot has "+tookBack(done.Ended, done.Session, "your", done.Cancelled)+".")))
	}
	if done.Err != nil {
		said = append(said, b.voice.notComplete(done.Err))
	}
	if done.Denied == nil && done.Account.Revoker == "" && (done.Ended > 0 || done.Err != nil) {
		said = append(said, blockkit.Paragraph(blockkit.Plain("AWS was not told, because the config names no revoker for this account. "+
			"If somebody else may have the credentials, tell the people who run the AWS account now.")))
	}
	if done.Nothing && done.Err == nil {
		said = append(said, blockkit.Paragraph(b.voice.say("So AWS was told nothing. If copies are out all the same, have an admin send ",
			broker.AssumeCmd("revoke @PERSON"), ".")...))
	}
	return blockkit.NewMessage(headline, said...)
}

// deniedSpans says what AWS refuses now.
func deniedSpans(done broker.Revocation, whose string) []blockkit.Span {
	why := "."
	if done.Denied.Everybody {
		whose, why = "everybody's", ". The role's policy had no room for one more session name."
	}
	return []blockkit.Span{blockkit.Plain("AWS refuses " + whose + " sessions of "), blockkit.Bold(done.Account.Name),
		blockkit.Plain(" that were issued before "), blockkit.Moment(done.Denied.Before),
		blockkit.Plain(why + " It can take minutes until AWS does so everywhere.")}
}

// tookBack says what the bot itself took back; whose is whose MFA session it was.
func tookBack(ended int, session bool, whose string, cancelled []broker.Approval) string {
	var did []string
	if ended > 0 {
		did = append(did, "forgotten "+blockkit.Counted(ended, "grant"))
	}
	if session {
		did = append(did, "ended "+whose+" MFA session")
	}
	if n := len(cancelled); n > 0 {
		did = append(did, "cancelled "+blockkit.Counted(n, "request")+" for approval")
	}
	if len(did) == 0 {
		return "nothing of it left to forget"
	}
	return blockkit.List(did)
}

func sessionEnded(was bool) string {
	if was {
		return " and ended your MFA session"
	}
	return ""
}
