package form

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/bot/snippet/snippettest"
	"github.com/assumebot/assumebot/bot/typed"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/text"
)

// filledIn is a view in which value was typed into one field.
func filledIn(field, value string) slack.View {
	return slack.View{State: &slack.ViewState{Values: map[string]map[string]slack.BlockAction{field: {field: {Value: value}}}}}
}

// Slack bounds what is typed into a form; the bot does not rely on it.
func TestFormsRefuseWhatIsTooLongForTheRecord(t *testing.T) {
	_, wrong := Read(message.Voice{}, filledIn(fieldReason, strings.Repeat("x ", 5000)))
	if !strings.Contains(wrong[fieldReason], "at most 500 characters") {
		t.Errorf("a reason of 10,000 characters: got %q, want that it is refused", wrong)
	}
	if f, wrong := Read(message.Voice{}, filledIn(fieldReason, strings.Repeat("ö", 500))); wrong != nil || len([]rune(f.Reason)) != 500 {
		t.Errorf("a reason of 500 characters: got %q", wrong)
	}
	if comment, wrong := ReadComment(filledIn(fieldComment, strings.Repeat("x", 501))); wrong == "" || comment != "" {
		t.Errorf("a comment of 501 characters: got %q and %q, want that it is refused", comment, wrong)
	}
}

// FuzzRead reads whatever a client can put into a form, and checks that what comes
// of it is within the bounds of what is typed.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, `{"state":{"values":{"":{"":{}}}}}`,
		`{"type":"modal","id":"V1","callback_id":"assume","private_metadata":"{\"channel\":\"C0GENERAL\",\"break_glass\":true}",` +
			`"state":{"values":{"account":{"account":{"selected_option":{"value":"prod"}}},` +
			`"duration-prod":{"duration":{"selected_option":{"value":"1h0m0s"}}},"format":{"format":{"selected_option":{"value":"console ec2"}}},` +
			`"code-1":{"code":{"value":"123 456"}},"reason":{"reason":{"value":"INC-42\u202e"}}}}}`,
		`{"callback_id":"deny","private_metadata":"U01ALICE/aaaaaaaaaaaaaaaaaaaaaaaaaa","state":{"values":{"comment":{"comment":{"value":"\u3164"}}}}}`,
		`{"callback_id":"buckets","private_metadata":"x","state":{"values":{"prefix":{"prefix":{"value":"logs-"}}}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		var view slack.View
		if json.Unmarshal(payload, &view) == nil {
			checkForm(t, view)
		}
	})
}

func checkForm(t *testing.T, v slack.View) {
	f, _ := Read(message.Voice{}, v)
	switch {
	case f.Account != "" && policy.CheckAccountName(f.Account) != nil,
		f.Duration < 0 || f.Duration > 30*24*time.Hour || f.Duration%time.Second != 0,
		utf8.RuneCountInString(f.Reason) > broker.MaxReason || f.Reason != "" && !text.SaysSomething(f.Reason),
		strings.ContainsFunc(f.Reason, snippettest.IsUnfit),
		f.Service != "" && policy.CheckConsoleService(f.Service) != nil:
		t.Errorf("got %+v", f)
	}
	if comment, _ := ReadComment(v); utf8.RuneCountInString(comment) > broker.MaxReason ||
		strings.ContainsFunc(comment, snippettest.IsUnfit) || comment != "" && !text.SaysSomething(comment) {
		t.Errorf("got comment %q", comment)
	}
	if prefix, _ := ReadSearch(v); prefix != "" && !command.ValidPrefix(prefix) {
		t.Errorf("got prefix %q", prefix)
	}
	if o := ReadOrigin(v); o.Channel != "" && !typed.SlackChannel.MatchString(o.Channel) {
		t.Errorf("got origin %+v", o)
	}
}

// TestWhatFormsOfferIsReadBack: each option of a form is one that its reader takes.
func TestWhatFormsOfferIsReadBack(t *testing.T) {
	states := []State{{}, {Service: "ec2", Format: snippet.Console}}
	for _, a := range goldenAccounts() {
		states = append(states, State{Account: a}, State{Account: a, Duration: 47*time.Minute + 11*time.Second})
	}
	read := 0
	for _, state := range states {
		for _, block := range View(state).Blocks.BlockSet {
			input, ok := block.(*slack.InputBlock)
			if !ok {
				continue
			}
			menu, ok := input.Element.(*slack.SelectBlockElement)
			if !ok {
				continue
			}
			for _, o := range menu.Options {
				view := slack.View{State: &slack.ViewState{Values: map[string]map[string]slack.BlockAction{
					input.BlockID: {menu.ActionID: {SelectedOption: *o}}}}}
				f, wrong := Read(message.Voice{}, view)
				back := map[string]string{fieldDuration: f.Duration.String(), fieldFormat: command.FormatValue(f.Format, f.Service)}[menu.ActionID]
				if f.Duration == 0 && menu.ActionID == fieldDuration {
					back = "default"
				}
				if wrong != nil || back != o.Value {
					t.Errorf("%s offers %q: got %+v, %v", menu.ActionID, o.Value, f, wrong)
				}
				read++
			}
		}
	}
	if read < 50 {
		t.Errorf("got %d options, want those of both menus", read)
	}
}

// TestACommentThatShowsNothingIsNone: nor is such a reason, typed or filled in.
func TestACommentThatShowsNothingIsNone(t *testing.T) {
	for _, blank := range []string{"\u3164", "\u2800", "\u200d", "\u034f", "\u1160", "\uffa0", "\u202e", " \n\t", "\U000e0041"} {
		value := slack.BlockAction{Value: blank + blank}
		view := slack.View{State: &slack.ViewState{Values: map[string]map[string]slack.BlockAction{
			"comment": {"comment": value}, fieldReason: {fieldReason: value}}}}
		if comment, wrong := ReadComment(view); comment != "" || wrong != "" {
			t.Errorf("%+q: got comment %+q, %q, want none", blank, comment, wrong)
		}
		if f, _ := Read(message.Voice{}, view); f.Reason != "" {
			t.Errorf("%+q: got reason %+q, want none", blank, f.Reason)
		}
		for _, text := range []string{
			"prod because " + blank, "prod break-glass because " + blank,
			"block <@U02BOB> because " + blank, "revoke prod because " + blank,
		} {
			if c, err := command.ParseAssume(text); err == nil {
				t.Errorf("%+q: got %+v, want that the reason is missing", text, c)
			}
		}
	}
}
