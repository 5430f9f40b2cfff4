package record

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/assumebot/assumebot/broker/event"
)

// An importing is what the record says of the import of the former record.
type importing struct {
	position      string    // of the last entry that is on it to its last part
	began, newest time.Time // of the Events with its first entry and with its last
	left          bool      // not all of it is on the record
	over          bool      // nothing more of it is imported
}

// imported takes in an entry. One whose parts are not all there is imported once more.
func (i *importing) imported(e event.Event, d event.ImportedData) {
	i.left, i.over = i.left || d.Left, i.over || d.Last
	if d.Last || d.Part < d.Parts {
		return
	}
	i.position, i.newest = d.Position, e.Time
	i.beganBy(e.Time)
}

func (i *importing) beganBy(t time.Time) {
	if i.began.IsZero() || !t.IsZero() && t.Before(i.began) {
		i.began = t
	}
}

// restated takes in what is said as of an entry that may be older than what was read.
func (i *importing) restated(d *event.RestatedImport) {
	if d == nil {
		return
	}
	if later(d.Position, i.position) {
		i.position = d.Position
	}
	i.beganBy(d.Began.Time)
	i.left, i.over = i.left || d.Left, i.over || d.Over
}

func (i importing) restate() *event.RestatedImport {
	if i == (importing{}) {
		return nil
	}
	return &event.RestatedImport{Position: i.position, Began: event.Time{Time: i.began}, Left: i.left, Over: i.over}
}

// late reports whether the import has taken as long as it may, by the times of its Events: no
// single replica's clock of now decides it.
func (i importing) late() bool { return i.newest.Sub(i.began) >= importFor }

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
