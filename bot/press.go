package bot

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/form"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/bot/typed"
	"github.com/assumebot/assumebot/broker/text"
)

// act serves one press or choice.
func (v *visits) act(ctx context.Context, in interaction, p press) {
	switch p.action {
	case message.ActAsk:
		if p.account == "" {
			v.forms.openForm(ctx, in.to, form.State{})
			return
		}
		if c := (command.Command{Account: p.account}); !v.issuing.offeredAgain(ctx, in.to, c) {
			v.issuing.renew(ctx, in.to, p)
		}
	case message.ActFormat:
		v.formats.rememberFormat(ctx, in.to, p.format)
		v.issuing.showAgain(ctx, in.to, p.grant, p.format)
	case message.ActShow:
		v.issuing.showAgain(ctx, in.to.beside(), p.grant, "")
	case message.ActBuckets:
		v.lists.bucketsOf(ctx, in.to.beside(), p.grant)
	case message.ActPrevious, message.ActNext:
		v.lists.bucketPage(ctx, in, p)
	case message.ActHistoryOlder, message.ActHistoryNewest:
		v.pasts.history(ctx, in.to, p.past, p.before)
	case message.ActSearch:
		v.lists.searchBuckets(ctx, in, p)
	case message.ActRenew:
		v.issuing.renew(ctx, in.to.beside(), p)
	case message.ActBreakGlass:
		v.forms.breakGlassForm(ctx, in.to.beside(), p.account)
	case message.ActHelp:
		v.self.help(ctx, in.to.beside(), false)
	case message.ActMoreHelp:
		v.self.help(ctx, in.to, true)
	case message.ActConsole:
		v.issuing.consoleOf(ctx, in.to.beside(), p.grant)
	case message.ActOpenLink: // the browser has it
	case message.ActEndSession:
		s, ok, err := in.to.broker.MFASessions.EndMFASession(ctx, in.to.request(command.Command{}))
		v.delivery.answer(ctx, in.to.beside(), err, func() blockkit.Message { return message.MFAEnded(s, ok) })
		v.homes.refreshHome(ctx, in.to)
	case message.ActEnd:
		v.self.end(ctx, in.to, p.grant)
	case message.ActUnblock:
		v.admins.admin(ctx, in.to.beside(), command.Command{Verb: command.VerbUnblock, Target: p.target})
	case form.FieldAccount:
		v.forms.chosenAccount(ctx, in, p.account, p.ts)
	default:
		v.actOnApproval(ctx, in, p)
	}
}

// actOnApproval serves a press about an Approval.
func (v *visits) actOnApproval(ctx context.Context, in interaction, p press) {
	switch p.action {
	case message.ActApprove:
		v.approvals.pressed(ctx, in, p.approval, in.to.broker.Voting.Approve)
	case message.ActAcknowledge:
		v.approvals.pressed(ctx, in, p.approval, in.to.broker.Voting.Acknowledge)
	case message.ActDeny:
		v.approvals.askWhyDenied(ctx, in, p.approval)
	case message.ActEnterCode:
		v.forms.enterCode(ctx, in, p.approval.ID)
	default:
		v.log.InfoContext(ctx, "action not served", "action", blockkit.Shortened(text.OneLine(p.action), maxQuery))
	}
}

// firstAction serves the one action of a payload. Slack's own clients send no
// more: what a client sends beside it is refused and counted.
func (v *visits) firstAction(ctx context.Context, in interaction) {
	if in.more > 0 {
		v.log.WarnContext(ctx, "a payload holds more than one action; all but the first are refused",
			"request", in.to.requestID, "user", in.to.caller.User, "refused", in.more, "refused_so_far", v.extra.Add(int64(in.more)))
	}
	actions := in.ActionCallback.BlockActions
	if len(actions) == 0 {
		return
	}
	p, err := readPress(actions[0])
	if err != nil {
		v.delivery.refuse(ctx, in.to.beside(), in.to.unlessStranger(ctx, err))
		return
	}
	v.act(ctx, in, p)
}

// A press is one action as it was read; what it does not say is zero.
type press struct {
	action   string
	ts       string               // when, by Slack's clock
	grant    string               // that its block names
	account  string               // of ActAsk, where "" asks which, ActRenew, ActBreakGlass and form.FieldAccount
	format   snippet.Format       // of ActFormat
	duration time.Duration        // of ActRenew, where the Grant's own is not meant
	page     int                  // of ActPrevious and ActNext
	prefix   string               // of those and of ActSearch
	past     command.Command      // of ActHistoryOlder and ActHistoryNewest
	before   int64                // of those: the number of an entry
	target   string               // of ActUnblock
	approval message.ApprovalName // of what is pressed about an Approval
}

// readPress reads an action. An error is as that of [command.ParseAssume].
func readPress(a *slack.BlockAction) (press, error) {
	block, _ := strings.CutPrefix(a.BlockID, message.GrantBlock)
	p := press{action: a.ActionID, ts: a.ActionTs, grant: typed.Only(typed.RequestID, block)}
	var err error
	switch a.ActionID {
	case message.ActAsk:
		if a.Value != "any" {
			p.account, err = command.ReadAccount(a.Value)
		}
	case message.ActRenew:
		account, duration, _ := strings.Cut(a.Value, " ")
		if p.account, err = command.ReadAccount(account); err == nil {
			p.duration, err = command.ReadDuration(duration)
		}
	case message.ActBreakGlass:
		p.account, err = command.ReadAccount(a.Value)
	case form.FieldAccount:
		p.account, err = command.ReadAccount(a.SelectedOption.Value)
	case message.ActFormat:
		var service string
		if p.format, service, err = command.ReadFormat(a.SelectedOption.Value); err == nil && (p.format == "" || p.format == snippet.Console || service != "") {
			err = errPressed()
		}
	case message.ActPrevious, message.ActNext, message.ActSearch:
		p.page, p.prefix = readPage(a.Value)
	case message.ActHistoryOlder, message.ActHistoryNewest:
		p.past, p.before, err = command.ReadHistory(a.Value)
	case message.ActUnblock:
		if p.target = typed.Only(typed.SlackUser, a.Value); p.target == "" {
			err = errPressed()
		}
	case message.ActApprove, message.ActAcknowledge, message.ActDeny:
		if p.approval = readApprovalName(a.Value); p.approval == (message.ApprovalName{}) {
			err = errPressed()
		}
	case message.ActEnterCode:
		if p.approval.ID = typed.Only(typed.RequestID, a.Value); p.approval.ID == "" {
			err = errPressed()
		}
	}
	if err != nil {
		return press{}, err
	}
	return p, nil
}

func errPressed() error {
	return command.Error("The bot cannot read what this button or menu holds, so nothing was done.", "Use a newer message of the bot's, or type the command.")
}

// readPage reads the value of a button. Any other is the first page of all.
func readPage(value string) (page int, prefix string) {
	number, prefix, _ := strings.Cut(value, " ")
	page, err := strconv.Atoi(number)
	if err != nil || page < 0 || page > lastPage || prefix != "" && !command.ValidPrefix(prefix) {
		return 0, ""
	}
	return page, prefix
}

// readApprovalName reads how a button names an Approval; the zero one is what
// names none.
func readApprovalName(value string) message.ApprovalName {
	user, id, _ := strings.Cut(value, "/")
	if !typed.SlackUser.MatchString(user) || !typed.RequestID.MatchString(id) {
		return message.ApprovalName{}
	}
	return message.ApprovalName{User: user, ID: id}
}
