package bot

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/due"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/bot/typed"
	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/watch"
)

// deletionList is the due list of direct messages to delete.
const deletionList = "deletions"

// deletionPauses are what lies between the tries to delete a message while Slack
// refuses: five tries over ten minutes.
var deletionPauses = [...]time.Duration{30 * time.Second, 90 * time.Second, 3 * time.Minute, 5 * time.Minute}

// A deletion is an entry of the due list: a direct message that holds
// credentials, and what the record says of them. It holds no secret itself.
type deletion struct {
	Channel   string       `json:"channel"`
	TS        string       `json:"ts"`
	User      string       `json:"user"`
	Team      string       `json:"team"`
	RequestID string       `json:"request_id"`
	Grant     broker.Grant `json:"grant"`
	Refused   int          `json:"refused,omitempty"`  // how often Slack refused
	Failed    int          `json:"failed,omitempty"`   // how often Slack did not answer
	Recorded  bool         `json:"recorded,omitempty"` // that it stays is on the record
}

// deliverByDM shows credentials in a direct message that the bot deletes, and
// says so where they were asked for. If Slack does not take the direct message,
// that is where the person is told instead.
func (b *delivery) deliverByDM(ctx context.Context, to conversation, r broker.Request, issued broker.Issued, m blockkit.Message) {
	if !to.debt.Still(ctx) {
		to.fate.becomes(watch.Failed)
		return
	}
	var shown *shownMessage
	showing, cancel := context.WithTimeout(context.WithoutCancel(ctx), replyWithin+webapi.Timeout)
	defer cancel()
	err := b.showByDM(showing, to, issued, m, &shown)
	if err == nil {
		to.fate.becomes(watch.Granted)
		b.deliver(ctx, to, message.Sent(issued))
		return
	}
	to.fate.becomes(watch.Failed)
	undelivered := broker.CodeUndelivered
	if !notPosted(err) {
		undelivered = broker.CodeDeliveryUnknown
	}
	b.log.ErrorContext(ctx, "credentials not delivered by direct message", "request", to.requestID, "ref", broker.ShortRef(to.requestID), "error", err)
	to.broker.Holding.Undelivered(ctx, r, issued.Grant, undelivered)
	b.deliver(ctx, to, message.Undelivered(to.voice, issued, undelivered, broker.ShortRef(to.requestID)))
	if shown == nil || undelivered == broker.CodeDeliveryUnknown && shown.TS != "" {
		return // what may hold the credentials is deleted in its time
	}
	left := owedOf(to, r, issued)
	left.Code, left.Told, left.Message = undelivered, true, shown
	b.owe(ctx, to.debt, left, b.now())
}

// showByDM posts without the credentials, puts that message on the list of those
// to delete, and only then writes the credentials into it. So there is no moment
// in which a process could die and leave credentials that nobody deletes: Slack
// tells the name of a message only after it was posted. The empty message itself
// is on the ledger before it is posted; shown is what stands there, nil where none does.
func (b *delivery) showByDM(ctx context.Context, to conversation, issued broker.Issued, m blockkit.Message, shown **shownMessage) error {
	standing := func(channel, ts string) {
		*shown = &shownMessage{Channel: channel, TS: ts}
		b.becomes(ctx, to, *shown)
	}
	d := deletion{User: to.caller.User, Team: to.caller.Team, RequestID: to.requestID, Grant: issued.Grant}
	err := webapi.Repeat(ctx, func() (err error) { d.Channel, err = b.web.OpenDM(ctx, to.caller.User); return err })
	if err == nil {
		standing(d.Channel, "")
		d.TS, err = b.web.PostOnce(ctx, d.Channel, message.Placeholder(issued))
		switch {
		case err == nil:
			standing(d.Channel, d.TS)
		case webapi.NotTaken(err):
			*shown = nil // there is none
		}
	}
	if err == nil {
		err = b.deleteLater(ctx, d, issued.Account.DMLife)
	}
	if err != nil {
		return errors.Join(errNotPosted, err)
	}
	return webapi.Repeat(ctx, func() error {
		return b.web.Rewrite(ctx, d.Channel, d.TS, message.WithDeadline(m, b.now().Add(issued.Account.DMLife)))
	})
}

func (b *delivery) deleteLater(ctx context.Context, d deletion, after time.Duration) error {
	entry, err := json.Marshal(d)
	if err != nil {
		return err
	}
	_, err = b.dueDeletions.Put(ctx, b.now().Add(after), entry)
	return err
}

// serveDeletion deletes one direct message. A Slack that does not answer is
// asked until it does; one that refuses, for ten minutes.
func (b *delivery) serveDeletion(ctx context.Context, entry []byte) due.Result {
	var d deletion
	if json.Unmarshal(entry, &d) != nil || !typed.IsSlackID(d.Channel) || d.Channel[0] != 'D' || !typed.IsTimestamp(d.TS) || d.Refused < 0 {
		return due.SetAside("no_message")
	}
	log := b.log.With("request", d.RequestID, "user", d.User, "account", d.Grant.Account, "channel", d.Channel, "ts", d.TS)
	err := b.web.Delete(ctx, d.Channel, d.TS)
	if err == nil {
		return due.Done()
	}
	if at, again := webapi.PutOff(b.now(), err, d.Failed); again {
		d.Failed++
		log.WarnContext(ctx, "direct message with credentials not deleted yet", "error", err, "until", at)
		return d.putOff(at)
	}
	if d.Refused < len(deletionPauses) {
		at := b.now().Add(deletionPauses[d.Refused])
		d.Refused++
		log.WarnContext(ctx, "Slack refuses to delete a direct message with credentials", "error", err, "until", at)
		return d.putOff(at)
	}
	log.ErrorContext(ctx, "direct message with credentials stays: Slack refuses to delete it", "tries", d.Refused+1, "error", err)
	return b.giveUp(ctx, d)
}

// giveUp takes the credentials out of the message, which Slack may allow where
// it allows no deletion, and tells the record and the person what became of it.
func (b *delivery) giveUp(ctx context.Context, d deletion) due.Result {
	removed := true
	if err := b.web.Rewrite(ctx, d.Channel, d.TS, message.Removed(d.Grant)); err != nil {
		if at, again := webapi.PutOff(b.now(), err, d.Failed); again {
			d.Failed++
			return d.putOff(at)
		}
		b.log.ErrorContext(ctx, "the text of a direct message with credentials stays too", "request", d.RequestID, "user", d.User, "error", err)
		removed = false
	}
	r := broker.Request{
		ID: d.RequestID, Account: d.Grant.Account, Purpose: d.Grant.Purpose,
		Caller: broker.Caller{User: d.User, Team: d.Team, Channel: d.Channel},
	}
	if !d.Recorded {
		if err := b.live.Load().broker.Holding.Undeleted(ctx, r, d.Grant, removed); err != nil {
			at := b.now().Add(time.Minute)
			b.log.ErrorContext(ctx, "a message that was not deleted is not on the record yet", "request", d.RequestID, "error", err, "until", at)
			return d.putOff(at)
		}
		d.Recorded = true
	}
	err := b.web.DirectMessage(ctx, d.User, message.Undeleted(d.Grant, removed))
	if err == nil {
		return due.Done()
	}
	at, again := webapi.PutOff(b.now(), err, d.Failed)
	if !again {
		b.log.ErrorContext(ctx, "nobody was told that credentials stay in a direct message", "request", d.RequestID, "user", d.User, "error", err)
		return due.Done()
	}
	d.Failed++
	b.log.WarnContext(ctx, "not told yet that credentials stay in a direct message", "request", d.RequestID, "user", d.User, "error", err, "until", at)
	return d.putOff(at)
}

func (d deletion) putOff(at time.Time) due.Result {
	entry, err := json.Marshal(d)
	if err != nil {
		return due.Done() // a struct of strings and times always encodes
	}
	return due.Result{Next: entry, At: at}
}

// errNotPosted is an error from before the post.
var errNotPosted = errors.New("not posted")

// notPosted reports whether a direct message certainly did not reach the person.
func notPosted(err error) bool { return errors.Is(err, errNotPosted) || webapi.NotTaken(err) }
