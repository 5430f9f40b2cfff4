package bot

import (
	"context"
	"fmt"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/broker"
)

// revoke answers /assume revoke ACCOUNT.
func (b *Bot) revoke(ctx context.Context, to conversation, c Command) {
	done, err := b.broker().Revoke(ctx, to.request(c))
	b.answer(ctx, to, err, func() message { return b.revokedMessage(done) })
	b.showCancelled(ctx, to, done.Cancelled)
	if err == nil {
		b.refreshHome(ctx, to)
	}
}

// revokedMessage says which of the two happened: whether the bot alone forgot
// the credentials, or AWS refuses them too.
func (b *Bot) revokedMessage(done broker.Revocation) message {
	account := done.Account.Name
	said := []slack.RichTextElement{paragraph(bold("Revoked"), plain(": the bot has forgotten "+counted(done.Ended, "grant")+" of "), bold(account),
		plain(sessionEnded(done.Session)+requestsCancelled(done.Cancelled)+"."))}
	if done.Ended == 0 && !done.Session && len(done.Cancelled) == 0 {
		said = []slack.RichTextElement{paragraph(bold("The bot holds nothing of yours for "), bold(account), plain("."))}
	}
	if done.Err != nil {
		said = append(said, paragraph(bold("Not complete. "), plain(done.Err.Message+" ")),
			paragraph(append(codes(done.Err.Hint), plain(" (ref "+done.Err.Ref+")"))...))
	}
	switch {
	case done.Denied != nil:
		whose := "your sessions"
		if done.Denied.Everybody {
			whose = "everybody's sessions, since the role had no room for yours alone,"
		}
		said = append(said, paragraph(bold("AWS refuses "), plain(whose+" of this role that were issued before "), moment(done.Denied.Before),
			plain(". IAM may take minutes until that holds everywhere.")))
	case done.Err == nil || done.Account.Revoker == "":
		said = append(said, paragraph(bold("AWS does not know of it: "), plain("copies of the credentials work until they expire, since the config names no revoker for this account. "+
			"If they are in wrong hands, tell whoever looks after the AWS account now.")))
	}
	return newMessage(fmt.Sprintf("Revoked what you had of %s.", account), said...)
}

func requestsCancelled(cancelled []broker.Approval) string {
	if len(cancelled) == 0 {
		return ""
	}
	return " and cancelled " + counted(len(cancelled), "request") + " for approval"
}

func sessionEnded(was bool) string {
	if was {
		return " and ended your MFA session"
	}
	return ""
}
