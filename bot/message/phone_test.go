package message

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/blockkit/goldentest"
	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/bot/snippet/snippettest"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

// copiedMessages are the replies that hold something to be copied or opened, and
// what that is where it is known.
func copiedMessages(t *testing.T, v Voice) (all map[string]blockkit.Message, snippets map[string]string) {
	t.Helper()
	all, snippets = map[string]blockkit.Message{}, map[string]string{}
	add := func(name string, m blockkit.Message, err error) {
		must(t, err)
		all[name], all[name+", by direct message"] = m, WithDeadline(m, goldenTime)
	}
	noLink := &broker.Error{Code: broker.CodeSignin, What: prose.Say("The sign-in endpoint of AWS refused these credentials, so there is no link.")}
	sealings := map[string]secret.Sealing{"in clear": secret.InClear(), "sealed": secret.SealedTo(exampleKey(t, snippettest.ExampleAge))}
	for how, sealing := range sealings {
		for _, f := range snippet.Formats() {
			for _, mfa := range []bool{true, false} {
				i := goldenIssued(mfa)
				i.Sealing, i.Saved = sealing, mfa
				name := string(f) + " " + how + map[bool]string{true: "", false: " without MFA"}[mfa]
				m, err := Issued(v, i, f)
				add(name, m, err)
				if how == "in clear" {
					s, err := snippet.New(f, snippet.Params{Credentials: i.Credentials, Region: i.Account.Region, Profile: i.Account.Name})
					must(t, err)
					snippets[name] = s.Reveal()
				}
			}
		}
		for name, n := range map[string]int{"a link": 0, "a long link": maxButtonURL + 1} {
			m, err := SignIn(v, goldenSignIn(n, func(s *broker.SignIn) { s.Sealing = sealing }), snippet.Bash)
			add(name+" "+how, m, err)
		}
		m, err := NoLink(v, goldenSignIn(0, func(s *broker.SignIn) { s.Sealing, s.Problem = sealing, noLink }), snippet.Bash)
		add("no link "+how, m, err)
	}
	return all, snippets
}

// TestButtonsStandAboveWhatIsToBeCopied: a snippet fills the screen of a phone,
// so that what is below it is out of reach.
func TestButtonsStandAboveWhatIsToBeCopied(t *testing.T) {
	all, snippets := copiedMessages(t, goldenVoice())
	for name, m := range all {
		data, err := json.Marshal(m.Blocks)
		must(t, err)
		shown := slacktest.Message{Blocks: data}
		first, copied := -1, len(m.Blocks)
		for i, block := range m.Blocks {
			if a, ok := block.(*slack.ActionBlock); ok && a.BlockID == GrantBlock+goldenIssued(true).Grant.ID {
				first = i
			}
			text, err := json.Marshal(block)
			must(t, err)
			if copied == len(m.Blocks) && strings.Contains(string(text), `"rich_text_preformatted"`) {
				copied = i
			}
		}
		if first < 0 || first > copied {
			t.Errorf("%s: the buttons are block %d and what is to be copied is block %d, want the buttons first", name, first, copied)
		}
		if want, ok := snippets[name]; ok && !slices.Contains(shown.Tree(goldentest.Reader).Preformatted(), want) {
			t.Errorf("%s: the snippet is not there byte for byte", name)
		}
	}
}

// TestTheConsoleIsAmongTheFirstButtons: on a phone nobody pastes into a shell.
func TestTheConsoleIsAmongTheFirstButtons(t *testing.T) {
	all, _ := copiedMessages(t, goldenVoice())
	for name, m := range all {
		var actions []string
		for _, block := range m.Blocks {
			if a, ok := block.(*slack.ActionBlock); ok {
				for _, e := range a.Elements.ElementSet {
					switch e := e.(type) {
					case *slack.ButtonBlockElement:
						actions = append(actions, e.ActionID)
					case *slack.SelectBlockElement:
						actions = append(actions, e.ActionID)
					}
				}
			}
		}
		kept := !strings.Contains(name, "without MFA") // those are not kept either
		if at := slices.IndexFunc(actions, func(id string) bool { return id == ActConsole || id == ActOpenLink }); kept && (at < 0 || at > 1) {
			t.Errorf("%s: got the buttons %v, want the console among the first two", name, actions)
		}
	}
}

// TestNothingAboveWhatIsToBeCopiedOpensAQuotation, which would swallow it when
// the whole reply is pasted into a shell.
func TestNothingAboveWhatIsToBeCopiedOpensAQuotation(t *testing.T) {
	all, _ := copiedMessages(t, goldenVoice())
	for name, m := range all {
		if !strings.HasPrefix(name, "fish") && !strings.HasPrefix(name, "bash") && !strings.HasPrefix(name, "no link") {
			continue // nobody pastes it into one of these shells
		}
		above, _, found := strings.Cut(selected(t, m), "AWS_PROFILE")
		if !found {
			t.Errorf("%s: found nothing to be copied", name)
		}
		if at := strings.IndexAny(above, "'\"`()"); at >= 0 {
			t.Errorf("%s: got %q above what is to be copied:\n%s", name, above[at], above)
		}
	}
}
