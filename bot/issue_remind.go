package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/assumebot/assumebot/bot/due"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/bot/typed"
	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker"
)

// reminderList is the due list of reminders.
const reminderList = "reminders"

// A reminder is an entry of the due list. It holds no secret.
type reminder struct {
	User    string    `json:"user"`
	Grant   string    `json:"grant"`
	Account string    `json:"account"`
	Expires time.Time `json:"expires"`
	Tries   int       `json:"tries,omitempty"` // that failed on the way to Slack
}

// text is the reminder of a Grant for the due list. A Grant that ends soon after it began
// needs none. Of one that the store did not keep nobody is reminded: it is taken for one
// that was ended.
func (b *reminders) text(before time.Duration, issued broker.Issued) (text broker.DueText, wanted bool) {
	g := issued.Grant
	if before <= 0 || g.Expires.Sub(b.now()) <= 2*before {
		return broker.DueText{}, false
	}
	entry, err := json.Marshal(reminder{User: g.User, Grant: g.ID, Account: g.Account, Expires: g.Expires})
	if err != nil { // never: it is strings and a time
		b.log.Error("there will be no reminder of this grant", "request", g.ID, "user", g.User, "error", err)
	}
	return b.dueReminders.Text(g.Expires.Add(-before), entry), true
}

// serveReminder tells the person, if there is still something to tell.
func (b *reminders) serveReminder(ctx context.Context, entry []byte) due.Result {
	var r reminder
	if json.Unmarshal(entry, &r) != nil || !typed.IsSlackID(r.User) || !typed.IsEntryID(r.Grant) {
		return due.SetAside("no_reminder")
	}
	log := b.log.With("request", r.Grant, "user", r.User, "account", r.Account)
	if !b.now().Before(r.Expires) {
		log.WarnContext(ctx, "reminder dropped: the grant ended before anybody could be told")
		return due.Done()
	}
	s := b.live.Load()
	if s.settings.Reminder <= 0 {
		return due.Done() // switched off since
	}
	grants, err := b.grants.LiveGrants(ctx, r.User)
	if err != nil {
		log.WarnContext(ctx, "reminder put off: the store does not answer", "error", err)
		return r.putOff(b.now().Add(due.Tick))
	}
	g, wanted := wantsReminder(grants, r.Grant)
	if !wanted {
		return due.Done()
	}
	err = b.postReminder(ctx, s, g)
	if err == nil {
		return due.Done()
	}
	if at, again := webapi.PutOff(b.now(), err, r.Tries); again && notPosted(err) {
		r.Tries++
		log.WarnContext(ctx, "reminder put off", "error", err, "until", at)
		return r.putOff(at)
	}
	// A refusal stays one. A lost answer may hide a post, and nobody is to be
	// reminded twice.
	log.ErrorContext(ctx, "reminder not sent, or perhaps sent; it is dropped", "error", err)
	return due.Done()
}

func (r reminder) putOff(at time.Time) due.Result {
	entry, err := json.Marshal(r)
	if err != nil {
		return due.Done() // a struct of strings and a time always encodes
	}
	return due.Result{Next: entry, At: at}
}

// wantsReminder finds a Grant among those that live, unless a newer one of its
// Account lasts longer. One that only lists buckets is nothing to work with.
func wantsReminder(grants []broker.Grant, id string) (broker.Grant, bool) {
	i := slices.IndexFunc(grants, func(g broker.Grant) bool { return g.ID == id })
	if i < 0 {
		return broker.Grant{}, false
	}
	renewed := slices.ContainsFunc(grants, func(g broker.Grant) bool {
		return g.Account == grants[i].Account && g.Purpose != broker.PurposeBuckets &&
			g.Issued.After(grants[i].Issued) && g.Expires.After(grants[i].Expires)
	})
	return grants[i], !renewed
}

func (b *reminders) postReminder(ctx context.Context, s *serving, g broker.Grant) error {
	channel, err := b.web.OpenDM(ctx, g.User)
	if err != nil {
		return fmt.Errorf("%w: %w", errNotPosted, err)
	}
	_, err = b.web.Post(ctx, channel, message.Reminder(s.voice, g, s.broker.Holding.Revocable(g)))
	return err
}
