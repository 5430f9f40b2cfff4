package config

import (
	"slices"
	"time"

	"github.com/assumebot/assumebot/bot/weekly"
	"github.com/assumebot/assumebot/broker/text"
)

// Weekly is the key summary: {day: mon, time: 09:00, zone: Europe/Berlin}.
type Weekly struct {
	Day  At[string] `key:"day" example:"mon" doc:"The day on which it is posted, for the week until then."`
	Time At[string] `key:"time" example:"09:00" doc:"At what time of that day."`
	Zone At[string] `key:"zone" example:"Europe/Berlin" doc:"The time zone that it goes by, of the IANA database; UTC, if it is left out."`
}

func (Weekly) hints() map[string]hint {
	return map[string]hint{
		"day":  {missing: "the day on which it is posted, such as mon", shape: words(weekdays...)},
		"time": {missing: "the time at which it is posted, such as 09:00", shape: matching(clockTime.String(), "`09:00`")},
	}
}

var clockTime = text.NewPattern(`^([01][0-9]|2[0-3]):([0-5][0-9])$`)

// check says when it is posted, as far as that can be read.
func (w *Weekly) check(c *collector) weekly.Schedule {
	s := weekly.Schedule{Zone: zoneOf(c, w.Zone)}
	if d := w.Day; d.OK {
		day := slices.Index(weekdays, d.Value)
		if day < 0 {
			c.problem(d.Position, "day is %s: write mon, tue, wed, thu, fri, sat or sun", Quote(d.Value))
		}
		s.Day = time.Weekday(max(day, 0))
	}
	if t := w.Time; t.OK {
		m := clockTime.FindStringSubmatch(t.Value)
		if m == nil {
			c.problem(t.Position, "time is %s: write it as 09:00, from 00:00 to 23:59", Quote(t.Value))
			return s
		}
		s.At, _ = time.ParseDuration(m[1] + "h" + m[2] + "m") // of digits
	}
	return s
}
