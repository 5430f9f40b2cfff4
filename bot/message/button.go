package message

import (
	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/broker"
)

// What can be pressed. The block of a Grant's buttons is named for the Grant;
// everything else about it comes from the store, so that any replica serves any
// press, and only the person to whom it was issued finds it there.
const (
	ActAsk        = "ask" // its value is the Account; "any" asks which
	ActHelp       = "help"
	ActMoreHelp   = "more_help"
	ActFormat     = "format"
	ActShow       = "show"
	ActConsole    = "console"   // makes a sign-in link of a Grant
	ActOpenLink   = "open_link" // opens it; Slack tells of the press too, but the browser alone has something to do
	ActBuckets    = "buckets"
	ActRenew      = "renew" // its value is the Account, and for how long where that is not as before
	ActEnd        = "end"
	ActEndSession = "end_session"
	ActBreakGlass = "break_glass" // opens the form for it; its value is the Account
	ActUnblock    = "unblock"     // its value is the person's Slack user ID
	GrantBlock    = "grant:"
	adminBlock    = "admin:"
)

// What can be pressed about an Approval. All of it is found by who asked and by
// its ID, which the buttons carry, so that any replica serves any press.
const (
	ActApprove     = "approve"
	ActDeny        = "deny"
	ActAcknowledge = "acknowledge"
	ActEnterCode   = "enter_code" // its value is the ID alone: the Approval is of whoever presses
	approvalBlock  = "approval:"
)

// What can be pressed on a bucket list. The block is named for the Grant that
// the list was made with, and a value is the page and the prefix: neither is a
// secret, and neither lets anybody see a list that is not theirs, since the
// broker looks the Grant up among those of whoever presses and asks policy.
const (
	ActPrevious = "previous"
	ActNext     = "next"
	ActSearch   = "search"
)

// What can be pressed below a page of history. A value is the number of the entry before
// which to go on, and the words of the command: whoever presses is asked who they are again.
const (
	ActHistoryOlder  = "history_older"
	ActHistoryNewest = "history_newest"
)

// grantButtons are what a person can do with a Grant.
func grantButtons(g broker.Grant, kept, revocable bool) slack.Block {
	var elements []slack.BlockElement
	if kept {
		elements = append(elements, FormatMenu(ActFormat))
	}
	if kept && g.RoleARN != "" {
		elements = append(elements, blockkit.Button(ActConsole, "AWS console", g.ID))
	}
	if kept {
		elements = append(elements, blockkit.Button(ActBuckets, "List buckets", g.ID))
	}
	elements = append(elements, blockkit.Button(ActRenew, "Renew", g.Account), endButton(g, revocable))
	return slack.NewActionBlock(GrantBlock+g.ID, elements...)
}

// listedButtons are what can be done with a Grant from a list: it is shown
// again inside the reveal window alone.
func listedButtons(g broker.Grant, kept, revocable bool) slack.Block {
	var elements []slack.BlockElement
	if kept {
		elements = append(elements, blockkit.Button(ActShow, "Show again", g.ID))
	}
	return slack.NewActionBlock(GrantBlock+g.ID, append(elements, blockkit.Button(ActRenew, "Renew", g.Account), endButton(g, revocable))...)
}

// endButton asks first where more ends than the one Grant.
func endButton(g broker.Grant, revocable bool) slack.BlockElement {
	end := blockkit.Button(ActEnd, "End", g.ID)
	end.Style = slack.StyleDanger
	if revocable {
		end.Confirm = slack.NewConfirmationBlockObject(
			blockkit.PlainText("Revoke "+g.Account+"?"),
			blockkit.PlainText("AWS will refuse all your sessions of this role that were issued until now, not these credentials alone, and your MFA session ends. "+
				"What you ask for afterwards works."),
			blockkit.PlainText("Revoke"), blockkit.PlainText("Keep"))
	}
	return end
}

// GlassButton opens the form: it issues nothing by itself.
func GlassButton(account string) slack.Block {
	return slack.NewActionBlock("glass:"+account, blockkit.StyledButton(ActBreakGlass, "Break-glass", account, slack.StyleDanger))
}

func unblockButton(target string) slack.Block {
	return slack.NewActionBlock(adminBlock+target, blockkit.Button(ActUnblock, "Unblock", target))
}

// FormatMenu is the choice of a format.
func FormatMenu(actionID string) *slack.SelectBlockElement {
	var options []*slack.OptionBlockObject
	for _, f := range snippet.Formats() {
		options = append(options, FormatOption(f))
	}
	return slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, blockkit.PlainText("Another format"), actionID, options...)
}

// FormatOption is one of its options.
func FormatOption(f snippet.Format) *slack.OptionBlockObject {
	if f == "" {
		f = snippet.Bash
	}
	label := string(f)
	if f == snippet.Bash {
		label = "bash, zsh, sh"
	}
	return blockkit.Option(string(f), label)
}
