package auditchannel

import (
	"context"
	"runtime/debug"
	"time"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/broker/secret"
)

// The channel has two positions on the record: up to one every alarm was told, up to the
// other all else. What goes out next is gathered when Slack takes a post: a lot of lines
// from where alarms are, or, when none waits, from where the rest is. It is told whole, or
// its first line alone, and then the position is behind what was told.

const (
	// readMost is how many entries are passed without noting it.
	readMost = 1000
	// overtakeMost is how many alarms in a row overtake what else waits.
	overtakeMost = 10
)

// A lot is what waits from one position on.
type lot struct {
	urgent bool
	most   int // lines
	lines  []line
	size   int
	then   progress // once all of it is told
	first  progress // once its first line is told
	more   bool     // there may be further lines behind it
	read   int      // entries
}

// add takes a line if it fits beside the others.
func (l *lot) add(n line) (fits bool) {
	if !l.fits(n) {
		return false
	}
	l.lines, l.size = append(l.lines, n), l.size+n.size()
	return true
}

func (l *lot) fits(n line) bool {
	ok := len(l.lines) == 0 || len(l.lines) < l.most && l.size+n.size()+digestHead <= blockkit.MaxBytes
	l.more = l.more || !ok
	return ok
}

// noted ends what is done for one entry, or one count.
func (l *lot) noted() {
	if len(l.lines) == 1 && l.first.Folds == nil {
		l.first = l.then.clone()
	}
}

// waiting gathers what is to go out next.
func (a *Channel) waiting(ctx context.Context, state *progress) (*lot, error) {
	first, err := a.alarm(ctx, state)
	if err != nil {
		return nil, err
	}
	if len(first.lines) == 0 {
		state.Alarms = first.then.Alarms
		return a.ordinary(ctx, state)
	}
	if a.overtook < overtakeMost {
		return first, nil
	}
	rest, err := a.ordinary(ctx, state)
	if err == nil && len(rest.lines) == 0 {
		return first, nil
	}
	return rest, err
}

// alarm is the first alarm that waits, if there is one.
func (a *Channel) alarm(ctx context.Context, state *progress) (*lot, error) {
	l := &lot{urgent: true, most: 1, then: state.clone()}
	for {
		entries, missed, err := a.Record.Read(ctx, l.then.Alarms, batch)
		if err != nil {
			return nil, err
		}
		l.then.Alarms += missed // the rest tells of them
		for _, entry := range entries {
			l.then.Alarms = entry.Number + 1
			if !a.urgent(entry) {
				continue
			}
			if n, post := a.lineOf(entry); post {
				l.add(n)
				l.noted()
				l.more = true
				return l, nil
			}
		}
		if len(entries) < batch {
			return l, nil
		}
	}
}

// ordinary are counts that are due and what else waits. That an outcome is missing is
// known only once the record was read to its end.
func (a *Channel) ordinary(ctx context.Context, state *progress) (*lot, error) {
	l := &lot{most: a.most, then: state.clone()}
	if !a.counted(l) {
		return l, nil
	}
	asOf := a.Now()
	for l.read < readMost {
		entries, missed, err := a.Record.Read(ctx, l.then.Next, batch)
		if err != nil {
			return nil, err
		}
		if missed > 0 && !a.missed(l, missed) {
			return l, nil
		}
		for _, entry := range entries {
			if fits, err := a.take(ctx, l, entry); err != nil || !fits {
				return l, err
			}
		}
		if l.read += len(entries); len(entries) < batch {
			a.overdue(l, asOf)
			return l, nil
		}
	}
	l.more = true
	return l, nil
}

// missed adds that entries are gone that nobody was told of.
func (a *Channel) missed(l *lot, count int64) (fits bool) {
	a.Log.Error("entries of the record are gone that the audit channel was not told of", "first", l.then.Next, "count", count)
	if !l.add(line{whole: missedMessage(l.then.Next, count)}) {
		return false
	}
	l.then.Next += count
	l.noted()
	return true
}

// counted adds the counts of what was folded whose minute is over.
func (a *Channel) counted(l *lot) (fits bool) {
	for _, user := range l.then.due(a.Now()) {
		f := l.then.Folds[user]
		if f.Count == 0 {
			delete(l.then.Folds, user)
			continue
		}
		if !l.add(line{whole: foldMessage(user, f)}) {
			return false
		}
		// What follows within the next minute is counted again.
		l.then.Folds[user] = tally{User: f.User, Kind: f.Kind, Until: a.Now().Add(foldWindow)}
		l.noted()
	}
	return true
}

// overdue adds the intents whose outcome was not on the record as of then, and should
// have been.
func (a *Channel) overdue(l *lot, then time.Time) {
	for _, attempt := range l.then.overdue(then) {
		if !l.add(line{whole: openMessage(l.then.Open[attempt])}) {
			return
		}
		delete(l.then.Open, attempt)
		l.noted()
	}
}

// take adds what is to be told of one entry, or counts it.
func (a *Channel) take(ctx context.Context, l *lot, entry record.Followed) (fits bool, err error) {
	told, err := a.toldBefore(ctx, &l.then, entry.Event)
	if err != nil {
		return false, err
	}
	n, post := a.lineOf(entry)
	post = post && !told && !n.urgent
	if post && !l.fits(n) {
		return false, nil
	}
	a.guarded(entry.Number, func() {
		e := factsOf(entry.Event)
		l.then.follow(e, a.Now())
		post = post && !l.then.tallied(e, a.Now())
	})
	if post {
		l.add(n)
	}
	l.then.Next = entry.Number + 1
	l.noted()
	return true, nil
}

// lineOf is what an entry is told as; post is false for one that is on the record alone.
func (a *Channel) lineOf(entry record.Followed) (n line, post bool) {
	n = line{entry: &entry.Number, urgent: a.urgent(entry)}
	switch {
	case entry.Late && entry.Event.Kind == event.Unknown: // the outcome is known, or was unknown already
		return n, false
	case entry.Broken != "":
		a.Log.Error("an entry of the record cannot be read", "entry", entry.Number, "error", entry.Broken)
		n.whole = brokenMessage(entry.Number)
		return n, true
	}
	if !a.guarded(entry.Number, func() {
		e := factsOf(entry.Event)
		e.entry = &entry.Number
		n.whole, post = render(e)
		n.noMFA = e.Kind == event.Granted && !e.MFA
		if !e.Reason.Erased() && !e.Reason.Altered() {
			n.reason = e.Reason.String()
		}
	}) {
		n.whole, post = unshownMessage(entry.Number), true
	}
	return n, post
}

// urgent reports whether an entry is told as an alarm.
func (a *Channel) urgent(entry record.Followed) (is bool) {
	if entry.Broken != "" {
		return true
	}
	a.guarded(entry.Number, func() { is = urgent(factsOf(entry.Event)) })
	return is
}

// guarded reports whether f ended without a panic: an entry that brings one about
// would do so on every replica, and hold up the channel for good.
func (a *Channel) guarded(number int64, f func()) (ended bool) {
	defer func() {
		if what := recover(); what != nil {
			a.Log.Error("panic over an entry of the record; the rest goes on", "entry", number, "panic", secret.PanicText(what), "stack", string(debug.Stack()))
		}
	}()
	f()
	return true
}
