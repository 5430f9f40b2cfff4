package form

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
)

// begins is the field that has the focus when a form opens, "" where it is the first.
func begins(view slack.ModalViewRequest) string {
	for _, block := range view.Blocks.BlockSet {
		if input, ok := block.(*slack.InputBlock); ok {
			if text, ok := input.Element.(*slack.PlainTextInputBlockElement); ok && text.FocusOnLoad {
				return text.ActionID
			}
		}
	}
	return ""
}

func TestAFormBeginsAtTheCodeWhereOneIsMissing(t *testing.T) {
	fresh := policy.Account{Name: "prod", RoleARN: "arn:aws:iam::333333333333:role/Developer", MFA: policy.MFAFresh}
	session := policy.Account{Name: "staging", RoleARN: "arn:aws:iam::333333333333:role/Developer", MFA: policy.MFASession}
	for name, test := range map[string]struct {
		view slack.ModalViewRequest
		want string
	}{
		"a new code each time":          {View(State{Account: fresh}), FieldCode},
		"others have approved":          {Use(approval.Approval{}, State{}), FieldCode},
		"no account yet":                {View(State{}), ""},
		"no account yet, break-glass":   {View(State{BreakGlass: true}), ""},
		"an MFA session, and one lives": {View(State{Account: session, Session: true}), ""},
	} {
		if got := begins(test.view); got != test.want {
			t.Errorf("%s: got the focus on %q, want it on %q", name, got, test.want)
		}
	}
}

// asked says how a form asks for a field: required, optional or not at all.
func asked(view slack.ModalViewRequest, field string) (how, hint string) {
	for _, block := range view.Blocks.BlockSet {
		input, ok := block.(*slack.InputBlock)
		if !ok || input.BlockID != field && !strings.HasPrefix(input.BlockID, field+"-") {
			continue
		}
		if input.Hint != nil {
			hint = input.Hint.Text
		}
		if input.Optional {
			return "optional", hint
		}
		return "required", hint
	}
	return "not at all", ""
}

func TestAFormAsksForTheCodeAsItsAccountDoes(t *testing.T) {
	account := func(mfa policy.MFAMode) policy.Account {
		return policy.Account{Name: "staging", RoleARN: "arn:aws:iam::333333333333:role/Developer", MFA: mfa}
	}
	others := func(a policy.Account) policy.Account {
		a.Approval = &policy.ApprovalPolicy{Count: 1}
		return a
	}
	hub := policy.Account{Name: "hub", MFA: policy.MFASession}
	var approved approval.Approval
	for name, test := range map[string]struct {
		view       slack.ModalViewRequest
		want, hint string
	}{
		"no account yet":                           {View(State{}), "optional", "Some accounts need none"},
		"a new code each time":                     {View(State{Account: account(policy.MFAFresh), Session: true}), "required", "six digits"},
		"an MFA session, and none lives":           {View(State{Account: account(policy.MFASession)}), "required", "six digits"},
		"an MFA session, and one lives":            {View(State{Account: account(policy.MFASession), Session: true}), "optional", "uses your MFA session"},
		"an MFA session lives, but by break-glass": {View(State{Account: account(policy.MFASession), Session: true, BreakGlass: true}), "required", "six digits"},
		"no role":                                {View(State{Account: hub, Session: true}), "required", "six digits"},
		"no MFA":                                 {View(State{Account: account(policy.MFANone)}), "not at all", ""},
		"no MFA, but by break-glass":             {View(State{Account: account(policy.MFANone), BreakGlass: true}), "required", "six digits"},
		"it is not said what":                    {View(State{Account: account(""), Session: true}), "required", "six digits"},
		"others are to approve":                  {View(State{Account: others(account(policy.MFAFresh))}), "optional", "approved"},
		"others are to approve, no MFA":          {View(State{Account: others(account(policy.MFANone))}), "not at all", ""},
		"others have approved":                   {Use(approved, State{Account: others(account(policy.MFASession)), Session: true}), "required", "six digits"},
		"others have approved what is not known": {Use(approved, State{}), "required", "six digits"},
		"others have approved, no MFA":           {Use(approved, State{Account: others(account(policy.MFANone))}), "not at all", ""},
	} {
		if got, hint := asked(test.view, FieldCode); got != test.want || !strings.Contains(hint, test.hint) {
			t.Errorf("%s: got a code %s with %q, want it %s with %q", name, got, hint, test.want, test.hint)
		}
	}
}

func TestAFormAsksForAReasonWhereOneIsNeeded(t *testing.T) {
	for name, test := range map[string]struct {
		reason     policy.ReasonPolicy
		glass      bool
		want, hint string
	}{
		"none":                       {policy.ReasonPolicy{}, false, "optional", ""},
		"one":                        {policy.ReasonPolicy{Required: true}, false, "required", ""},
		"one of a kind":              {policy.ReasonPolicy{Pattern: regexp.MustCompile(`^INC-\d+`)}, false, "required", `It must match ^INC-\d+`},
		"of a kind, and none is too": {policy.ReasonPolicy{Pattern: regexp.MustCompile(`^(INC-\d+)?$`)}, false, "optional", `It must match ^(INC-\d+)?$`},
		"a long kind":                {policy.ReasonPolicy{Pattern: regexp.MustCompile(strings.Repeat("x", 5000))}, false, "required", "xx…"},
		"break-glass":                {policy.ReasonPolicy{Pattern: regexp.MustCompile(`^INC-\d+`)}, true, "required", ""},
	} {
		a := policy.Account{Name: "prod", MFA: policy.MFAFresh, Rules: policy.Rules{Reason: test.reason}}
		got, hint := asked(View(State{Account: a, BreakGlass: test.glass}), fieldReason)
		if got != test.want || !strings.Contains(hint, test.hint) || test.hint == "" && hint != "" {
			t.Errorf("%s: got a reason %s with %q, want it %s with %q", name, got, hint, test.want, test.hint)
		}
	}
}

// TestAnErrorOfAFieldThatAFormLacksIsSaidOnAnother: Slack refuses an error on no field.
func TestAnErrorOfAFieldThatAFormLacksIsSaidOnAnother(t *testing.T) {
	refused := &broker.Error{Code: broker.CodeNeedsCode, What: prose.Say("open needs the code of your MFA device.")}
	for name, view := range map[string]slack.ModalViewRequest{
		"no code":           View(State{Account: policy.Account{Name: "open", MFA: policy.MFANone}}),
		"approved, no code": Use(approval.Approval{}, State{Account: policy.Account{Name: "open", MFA: policy.MFANone}}),
	} {
		values, inputs := map[string]map[string]slack.BlockAction{}, map[string]bool{}
		for _, block := range view.Blocks.BlockSet {
			if input, ok := block.(*slack.InputBlock); ok {
				field, _, _ := strings.Cut(input.BlockID, "-")
				values[input.BlockID], inputs[input.BlockID] = map[string]slack.BlockAction{field: {}}, true
			}
		}
		f, _ := Read(message.Voice{}, slack.View{CallbackID: view.CallbackID, State: &slack.ViewState{Values: values}})
		acked, _ := json.Marshal(f.Judged(message.Voice{}, refused)) // it cannot fail
		var ack struct{ Errors map[string]string }
		if err := json.Unmarshal(acked, &ack); err != nil {
			t.Fatal(err)
		}
		for block := range ack.Errors {
			if !inputs[block] {
				t.Errorf("%s: got an error on %q, want it on one of %v", name, block, inputs)
			}
		}
		if len(ack.Errors) != 1 {
			t.Errorf("%s: got %d errors, want one", name, len(ack.Errors))
		}
	}
}
