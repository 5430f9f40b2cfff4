package web

import "github.com/assumebot/assumebot/broker/event"

// spentCode is the step that a spent code belongs to.
const spentCode = "spent-code"

// A tourStep is one step of the tour: what to do and why it matters, what to type, and
// how it shows on the record that it was done.
type tourStep struct {
	ID, Title string
	Do, Why   string
	Commands  []tourCommand
	done      func(e event.Event, s standing) bool
}

// A standing is what the Events before one have come to, for alice.
type standing struct {
	sealed bool   // her credentials are encrypted
	coded  string // the Request whose code began her newest MFA session
}

// A tourCommand is what a button puts into somebody's message box, and never sends.
// {mfa} is the code that their device shows, {key} the public key of their shell.
type tourCommand struct{ Person, Text string }

// tourSteps are all of them, in order. Tests and pictures go by their IDs.
var tourSteps = []tourStep{
	{
		ID: "credentials", Title: "Get credentials",
		Do:       "Ask for prod as alice, with the code of her MFA device: the button fills her message box, Send sends it.",
		Why:      "She alone sees the credentials, they end by themselves, and the record has it all.",
		Commands: []tourCommand{{"alice", "/assume prod {mfa} because INC-42"}},
		done:     func(e event.Event, _ standing) bool { return granted(e, "prod") != nil },
	},
	{
		ID: "wrong-code", Title: "A wrong code",
		Do:       "Send a code that the device does not show.",
		Why:      "AWS itself checks codes, so a stolen Slack account gets nothing without the device.",
		Commands: []tourCommand{{"alice", "/assume prod 000000"}},
		done: func(e event.Event, _ standing) bool {
			f, ok := e.Data.(event.FailedData)
			return ok && f.Code == "wrong_code"
		},
	},
	{
		ID: spentCode, Title: "A spent code",
		Do:       "Send one code twice.",
		Why:      "It works once: whoever read it in the channel or over a shoulder is too late.",
		Commands: []tourCommand{{"alice", "/assume prod {mfa}"}},
		done: func(e event.Event, _ standing) bool {
			r, ok := e.Data.(event.RefusedData)
			return ok && r.Code == "code_spent"
		},
	},
	{
		ID: "other-account", Title: "Another account",
		Do:       "Ask for staging with a code, then for another reason without one.",
		Why:      "Each account has rules of its own: prod takes a new code each time, staging one for eight hours.",
		Commands: []tourCommand{{"alice", "/assume staging {mfa}"}, {"alice", "/assume staging because INC-43"}},
		done: func(e event.Event, s standing) bool {
			g := granted(e, "staging")
			return g != nil && g.MFASession != "" && e.Request != s.coded
		},
	},
	{
		ID: "approval", Title: "Approval",
		Do:       "Ask for vault, press Approve in #aws-audit as bob, then, as alice, Enter code in @assumebot.",
		Why:      "Nobody has vault alone, and an approval is good for one request.",
		Commands: []tourCommand{{"alice", "/assume vault for 30m because INC-42"}},
		done: func(e event.Event, _ standing) bool {
			g := granted(e, "vault")
			return g != nil && len(g.ApprovedBy) > 0
		},
	},
	{
		ID: "break-glass", Title: "Break-glass",
		Do:       "Ask for vault without waiting for bob.",
		Why:      "Whoever is on call can when nobody answers, and everybody is told at once.",
		Commands: []tourCommand{{"alice", "/assume vault {mfa} break-glass because nobody answers"}},
		done: func(e event.Event, _ standing) bool {
			g := granted(e, "vault")
			return g != nil && g.BreakGlass
		},
	},
	{
		ID: "revoke", Title: "Revoke",
		Do:       "Take back what alice has of vault; before and after, paste the credentials into her shell and try aws s3 ls.",
		Why:      "AWS itself refuses them from then on, wherever they went.",
		Commands: []tourCommand{{"alice", "/assume revoke vault because laptop lost"}},
		done: func(e event.Event, _ standing) bool {
			r, ok := e.Data.(event.RevokedData)
			return ok && r.Account == "vault" && !r.DeniedBefore.IsZero()
		},
	},
	{
		ID: "sealed", Title: "Your own key",
		Do:       "Give the bot the public key of alice's shell, then ask for prod with the next code.",
		Why:      "Slack carries them sealed, and only her key opens them: paste them into her shell to see.",
		Commands: []tourCommand{{"alice", "/assume key {key} {mfa}"}, {"alice", "/assume prod {mfa}"}},
		done:     func(e event.Event, s standing) bool { return s.sealed && (granted(e, "") != nil || shown(e)) },
	},
}

// granted is what an Event says that alice was granted, of an Account or, for "", of any.
func granted(e event.Event, account string) *event.GrantedData {
	g, ok := e.Data.(event.GrantedData)
	if !ok || actor(e) != "alice" || account != "" && g.Account != account || account == "" && g.Account == "" {
		return nil
	}
	return &g
}

// shown is whether an Event says that alice was shown credentials again.
func shown(e event.Event) bool {
	_, ok := e.Data.(event.ShownData)
	return ok && actor(e) == "alice"
}

// after is how things stand after an Event.
func (s standing) after(e event.Event) standing {
	if actor(e) != "alice" {
		return s
	}
	switch d := e.Data.(type) {
	case event.KeyChangedData:
		s.sealed = d.KeyChange != "removed"
	case event.GrantedData:
		if d.Purpose == "mfa_session" {
			s.coded = e.Request
		}
	}
	return s
}
