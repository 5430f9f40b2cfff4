package weekly

import "time"

// A Schedule is when a summary is posted: on a day of the week, by the wall clock of a zone.
type Schedule struct {
	Day  time.Weekday
	At   time.Duration // since midnight
	Zone *time.Location
}

// Last is the newest time of s that is not after t. A wall clock that is set forward past it
// has it an hour later on that day, as Go reads such a time.
func (s Schedule) Last(t time.Time) time.Time {
	local := t.In(s.Zone)
	back := (int(local.Weekday()) - int(s.Day) + 7) % 7
	last := s.on(local, -back)
	if last.After(t) {
		last = s.on(local, -back-7)
	}
	return last
}

func (s Schedule) on(day time.Time, days int) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d+days, int(s.At/time.Hour), int(s.At%time.Hour/time.Minute), 0, 0, s.Zone)
}
