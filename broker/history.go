package broker

import (
	"context"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/history"
	"github.com/assumebot/assumebot/broker/prose"
)

// A Look at the record is one's own, or an admin's at what others did. What an admin looks
// at is on the record before it is shown, each further page too: a press can ask for any.

// A Look is what to look for on the record.
type Look struct {
	Person    string // Slack user ID; "": one's own, or with an Account and for admins, everybody's
	Everybody bool   // whoever did it
	Account   string // "": any
	What      history.What
	Since     time.Duration // before now; 0: as far back as there is anything
	Before    int64         // number of the entry before which to begin; 0: at the newest
}

// A Past is what a Look found.
type Past struct {
	history.Page
	Filter history.Filter
	Name   string // what the config calls the Filter's Person; "" if it does not know them
}

// lookFor is how long one look reads: what it has then is shown within the time that a
// person waits.
const lookFor = 4 * time.Second

// History looks for what l says, for most entries at most.
func (b *Histories) History(ctx context.Context, r Request, l Look, most int) (Past, error) {
	admin := b.visits.Administers(ctx, r)
	f := history.Filter{Person: r.Caller.User, Account: l.Account, What: l.What, Own: !admin}
	if l.Since > 0 {
		f.Since = b.now().Add(-l.Since)
	}
	others := l.Everybody || l.Person != "" && l.Person != r.Caller.User
	if admin && l.Person == "" && l.Account != "" {
		others = true
	}
	by := b.visits.toSee()
	if others {
		f.Person, f.Own = l.Person, false
	}
	if others || admin {
		by = b.admins.toOrder("history", "see what others did")
	}
	r.Account = l.Account
	if others {
		r.target = l.Person
	}
	return visit(ctx, b.visits, r, by, func(ctx context.Context, r *Request) (Past, error) {
		before := l.Before
		if others {
			if before == 0 {
				before = b.past.Size() // the look is no part of what is looked for
			}
			looked := event.HistoryData{
				Target: b.personOf(l.Person), Account: l.Account, What: string(l.What), Since: event.At(f.Since), Before: l.Before,
			}
			if _, err := b.recorder.Record(ctx, b.event(*r, looked)); err != nil {
				return Past{}, recordAway(err, "nothing is shown")
			}
		}
		return b.find(ctx, f, before, most)
	})
}

func (b *Histories) find(ctx context.Context, f history.Filter, before int64, most int) (Past, error) {
	began := b.now()
	page, err := history.Find(ctx, b.past, history.Look{
		Filter: f, Before: before, Most: most, Until: func() bool { return b.now().Sub(began) > lookFor },
	})
	if err != nil {
		return Past{}, onRecord(&Error{
			Code: CodeRecord, Detail: "history", Err: err,
			What: prose.Say("The audit record could not be read."),
			Hint: prose.Say("Try again in a minute. If it stays, ", prose.AssumeCmd("status"), " tells an admin what is wrong."),
		})
	}
	return Past{Page: page, Filter: f, Name: b.NameOf(f.Person)}, nil
}
