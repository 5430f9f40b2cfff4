package reconcile

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/broker/record/entry"
)

const (
	// longest is the longest that anything lives which STS issues to the bot, and some.
	longest = 37 * time.Hour
	// MaxGrants bounds memory: about 400 bytes each, and up to 500 more if it was used.
	MaxGrants = 250_000
	// readAtOnce is how many entries are read at once.
	readAtOnce = entry.PageMost
)

// ErrTooMany says that there are more Grants than are held at once.
var ErrTooMany = fmt.Errorf("the record has more than %d Grants of that time: take a later --since", MaxGrants)

// An Index is what of a record is needed to know a call of the bot again.
type Index struct {
	First, Next int64     // numbers of the entries that were read: from, and up to without it
	From, To    time.Time // when the first and the last of them were written
	Unreadable  int       // entries that are no Events

	most      int // Grants
	since     time.Time
	grants    []grant
	byRequest map[string]int // STS's request ID: index of the Grant, -1 of a call that issued nothing
	byKey     map[string]int // access key ID: index of the Grant
	open      map[string]attempt
	lost      []attempt
	told      map[string]telling // by the ID of a Mismatch
	attached  map[string]int64   // calls by the ID of a Grant, as an Event told them before
}

// A grant is one issuance of the record, MFA sessions among them.
type grant struct {
	entry           int64
	id              string
	who             event.Person
	account, role   string
	purpose         string
	key, request    string
	region          string
	issued, expires time.Time
	seen            bool // CloudTrail has its call
	uses            *uses
}

// purposeMFASession is the purpose of what signs further calls of the bot, and is never shown.
const purposeMFASession = "mfa_session"

// own reports whether nobody but the bot ever has it.
func (g grant) own() bool { return g.purpose == purposeMFASession }

// An attempt is a call of which the record does not say what AWS's ID of it is: its answer
// was lost, or nobody recorded it.
type attempt struct {
	entry        int64
	who          event.Person
	method, role string
	at           time.Time
}

// A telling is what was put on the record of a Mismatch.
type telling struct {
	entry int64     // the first that told it
	last  time.Time // up to when
}

// Read reads a record, from several sources that go on from one another where it is kept in
// parts: an archive, and the store. Of what was long over at since it keeps nothing; zero: all
// counts. It checks no entry: `record verify` does.
func Read(ctx context.Context, since time.Time, sources ...audit.Source) (*Index, error) {
	return readAtMost(ctx, MaxGrants, since, sources...)
}

func readAtMost(ctx context.Context, most int, since time.Time, sources ...audit.Source) (*Index, error) {
	x := &Index{
		most:      most,
		since:     since,
		byRequest: map[string]int{},
		byKey:     map[string]int{},
		open:      map[string]attempt{},
		told:      map[string]telling{},
		attached:  map[string]int64{},
	}
	for i, s := range sources {
		first, next, err := s.Bounds(ctx)
		if err != nil {
			return nil, err
		}
		if i == 0 || x.Next == x.First {
			x.First, x.Next = first, first
		}
		if err := x.readOn(ctx, s, next); err != nil {
			return nil, err
		}
	}
	for _, a := range x.open {
		x.lost = append(x.lost, a)
	}
	x.open = nil
	slices.SortFunc(x.lost, func(a, b attempt) int { return cmp.Compare(a.entry, b.entry) })
	return x, nil
}

// readOn reads what a source has from x.Next on, up to next without it.
func (x *Index) readOn(ctx context.Context, s audit.Source, next int64) error {
	for x.Next < next {
		entries, err := s.Read(ctx, x.Next, int(min(next-x.Next, readAtOnce)))
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			return missing(x.Next)
		}
		for _, e := range entries {
			if err := x.take(e); err != nil {
				return err
			}
		}
	}
	return nil
}

func missing(number int64) error {
	return fmt.Errorf("the entry %d is missing: `assumebot record verify` says more", number)
}

func (x *Index) take(e entry.Entry) error {
	if e.Number != x.Next {
		return missing(x.Next)
	}
	x.Next++
	ev, err := event.Decode(e.Leaf, nil)
	if err != nil {
		x.Unreadable++
		return nil //nolint:nilerr // it is told at the end: what else there is counts
	}
	if x.From.IsZero() {
		x.From = ev.Time
	}
	if ev.Time.After(x.To) {
		x.To = ev.Time
	}
	if !x.since.IsZero() && ev.Time.Before(x.since.Add(-longest)) {
		return nil
	}
	x.apply(e.Number, ev)
	if len(x.grants) > x.most || len(x.open)+len(x.lost) > x.most || len(x.byRequest) > 2*x.most {
		return ErrTooMany
	}
	return nil
}

func (x *Index) apply(number int64, ev event.Event) {
	who := event.Person{ID: ev.Actor.User, Name: ev.Actor.Name}
	switch d := ev.Data.(type) {
	case event.IntentData:
		x.open[d.Attempt] = attempt{entry: number, who: who, method: d.Method, role: d.RoleARN, at: ev.Time}
	case event.GrantedData:
		x.granted(number, ev, d)
		x.close(d.Attempt, d.STSUnanswered == "")
	case event.FailedData:
		x.answered(d.STSRequestID)
		x.close(d.Attempt, d.STSRequestID != "" && d.AlsoRegion == "")
	case event.KeyChangedData:
		x.answered(d.STSRequestID)
		x.close(d.Attempt, d.STSRequestID != "")
	case event.NotActedData:
		x.close(d.Attempt, true) // AWS was not asked
	case event.UnknownData:
		x.close(d.Attempt, false)
	case event.ReconciledData:
		for _, m := range d.Findings {
			t, before := x.told[m.ID]
			if !before {
				t.entry = number
			}
			if m.Last.After(t.last) {
				t.last = m.Last.Time
			}
			x.told[m.ID] = t
		}
	case event.UsedData:
		for _, u := range d.Grants {
			x.attached[u.Grant] = u.Calls
		}
	}
}

// close ends an attempt; whole says that the record has AWS's ID of each call of it.
func (x *Index) close(id string, whole bool) {
	a, open := x.open[id]
	if !open {
		return
	}
	delete(x.open, id)
	if !whole {
		x.lost = append(x.lost, a)
	}
}

// answered notes a call that issued nothing which anybody has.
func (x *Index) answered(request string) {
	if _, known := x.byRequest[request]; request != "" && !known {
		x.byRequest[request] = -1
	}
}

func (x *Index) granted(number int64, ev event.Event, d event.GrantedData) {
	g := grant{
		entry:   number,
		id:      ev.Request,
		who:     event.Person{ID: ev.Actor.User, Name: ev.Actor.Name},
		account: d.Account,
		role:    d.RoleARN,
		purpose: d.Purpose,
		key:     d.AccessKeyID,
		request: d.STSRequestID,
		region:  d.STSRegion,
		issued:  ev.Time,
		expires: d.Expires.Time,
	}
	x.grants = append(x.grants, g)
	at := len(x.grants) - 1
	if g.request != "" {
		x.byRequest[g.request] = at
	}
	if g.key != "" {
		x.byKey[g.key] = at
	}
}

// ReachesBack reports whether a source has all that a run needs which judges from since on.
func ReachesBack(ctx context.Context, source audit.Source, since time.Time) (bool, error) {
	first, _, err := source.Bounds(ctx)
	if err != nil || first == 0 {
		return err == nil, err
	}
	entries, err := source.Read(ctx, first, 1)
	if err != nil || len(entries) == 0 {
		return false, err
	}
	ev, err := event.Decode(entries[0].Leaf, nil)
	return err == nil && ev.Time.Before(since.Add(-longest)), nil // what cannot be read does not say
}
