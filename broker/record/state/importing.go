package state

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/assumebot/assumebot/broker/event"
)

// ImportFor is how long an import may take, from its first Event to its newest.
const ImportFor = 7 * 24 * time.Hour

// An Importing is what the record says of the import of the former record.
type Importing struct {
	Position      string    // of the last entry that is on it to its last part
	Began, newest time.Time // of the Events with its first entry and with its last
	Left          bool      // not all of it is on the record
	Over          bool      // nothing more of it is imported
}

// imported takes in an entry. One whose parts are not all there is imported once more.
func (i *Importing) imported(e event.Event, d event.ImportedData) {
	i.Left, i.Over = i.Left || d.Left, i.Over || d.Last
	if d.Last || d.Part < d.Parts {
		return
	}
	i.Position, i.newest = d.Position, e.Time
	i.beganBy(e.Time)
}

func (i *Importing) beganBy(t time.Time) {
	if i.Began.IsZero() || !t.IsZero() && t.Before(i.Began) {
		i.Began = t
	}
}

// restated takes in what is said as of an entry that may be older than what was read.
func (i *Importing) restated(d *event.RestatedImport) {
	if d == nil {
		return
	}
	if later(d.Position, i.Position) {
		i.Position = d.Position
	}
	i.beganBy(d.Began.Time)
	i.Left, i.Over = i.Left || d.Left, i.Over || d.Over
}

func (i Importing) restate() *event.RestatedImport {
	if i == (Importing{}) {
		return nil
	}
	return &event.RestatedImport{Position: i.Position, Began: event.Time{Time: i.Began}, Left: i.Left, Over: i.Over}
}

// Late reports whether the import has taken as long as it may, by the times of its Events: no
// single replica's clock of now decides it.
func (i Importing) Late() bool { return i.newest.Sub(i.Began) >= ImportFor }

// later reports whether a position of a Redis stream, which is two numbers, is after another;
// "" is before all.
func later(a, b string) bool {
	numbers := func(position string) (first, second uint64) {
		one, two, _ := strings.Cut(position, "-")
		first, _ = strconv.ParseUint(one, 10, 64)
		second, _ = strconv.ParseUint(two, 10, 64)
		return first, second
	}
	a1, a2 := numbers(a)
	b1, b2 := numbers(b)
	return cmp.Or(cmp.Compare(a1, b1), cmp.Compare(a2, b2)) > 0
}
