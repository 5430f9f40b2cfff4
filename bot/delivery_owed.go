package bot

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/due"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/bot/typed"
	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/ledger"
	"github.com/assumebot/assumebot/broker/secret"
)

// An answer that Slack does not take at once is on a list in the store, sealed, and
// whichever replica is there tries until the person was told by direct message. Slack's
// Retry-After is honoured, and there is an end, in time and in number. An answer that is
// not there yet is on the ledger instead (owing.go), and one that the list does not take
// either is held (delivery_held.go).
//
// Credentials are never on the list: the notice has a button that shows them while they are
// kept. So is a direct message that says that credentials are about to appear, if it could
// not be taken away.

// owedList is the due list of answers owed.
const owedList = "owed"

const (
	// owedFor is how long an answer is worth telling; that credentials exist is for
	// as long as they live.
	owedFor  = 30 * time.Minute
	owedMost = 10_000
	// owedAtOnce keeps one slow person from holding up the others.
	owedAtOnce = 8
)

// An owed is an entry of that list.
type owed struct {
	User    string    `json:"user"`
	Team    string    `json:"team,omitempty"`
	Channel string    `json:"channel,omitempty"` // where it was asked
	Request string    `json:"request"`
	Since   time.Time `json:"since"`
	Until   time.Time `json:"until"`
	Tries   int       `json:"tries,omitempty"` // that failed

	// ResponseURL is where it is told should Slack never take a direct message.
	ResponseURL string `json:"response_url,omitempty"`

	// An answer that is no secret.
	Text   string        `json:"text,omitempty"`
	Blocks *slack.Blocks `json:"blocks,omitempty"`

	// Credentials that did not, or may not, have reached the person.
	Grant     *broker.Grant `json:"grant,omitempty"`
	Code      broker.Code   `json:"code,omitempty"`    // what the record says; "": nobody said yet, and an older release put it there
	Stopped   bool          `json:"stopped,omitempty"` // its process ended on the way
	Told      bool          `json:"told,omitempty"`    // only the message is left
	Message   *shownMessage `json:"message,omitempty"` // that says they are about to appear
	Kept      bool          `json:"kept,omitempty"`    // the store has the Grant
	Revocable bool          `json:"revocable,omitempty"`
}

// A shownMessage is a direct message of the bot's. TS is "" while Slack has not
// said what it is called.
type shownMessage struct {
	Channel string `json:"channel"`
	TS      string `json:"ts,omitempty"`
}

func (o owed) entry() ([]byte, error) { return json.Marshal(o) }

func (o owed) request() broker.Request {
	r := broker.Request{ID: o.Request, Caller: broker.Caller{User: o.User, Team: o.Team, Channel: o.Channel}}
	if o.Grant != nil {
		r.Account, r.Purpose = o.Grant.Account, o.Grant.Purpose
	}
	return r
}

// owe puts o on the list, due at at. Where the list does not take it this process holds it, and
// debt, if there is one, is not settled before it was told, or is on the list after all.
func (b *delivery) owe(ctx context.Context, debt *ledger.Debt, o owed, at time.Time) {
	text, err := o.entry()
	if err != nil {
		b.log.ErrorContext(ctx, "an answer cannot be written, and nobody tells it", "request", o.Request, "user", o.User, "error", err)
		return
	}
	if _, err := b.dueOwed.Put(ctx, at, text); err != nil {
		b.hold(ctx, held{owed: o, text: text, at: at, debt: debt}, err)
	}
}

// owedOf is that credentials did not, or may not, have reached the person.
func owedOf(to conversation, r broker.Request, issued broker.Issued) owed {
	g := issued.Grant
	return owed{
		User: r.Caller.User, Team: r.Caller.Team, Channel: r.Caller.Channel, Request: r.ID, ResponseURL: to.keptURL(),
		Since: g.Issued, Until: g.Expires, Grant: &g, Kept: issued.Saved, Revocable: issued.Account.Revoker != "",
	}
}

// owedTo is m that is owed, for as long as it is worth it.
func (b *delivery) owedTo(to conversation, m blockkit.Message, worth time.Duration) owed {
	since := to.owing.Since
	if since.IsZero() {
		since = b.now()
	}
	return owed{
		User: to.caller.User, Team: to.caller.Team, Channel: to.caller.Channel, Request: to.requestID, ResponseURL: to.keptURL(),
		Since: since, Until: b.now().Add(worth), Text: m.Text, Blocks: &slack.Blocks{BlockSet: m.Blocks},
	}
}

// tellOrOwe tells a person by direct message, now or as soon as Slack takes it.
func (b *delivery) tellOrOwe(ctx context.Context, to conversation, m blockkit.Message) {
	if to.debt.Still(ctx) {
		b.tellOrOweFor(ctx, to, m, owedFor)
	}
}

// tellOrOweFor is tellOrOwe for what is worth telling for so long.
func (b *delivery) tellOrOweFor(ctx context.Context, to conversation, m blockkit.Message, worth time.Duration) {
	err := b.direct(ctx, to.caller.User, m)
	if err == nil {
		return
	}
	o := b.owedTo(to, m, worth)
	if at, again := b.oweAfter(ctx, o, err); again {
		b.log.WarnContext(ctx, "not delivered yet; it is owed", "request", to.requestID, "user", to.caller.User, "error", err, "until", at)
		b.owe(ctx, to.debt, o, at)
	}
}

// limitedMost bounds what one answer of Slack's holds up the answers to all people.
const limitedMost = time.Minute

// direct sends a direct message. After Slack has asked to wait it sends none until then, whoever
// it is to: thousands may wait, and opening a conversation is limited for all of them together. What
// else Slack limits with the same answer waits for a minute at most.
// https://docs.slack.dev/reference/methods/conversations.open
func (b *delivery) direct(ctx context.Context, user string, m blockkit.Message) error {
	if wait := time.UnixMilli(b.limited.Load()).Sub(b.now()); wait > 0 {
		return &slack.RateLimitedError{RetryAfter: wait}
	}
	err := b.web.DirectMessage(ctx, user, m)
	if limited := (*slack.RateLimitedError)(nil); errors.As(err, &limited) {
		until := b.now().Add(min(limited.RetryAfter, limitedMost)).UnixMilli()
		if until > b.limited.Load() {
			b.limited.Store(until)
		}
	}
	return err
}

// tellUndelivered tells of credentials that did not, or may not, have reached the
// person, now or as soon as Slack takes it. It is on the record already.
func (b *delivery) tellUndelivered(ctx context.Context, debt *ledger.Debt, o owed, m blockkit.Message) {
	err := b.direct(ctx, o.User, m)
	if err == nil {
		return
	}
	if at, again := b.oweAfter(ctx, o, err); again {
		b.log.WarnContext(ctx, "not told yet of credentials that were not delivered; it is owed",
			"request", o.Request, "user", o.User, "error", err, "until", at)
		b.owe(ctx, debt, o, at)
	}
}

// oweAfter is when o is told, of which Slack refused the direct message with err; false where
// nothing is left that it may still take.
func (b *delivery) oweAfter(ctx context.Context, o owed, err error) (at time.Time, again bool) {
	if at, again = webapi.PutOff(b.now(), err, 0); again {
		return at, true
	}
	if o.ResponseURL != "" { // which needs neither a scope nor that the person takes direct messages
		return b.now().Add(time.Second), true
	}
	b.log.ErrorContext(ctx, "nothing delivered", "request", o.Request, "user", o.User, "error", err)
	return time.Time{}, false
}

// serveOwed tells what is owed.
func (b *delivery) serveOwed(ctx context.Context, entry []byte) due.Result {
	var o owed
	if json.Unmarshal(entry, &o) != nil || !typed.IsSlackID(o.User) || !typed.IsEntryID(o.Request) || o.Grant == nil && o.Text == "" ||
		o.Message != nil && (!typed.IsSlackID(o.Message.Channel) || o.Message.Channel[0] != 'D') {
		return due.SetAside("no_answer")
	}
	if o.Grant != nil {
		return b.serveOwedCredentials(ctx, o)
	}
	if !b.now().Before(o.Until) {
		b.log.ErrorContext(ctx, "nothing delivered: Slack did not take an answer in time", "request", o.Request, "user", o.User)
		return due.Done()
	}
	m := blockkit.Message{Text: o.Text}
	if o.Blocks != nil {
		m.Blocks = o.Blocks.BlockSet
	}
	return b.tellOwed(ctx, o, message.Late(m, o.Since))
}

// tellOwed sends m, once Slack takes it: by direct message, or where it refuses that for good
// where it was asked for.
func (b *delivery) tellOwed(ctx context.Context, o owed, m blockkit.Message) due.Result {
	err := b.direct(ctx, o.User, m)
	if o.ResponseURL != "" && webapi.RefusedForGood(err) {
		err = b.web.Respond(ctx, secret.New(o.ResponseURL), false, m)
	}
	if err == nil {
		return due.Done()
	}
	return b.owedPutOff(ctx, o, err)
}

func (b *delivery) owedPutOff(ctx context.Context, o owed, err error) due.Result {
	at, again := webapi.PutOff(b.now(), err, o.Tries)
	if !again {
		b.log.ErrorContext(ctx, "nothing delivered", "request", o.Request, "user", o.User, "error", err)
		return due.Done()
	}
	o.Tries = min(max(o.Tries, 0), 1_000_000) + 1
	b.log.WarnContext(ctx, "not delivered yet; it is owed", "request", o.Request, "user", o.User, "error", err, "until", at)
	text, failed := o.entry()
	if failed != nil {
		return due.SetAside("not_writable")
	}
	return due.Result{Next: text, At: at}
}

// serveOwedCredentials tells of a Grant what nobody said was delivered. What was
// ended since is owed to nobody, but the record says that it was not seen to
// arrive.
func (b *delivery) serveOwedCredentials(ctx context.Context, o owed) due.Result {
	s, stopped := b.live.Load(), o.Code == ""
	if stopped {
		o.Code, o.Stopped = broker.CodeDeliveryUnknown, true
		b.log.ErrorContext(ctx, "credentials were issued, and a process ended before it knew whether they arrived", "request", o.Request, "user", o.User)
		s.broker.Holding.Undelivered(ctx, o.request(), *o.Grant, o.Code)
	}
	if o.Message != nil {
		if err := b.takeAway(ctx, o); err != nil && !webapi.RefusedForGood(err) {
			return b.owedPutOff(ctx, o, err)
		}
		o.Message = nil
	}
	if o.Told {
		return due.Done()
	}
	if !b.now().Before(o.Until) {
		b.log.ErrorContext(ctx, "nothing delivered: the credentials expired before Slack took the notice", "request", o.Request, "user", o.User)
		return due.Done()
	}
	if o.Kept {
		grants, err := b.grants.LiveGrants(ctx, o.User)
		if err != nil {
			return b.owedPutOff(ctx, o, err)
		}
		if !slices.ContainsFunc(grants, func(g broker.Grant) bool { return g.ID == o.Grant.ID }) {
			return due.Done() // somebody ended it
		}
	}
	issued := broker.Issued{Grant: *o.Grant, Saved: o.Kept && b.now().Before(o.Grant.Issued.Add(s.settings.RevealWindow))}
	issued.Account.Name = o.Grant.Account
	if o.Revocable {
		issued.Account.Revoker = o.Grant.RoleARN // that there is one is all that counts here
	}
	m := message.Undelivered(s.voice, issued, o.Code, broker.ShortRef(o.Request))
	if o.Stopped = o.Stopped || stopped; o.Stopped {
		m = message.Stopped(s.voice, issued, broker.ShortRef(o.Request))
	}
	return b.tellOwed(ctx, o, m)
}

// takeAway deletes the message that says that credentials are about to appear,
// or, where Slack does not allow that, what it says. Where its process ended
// before Slack said what it is called, it is looked for.
func (b *delivery) takeAway(ctx context.Context, o owed) error {
	ts := o.Message.TS
	if ts == "" {
		var err error
		if ts, err = b.findPlaceholder(ctx, o); err != nil || ts == "" {
			return err
		}
	}
	err := b.web.Delete(ctx, o.Message.Channel, ts)
	if !webapi.RefusedForGood(err) {
		return err
	}
	return b.web.Rewrite(ctx, o.Message.Channel, ts, message.Removed(*o.Grant))
}

// findPlaceholder looks for it among the latest messages of the conversation; ""
// when it is not there.
func (b *delivery) findPlaceholder(ctx context.Context, o owed) (string, error) {
	messages, err := b.web.Messages(ctx, o.Message.Channel, o.Since.Add(-10*time.Minute))
	if err != nil {
		return "", err
	}
	for _, m := range messages {
		for _, block := range m.Blocks.BlockSet {
			if block.ID() == message.PlaceholderBlock+o.Grant.ID {
				return m.Timestamp, nil
			}
		}
	}
	return "", nil
}

// tellAside puts on the record that an entry was set aside.
func (b *delivery) tellAside(ctx context.Context, list, why string) {
	b.live.Load().broker.Holding.SetAside(ctx, list, why)
}
