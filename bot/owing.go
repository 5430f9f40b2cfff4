package bot

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/typed"
	"github.com/assumebot/assumebot/broker/ahead"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

// Whoever asks is owed an answer from the moment that the bot begins to work on it: that is
// on the ledger before anything is done, in the trip to the store that a Visit begins with,
// and off it once the Visit has ended. Should the process die, another tells (takeover.go).

// An owing is what is kept of it, sealed.
type owing struct {
	Request     string        `json:"request"`
	User        string        `json:"user"`
	Team        string        `json:"team,omitempty"`
	Channel     string        `json:"channel,omitempty"`
	Since       time.Time     `json:"since"`
	From        int64         `json:"from"`  // number of an entry of the record before all that it wrote
	Asked       []prose.Part  `json:"asked"` // what was asked; never a code
	Account     string        `json:"account,omitempty"`
	Code        bool          `json:"code,omitempty"` // it carried one
	ResponseURL string        `json:"response_url,omitempty"`
	View        string        `json:"view,omitempty"`    // the modal that was acted in
	Message     *shownMessage `json:"message,omitempty"` // that says that credentials are about to appear
}

// responseFor is how long Slack takes answers at a response_url.
// https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
const responseFor = 30 * time.Minute

// errToldElsewhere says that another process tells what this one is about to tell.
var errToldElsewhere = errors.New("this process stood still, and another one tells it")

// maxAsked bounds what is kept of a name that somebody typed.
const maxAsked = 63

// named is a name as it is kept with what is owed.
func named(typed string) string { return typed[:min(len(typed), maxAsked)] }

// ofCommand says what a command asked.
func ofCommand(c command.Command) []prose.Part {
	account := named(c.Account)
	switch c.Verb {
	case command.VerbBuckets:
		return prose.Say(prose.BucketsCmd(account))
	case command.VerbMFA, command.VerbMFAStatus, command.VerbMFAEnd:
		return prose.Say(prose.MFACmd())
	case command.VerbSessions:
		return prose.Say(prose.SessionsCmd())
	case command.VerbAssume, command.VerbForm, "":
		return prose.Say(prose.AssumeCmd(account))
	}
	return prose.Say(prose.AssumeCmd(string(c.Verb)))
}

// owe is the owing of what to asks, as it is kept.
func (b *door) owe(to *conversation) *ahead.Owed {
	if to.asked == nil {
		return nil // nobody waits
	}
	o := owing{
		Request: to.requestID, User: to.caller.User, Team: to.caller.Team, Channel: to.caller.Channel, Since: b.now(), From: b.record.Size(),
		Asked: to.asked, Account: named(to.account), Code: to.code, ResponseURL: to.keptURL(), View: to.view,
	}
	to.owing = o
	return b.ledger.Owed(o.Request, o.Since, o.text())
}

// keptURL is the response_url of to as it is kept, sealed.
func (to conversation) keptURL() string { return to.responseURL.Reveal() }

func (o owing) text() []byte {
	text, _ := json.Marshal(o) // a struct of strings always encodes
	return text
}

// readOwing reads what a process that died has kept; false where it cannot be that.
func readOwing(text []byte) (o owing, ok bool) {
	if json.Unmarshal(text, &o) != nil {
		return o, false
	}
	known := o.User == "" || typed.IsSlackID(o.User)
	placed := o.Message == nil || typed.IsSlackID(o.Message.Channel) && o.Message.Channel[0] == 'D'
	return o, known && placed && typed.IsEntryID(o.Request)
}

// conversation is with whom it is owed, by the config of now.
func (o owing) conversation(s *serving, now time.Time) conversation {
	to := conversation{serving: s, requestID: o.Request, view: o.View, code: o.Code}
	to.caller.User, to.caller.Team, to.caller.Channel = o.User, o.Team, o.Channel
	if now.Sub(o.Since) < responseFor {
		to.responseURL = secret.New(o.ResponseURL)
	}
	return to
}

// becomes has what to is owed tell of m too.
func (b *delivery) becomes(ctx context.Context, to conversation, m *shownMessage) {
	o := to.owing
	o.Message = m
	if err := to.debt.Becomes(ctx, o.text()); err != nil {
		b.log.WarnContext(ctx, "if this process dies now, a message stays that says that credentials are about to appear", "request", o.Request, "error", err)
	}
}
