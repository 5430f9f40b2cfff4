package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/bot/socketmode"
	"github.com/assumebot/assumebot/broker"
)

// The form that asks for what a Request needs, and where its answers are.
const (
	formCallback  = "assume"
	fieldAccount  = "account"
	fieldDuration = "duration" // its block is named for the account, whose choices it holds
	fieldFormat   = "format"
	fieldCode     = "code" // its block is renamed with each form, so that an old code is not kept
	fieldReason   = "reason"
)

// A formState is what a form shows: what was typed, and what was wrong with it.
type formState struct {
	account  broker.Account // the zero Account: none chosen
	duration time.Duration
	format   snippet.Format
	service  string // of FormatConsole
	reason   string
	// breakGlass is kept from the command that the form completes.
	breakGlass bool
	channel    string        // where it was opened, which is where it counts as asked
	wrong      *broker.Error // shown above the form
}

// A formOrigin is what a form carries without showing it.
type formOrigin struct {
	Channel    string `json:"channel,omitempty"`
	BreakGlass bool   `json:"break_glass,omitempty"`
}

// openForm opens the form from whatever trigger there is. It is said when Slack
// does not open it.
func (b *Bot) openForm(ctx context.Context, to conversation, f formState) {
	if err := to.broker.Visits.Identify(ctx, to.request(command.Command{})); err != nil {
		b.deliver(ctx, to, b.refusal(ctx, to, err))
		return
	}
	if f.format == "" {
		f.format = b.usualFormat(ctx, to, f.breakGlass)
	}
	f.channel = to.caller.Channel
	var err error
	if to.view != "" {
		err = b.web.PushView(ctx, to.trigger, b.formView(f))
	} else {
		err = b.web.OpenView(ctx, to.trigger, b.formView(f))
	}
	if err == nil {
		return
	}
	b.log.WarnContext(ctx, "form not opened", "request", to.requestID, "error", err)
	account := "ACCOUNT"
	if f.account.Name != "" {
		account = f.account.Name
	}
	to.trigger = "" // it is spent or too old
	b.deliver(ctx, to, b.voice.error(errNotOpened("form", "Send ", broker.AssumeCmd(account, "123456"), " with the six digits that your device shows.")))
}

// formView is the form as Slack shows it.
func (b *Bot) formView(f formState) slack.ModalViewRequest {
	var blocks []slack.Block
	if f.wrong != nil {
		blocks = append(blocks, b.voice.error(f.wrong).Blocks...)
	}
	if f.breakGlass {
		blocks = append(blocks, slack.NewRichTextBlock("",
			blockkit.Paragraph(blockkit.Bold("Break-glass: "), blockkit.Plain("without approval, told to everybody in the audit channel."))))
	}
	if f.account.Approval != nil && !f.breakGlass {
		blocks = append(blocks, slack.NewRichTextBlock("", blockkit.Paragraph(blockkit.Bold(f.account.Name+" needs the approval of others. "),
			blockkit.Plain("Leave the code empty: you are asked for it once they have approved."))))
	}
	kept, _ := json.Marshal(formOrigin{Channel: f.channel, BreakGlass: f.breakGlass}) // it cannot fail
	blocks = append(blocks,
		accountField(f),
		durationField(f),
		codeField(),
		formatField(f),
		reasonField(f),
	)
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: formCallback, PrivateMetadata: string(kept),
		Title: blockkit.PlainText(modalTitle), Submit: blockkit.PlainText("Get credentials"), Close: blockkit.PlainText("Cancel"),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}

func accountField(f formState) slack.Block {
	none := 0 // offers everything before anything is typed
	menu := slack.NewOptionsSelectBlockElement(slack.OptTypeExternal, blockkit.PlainText("Type to search"), fieldAccount)
	menu.MinQueryLength = &none
	if f.account.Name != "" {
		menu.InitialOption = accountOption(f.account)
	}
	input := slack.NewInputBlock(fieldAccount, blockkit.PlainText("Account"), nil, menu)
	input.DispatchAction = true // its choice decides which durations there are
	return input
}

// durations are those that people ask for; an Account offers those up to its
// maximum, its default and the maximum itself.
var durations = [...]time.Duration{
	15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 12 * time.Hour, 24 * time.Hour, 36 * time.Hour,
}

func durationField(f formState) slack.Block {
	usual := blockkit.Option("default", "The default of the account")
	options := []*slack.OptionBlockObject{usual}
	chosen := usual
	if f.account.Name != "" {
		offered := []time.Duration{f.account.DefaultDuration, f.account.MaxDuration}
		for _, d := range durations {
			if d <= f.account.MaxDuration {
				offered = append(offered, d)
			}
		}
		if f.duration >= broker.MinDuration && f.duration <= f.account.MaxDuration {
			offered = append(offered, f.duration)
		}
		slices.Sort(offered)
		options = nil
		for _, d := range slices.Compact(offered) {
			o := blockkit.Option(d.String(), broker.FormatDuration(d))
			options = append(options, o)
			if d == f.account.DefaultDuration && f.duration == 0 || d == f.duration {
				chosen = o
			}
		}
	}
	menu := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, nil, fieldDuration, options...)
	if slices.Contains(options, chosen) {
		menu.InitialOption = chosen
	}
	return slack.NewInputBlock(fieldDuration+"-"+f.account.Name, blockkit.PlainText("For how long"), nil, menu)
}

func codeField() slack.Block {
	text := slack.NewPlainTextInputBlockElement(blockkit.PlainText("123 456"), fieldCode)
	text.MaxLength = 20
	input := slack.NewInputBlock(fieldCode+"-"+broker.ShortRef(broker.NewID()), blockkit.PlainText("MFA code"),
		blockkit.PlainText("The six digits that your device shows"), text)
	input.Optional = true // some accounts take none; what is needed is said on this field
	return input
}

func formatField(f formState) slack.Block {
	menu := formatMenu(fieldFormat)
	console := consoleOption(f.service)
	menu.Options = append(menu.Options, console)
	menu.InitialOption = formatOption(f.format)
	if f.format == snippet.Console {
		menu.InitialOption = console
	}
	return slack.NewInputBlock(fieldFormat, blockkit.PlainText("Format"), nil, menu)
}

func reasonField(f formState) slack.Block {
	text := slack.NewPlainTextInputBlockElement(blockkit.PlainText("INC-42 failover"), fieldReason)
	text.MaxLength = broker.MaxReason
	text.InitialValue = f.reason
	input := slack.NewInputBlock(fieldReason, blockkit.PlainText("Reason"), nil, text)
	input.Optional = true
	return input
}

func formatMenu(actionID string) *slack.SelectBlockElement {
	var options []*slack.OptionBlockObject
	for _, f := range snippet.Formats() {
		options = append(options, formatOption(f))
	}
	return slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, blockkit.PlainText("Another format"), actionID, options...)
}

func formatOption(f snippet.Format) *slack.OptionBlockObject {
	if f == "" {
		f = snippet.Bash
	}
	label := string(f)
	if f == snippet.Bash {
		label = "bash, zsh, sh"
	}
	return blockkit.Option(string(f), label)
}

// accountOption describes an Account within the 75 characters of an option.
// https://docs.slack.dev/reference/block-kit/composition-objects/option-object
func accountOption(a broker.Account) *slack.OptionBlockObject {
	about := "your own IAM user, outside of the rules for roles"
	if a.HasRole() {
		about = a.RoleARN.RoleName() + " in " + a.RoleARN.AccountID()
		if len(about) > 75 {
			about = a.RoleARN.AccountID()
		}
	}
	return slack.NewOptionBlockObject(a.Name, blockkit.PlainText(a.Name), blockkit.PlainText(about))
}

const (
	mostOptions = 100
	// optionBytes keeps the acknowledgement that holds the options under
	// maxAck, with room for its frame.
	optionBytes = socketmode.MaxAck - 2_000
)

// suggest offers the Accounts that the person may have and that match what is
// typed so far, as the acknowledgement.
func (b *Bot) suggest(ctx context.Context, in interaction, ack func(any) bool) {
	ctx, cancel := context.WithTimeout(ctx, judgeTimeout)
	defer cancel()
	// What is too much, or finds no turn in time, is offered nothing.
	none := optionGroups{OptionGroups: []*slack.OptionGroupBlockObject{}}
	if err := in.to.broker.Visits.Enter(ctx, in.to.request(command.Command{})); err != nil {
		ack(none)
		b.refusal(ctx, in.to, err) // for the log
		return
	}
	if !b.takeSlot(ctx) {
		ack(none)
		b.refusal(ctx, in.to, busy(in.to)) // for the log
		return
	}
	defer b.leaveSlot()
	typed := blockkit.Shortened(in.Value[:min(len(in.Value), command.MaxText)], maxQuery)
	ack(accountMenu(in.to.broker.Policy.Offered(ctx, in.to.request(command.Command{})), typed))
}

// optionGroups are a menu's options as the acknowledgement gives them; none is
// an empty list, which slack-go's own type leaves out.
type optionGroups struct {
	OptionGroups []*slack.OptionGroupBlockObject `json:"option_groups"`
}

// accountMenu groups the matching Accounts by what they ask of the person. When
// there are more than fit, the first heading says so.
func accountMenu(accounts []broker.Account, typed string) optionGroups {
	type group struct {
		heading string
		options []*slack.OptionBlockObject
	}
	groups := []*group{{heading: "With your MFA code"}, {heading: "With approval"}, {heading: "Your own IAM user"}, {heading: "Without MFA"}}
	size, shown, matching := 0, 0, 0
	for _, a := range accounts {
		if !matches(a, typed) {
			continue
		}
		matching++
		o := accountOption(a)
		size += jsonSize(o)
		if shown == mostOptions || size > optionBytes {
			continue
		}
		shown++
		g := groups[0]
		switch {
		case a.Approval != nil:
			g = groups[1]
		case a.MFA == broker.MFANone:
			g = groups[3]
		case !a.HasRole():
			g = groups[2]
		}
		g.options = append(g.options, o)
	}
	out := optionGroups{OptionGroups: []*slack.OptionGroupBlockObject{}}
	for _, g := range groups {
		if len(g.options) == 0 {
			continue
		}
		if shown < matching && len(out.OptionGroups) == 0 {
			g.heading = fmt.Sprintf("%s (%d of %d: type to narrow)", g.heading, shown, matching)
		}
		out.OptionGroups = append(out.OptionGroups, slack.NewOptionGroupBlockElement(blockkit.PlainText(g.heading), g.options...))
	}
	return out
}

func matches(a broker.Account, typed string) bool {
	for _, word := range strings.Fields(strings.ToLower(typed)) {
		if !strings.Contains(a.Name, word) && !strings.Contains(strings.ToLower(string(a.RoleARN)), word) {
			return false
		}
	}
	return true
}
