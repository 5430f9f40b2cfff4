package history

import (
	"context"
	"slices"
	"time"

	"github.com/assumebot/assumebot/broker/event"
)

// The record is read backwards, a bundle of it at a time, until there is a page of what was
// looked for, or one look has read as much as it may: the record may have millions of
// entries, and what is looked for may be in none of them. Whoever looked goes on from there.

const (
	// Bundle is how many entries are read at once; one begins at each multiple of it, as
	// those of an archive do.
	Bundle = 256
	// ReadMost is how many entries one look reads.
	ReadMost = 40 * Bundle
	// aheadMost is how many entries behind a page are read for what its Grants were used for.
	aheadMost = 16 * Bundle
	// skew is by how much the clocks of replicas may differ: the record's order is no clock's.
	skew = 10 * time.Minute
)

// An Entry is one of the record.
type Entry struct {
	Number int64
	Event  event.Event
	Leaf   []byte // the Event as it was written
	Broken bool   // it cannot be read: somebody or something changed it. The Event is zero
	Late   bool   // it closes an Attempt that was closed before, so that it does not count
}

// A Record is the audit record as it is read back.
type Record interface {
	// Size is the number after that of the newest entry that is read and checked.
	Size() int64
	// Leaves returns the entries from a number on and below another, in order, each checked by
	// itself and without its free text. Those that are not kept any more are left out.
	Leaves(ctx context.Context, from, below int64) ([]Entry, error)
	// Texts returns entries with their free text, where it was not erased.
	Texts(ctx context.Context, of []Entry) ([]Entry, error)
}

// An End is why a Page has no more.
type End string

// The ends.
const (
	Full    End = "full"    // there is no room for more
	Begins  End = "begins"  // the record begins there
	Gone    End = "gone"    // what is older is not kept where the bot reads
	Since   End = "since"   // what is older was not asked for
	Stopped End = "stopped" // one look reads no more than that
)

// A Page is what one look found.
type Page struct {
	Entries []Entry // newest first
	End     End
	Next    int64     // what has this number or a higher one was looked at
	From    time.Time // of the oldest entry that was looked at; zero: none was
	// Uses are what Grants were used for, as far as Events that were looked at tell: they
	// stand behind those of the Grants.
	Uses event.Uses
}

// A Look is where to look for what.
type Look struct {
	Filter Filter
	Before int64 // the number of the entry before which to begin; 0: at the newest
	Most   int   // how many entries there is room for
	// Until is when no further bundle is read.
	Until func() bool
}

// Find looks for a Page. An error says that the record could not be read.
func Find(ctx context.Context, rec Record, l Look) (Page, error) {
	size := rec.Size()
	p := Page{Next: size, Uses: event.Uses{}}
	if l.Before > 0 && l.Before < size {
		p.Next = l.Before
		if err := p.ahead(ctx, rec, min(size, l.Before+aheadMost), l); err != nil {
			return Page{}, err
		}
	}
	for stop := p.Next - ReadMost; p.End == ""; {
		if p.Next <= 0 {
			p.End = Begins
			break
		}
		if p.Next <= stop || p.From != (time.Time{}) && l.Until() {
			p.End = Stopped
			break
		}
		from := (p.Next - 1) / Bundle * Bundle
		found, err := rec.Leaves(ctx, from, p.Next)
		if err != nil {
			return Page{}, err
		}
		p.take(found, from, l)
	}
	var err error
	p.Entries, err = rec.Texts(ctx, p.Entries)
	return p, err
}

// ahead reads what stands behind a page that is not the newest.
func (p *Page) ahead(ctx context.Context, rec Record, below int64, l Look) error {
	for at := p.Next; at < below && (at == p.Next || !l.Until()); {
		next := min((at/Bundle+1)*Bundle, below)
		found, err := rec.Leaves(ctx, at, next)
		if err != nil {
			return err
		}
		for _, e := range found {
			p.Uses.Add(e.Event)
		}
		at = next
	}
	return nil
}

// used notes what e tells of the use of Grants, unless a later Event told.
func (p *Page) used(e event.Event) {
	if e.Kind != event.Used {
		return
	}
	earlier := event.Uses{}
	earlier.Add(e)
	for grant, usage := range earlier {
		if _, told := p.Uses[grant]; !told {
			p.Uses[grant] = usage
		}
	}
}

// take looks at a bundle, which begins with from.
func (p *Page) take(found []Entry, from int64, l Look) {
	for _, e := range slices.Backward(found) {
		if e.Number >= p.Next {
			continue
		}
		if e.Number < p.Next-1 {
			p.End = Gone
			return
		}
		p.Next = e.Number
		if e.Broken {
			if l.Filter == (Filter{}) {
				p.Entries = append(p.Entries, e)
			}
		} else {
			p.From = e.Event.Time
			p.used(e.Event)
			if !l.Filter.Since.IsZero() && e.Event.Time.Before(l.Filter.Since.Add(-skew)) {
				p.End = Since
				return
			}
			if !e.Late && l.Filter.Keeps(e.Event) {
				p.Entries = append(p.Entries, e)
			}
		}
		if len(p.Entries) == l.Most {
			p.End = Full
			return
		}
	}
	if p.Next > from {
		p.End = Gone
	}
}
