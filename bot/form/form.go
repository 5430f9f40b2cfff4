// Package form is what a person fills in: the views that ask, and what comes back
// of them, read within the bounds of what is typed.
package form

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/text"
)

// The form that asks for what a Request needs, and where its answers are.
const (
	Callback      = "assume"
	FieldAccount  = "account"
	fieldDuration = "duration" // its block is named for the account, whose choices it holds
	fieldFormat   = "format"
	FieldCode     = "code" // its block is renamed with each form, so that an old code is not kept
	fieldReason   = "reason"
)

// maxPattern is how much of a pattern is shown: what is longer, nobody reads.
const maxPattern = 150

// A State is what a form shows: what was typed, and what was wrong with it.
type State struct {
	Account  policy.Account // the zero Account: none chosen
	Session  bool           // an MFA session of the person's lives, or may
	Duration time.Duration
	Format   snippet.Format
	Service  string // of snippet.Console
	Reason   string
	// BreakGlass is kept from the command that the form completes.
	BreakGlass bool
	Channel    string        // where it was opened, which is where it counts as asked
	Above      []slack.Block // shown above the form: what was wrong
}

// An Origin is what a form carries without showing it.
type Origin struct {
	Channel    string `json:"channel,omitempty"`
	BreakGlass bool   `json:"break_glass,omitempty"`
}

// View is the form as Slack shows it.
func View(f State) slack.ModalViewRequest {
	blocks := slices.Clone(f.Above)
	if f.BreakGlass {
		blocks = append(blocks, slack.NewRichTextBlock("",
			blockkit.Paragraph(blockkit.Bold("Break-glass: "), "without approval, told to everybody in the audit channel.")))
	}
	if f.Account.Approval != nil && !f.BreakGlass {
		next := "Leave the code empty: you are asked for it once they have approved."
		if f.Account.MFA == policy.MFANone {
			next = "This asks them for it."
		}
		blocks = append(blocks, slack.NewRichTextBlock("", blockkit.Paragraph(blockkit.Bold(f.Account.Name+" needs the approval of others. "), next)))
	}
	kept, _ := json.Marshal(Origin{Channel: f.Channel, BreakGlass: f.BreakGlass}) // it cannot fail
	blocks = append(blocks, accountField(f), durationField(f))
	blocks = append(blocks, codeField(f, false)...)
	blocks = append(blocks, formatField(f), reasonField(f))
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: Callback, PrivateMetadata: string(kept),
		Title: blockkit.PlainText(modalTitle), Submit: blockkit.PlainText("Get credentials"), Close: blockkit.PlainText("Cancel"),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}

func accountField(f State) slack.Block {
	none := 0 // offers everything before anything is typed
	menu := slack.NewOptionsSelectBlockElement(slack.OptTypeExternal, blockkit.PlainText("Type to search"), FieldAccount)
	menu.MinQueryLength = &none
	if f.Account.Name != "" {
		menu.InitialOption = accountOption(f.Account)
	}
	input := slack.NewInputBlock(FieldAccount, blockkit.PlainText("Account"), nil, menu)
	input.DispatchAction = true // its choice decides which durations there are
	return input
}

// durations are those that people ask for; an Account offers those up to its
// maximum, its default and the maximum itself.
var durations = [...]time.Duration{
	15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 12 * time.Hour, 24 * time.Hour, 36 * time.Hour,
}

func durationField(f State) slack.Block {
	usual := blockkit.Option("default", "The default of the account")
	options := []*slack.OptionBlockObject{usual}
	chosen := usual
	if f.Account.Name != "" {
		offered := []time.Duration{f.Account.DefaultDuration, f.Account.MaxDuration}
		for _, d := range durations {
			if d <= f.Account.MaxDuration {
				offered = append(offered, d)
			}
		}
		if f.Duration >= policy.MinDuration && f.Duration <= f.Account.MaxDuration {
			offered = append(offered, f.Duration)
		}
		slices.Sort(offered)
		options = nil
		for _, d := range slices.Compact(offered) {
			o := blockkit.Option(d.String(), text.FormatDuration(d))
			options = append(options, o)
			if d == f.Account.DefaultDuration && f.Duration == 0 || d == f.Duration {
				chosen = o
			}
		}
	}
	menu := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, nil, fieldDuration, options...)
	if slices.Contains(options, chosen) {
		menu.InitialOption = chosen
	}
	return slack.NewInputBlock(fieldDuration+"-"+f.Account.Name, blockkit.PlainText("For how long"), nil, menu)
}

// codeField asks for the code as the Account does: always, perhaps, or not at all. Slack
// takes no form without what is required; what a client made up is refused by the broker.
func codeField(f State, approved bool) []slack.Block {
	hint, optional := "The six digits that your device shows", false
	switch a := f.Account; {
	case f.BreakGlass: // takes a new one, whatever the Account says
	case a.MFA == policy.MFANone:
		return nil
	case approved:
	case a.Name == "":
		hint, optional = hint+". Some accounts need none", true
	case a.Approval != nil:
		hint, optional = "Only if others have approved already", true
	case a.TakesSession() && f.Session:
		hint, optional = hint+". Empty uses your MFA session, for up to 1h", true
	}
	text := slack.NewPlainTextInputBlockElement(blockkit.PlainText("123 456"), FieldCode)
	text.MaxLength = 20
	text.FocusOnLoad = !optional && (approved || f.Account.Name != "") // all that is left to say
	input := slack.NewInputBlock(FieldCode+"-"+broker.ShortRef(broker.NewID()), blockkit.PlainText("MFA code"), blockkit.PlainText(hint), text)
	input.Optional = optional
	return []slack.Block{input}
}

func formatField(f State) slack.Block {
	menu := message.FormatMenu(fieldFormat)
	console := consoleOption(f.Service)
	menu.Options = append(menu.Options, console)
	menu.InitialOption = message.FormatOption(f.Format)
	if f.Format == snippet.Console {
		menu.InitialOption = console
	}
	return slack.NewInputBlock(fieldFormat, blockkit.PlainText("Format"), nil, menu)
}

func reasonField(f State) slack.Block {
	text := slack.NewPlainTextInputBlockElement(blockkit.PlainText("INC-42 failover"), fieldReason)
	text.MaxLength = broker.MaxReason
	text.InitialValue = f.Reason
	input := slack.NewInputBlock(fieldReason, blockkit.PlainText("Reason"), nil, text)
	rule := f.Account.Reason
	switch {
	case f.BreakGlass: // takes any reason, and none without
	case rule.Pattern != nil:
		input.Hint = blockkit.PlainText("It must match " + blockkit.Shortened(rule.Pattern.String(), maxPattern))
		input.Optional = !rule.Required && rule.Pattern.MatchString("")
	default:
		input.Optional = !rule.Required
	}
	return input
}

// KeepBlock gives the block of a field its old name, so that Slack keeps what
// was typed there.
func KeepBlock(blocks []slack.Block, field, name string) {
	for _, block := range blocks {
		input, ok := block.(*slack.InputBlock)
		if ok && name != "" && strings.HasPrefix(input.BlockID, field+"-") {
			input.BlockID = name
		}
	}
}

// consoleOption is the form's choice of a sign-in link. Its value says whose
// console, too.
func consoleOption(service string) *slack.OptionBlockObject {
	if service == "" {
		return blockkit.Option(string(snippet.Console), "a link to the AWS console")
	}
	return blockkit.Option(string(snippet.Console)+" "+service, "a link to the AWS console, at "+service)
}
