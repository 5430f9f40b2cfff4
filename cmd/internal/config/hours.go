package config

import (
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a container without an operating system has no time zones

	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/text"
)

// Hours is the key of that name: {days: [mon-fri], time: 08:00-18:00, zone:
// Europe/Berlin}.
type Hours struct {
	Days At[[]At[string]] `key:"days" example:"[mon-fri]" doc:"Days and ranges of days; every day, if it is left out. One of days and time is needed."`
	Time At[string]       `key:"time" example:"08:00-18:00" doc:"22:00-06:00 is over midnight, and belongs to the day on which it began."`
	Zone At[string]       `key:"zone" example:"Europe/Berlin" doc:"The time zone that it goes by, of the IANA database."`
}

func (Hours) hints() map[string]hint {
	return map[string]hint{
		"days": {of: "days such as mon or mon-fri", empty: "nobody could have it on any day; write [mon-fri], or remove days",
			shape: matching("^("+anyDay+")(-("+anyDay+"))?$", "`mon`, `tue` and so on, or `mon-fri`")},
		"time": {shape: matching(clockRange.String(), "`08:00-18:00`")},
		"zone": {missing: "the time zone that it goes by, such as Europe/Berlin or UTC"},
	}
}

// shape is days or time, or both.
func (Hours) shape() object {
	return object{"anyOf": []any{object{"required": []string{"days"}}, object{"required": []string{"time"}}}}
}

var anyDay = strings.Join(weekdays, "|")

var clockRange = text.NewPattern(`^(\d{2}):(\d{2})-(\d{2}):(\d{2})$`)

func (h *Hours) check(c *collector, at Position) *policy.Hours {
	hours := &policy.Hours{Zone: zoneOf(c, h.Zone)}
	if !h.Days.Set && !h.Time.Set {
		c.problem(at, "hours says nothing: write days: [mon-fri] or time: \"08:00-18:00\", or both")
	}
	h.checkDays(c, hours)
	if t := h.Time; t.OK {
		from, to, ok := readClock(t.Value)
		if !ok {
			c.problem(t.Position, "time is %s: write \"08:00-18:00\"; 22:00-06:00 is over midnight", Quote(t.Value))
		}
		hours.From, hours.To = from, to
	}
	return hours
}

// zoneOf is a time zone; UTC of one that cannot be read.
func zoneOf(c *collector, z At[string]) *time.Location {
	if !z.OK {
		return time.UTC
	}
	zone, err := time.LoadLocation(z.Value)
	if err != nil || z.Value == "Local" {
		c.problem(z.Position, "zone %s is not a time zone of the IANA database: write one such as Europe/Berlin or UTC", Quote(z.Value))
		return time.UTC
	}
	return zone
}

// readClock reads 08:00-18:00; 24:00 ends a day.
func readClock(text string) (from, to time.Duration, ok bool) {
	m := clockRange.FindStringSubmatch(text)
	if m == nil {
		return 0, 0, false
	}
	at := func(hour, minute string) time.Duration {
		d, _ := time.ParseDuration(hour + "h" + minute + "m") // of digits
		return d
	}
	from, to = at(m[1], m[2]), at(m[3], m[4])
	const day = 24 * time.Hour
	if m[2] > "59" || m[4] > "59" || from >= day || to > day || from == to {
		return 0, 0, false
	}
	if to == day {
		to = 0
	}
	return from, to, true
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// checkDays reads mon, or mon-fri; none is every day.
func (h *Hours) checkDays(c *collector, hours *policy.Hours) {
	if !h.Days.Set {
		hours.Days = [7]bool{true, true, true, true, true, true, true}
	}
	for _, v := range h.Days.Value {
		first, last, ranged := strings.Cut(v.Value, "-")
		if !ranged {
			last = first
		}
		from, to := slices.Index(weekdays, first), slices.Index(weekdays, last)
		if from < 0 || to < 0 {
			c.problem(v.Position, "days: %s is no day: write mon, tue, wed, thu, fri, sat, sun, or a range such as mon-fri", Quote(v.Value))
			continue
		}
		for day := from; ; day = (day + 1) % 7 {
			hours.Days[day] = true
			if day == to {
				break
			}
		}
	}
}

// Reason is the key of that name: required, or {pattern: ^INC-\d+}.
type Reason struct {
	Word    At[string] `word:"true"`
	Pattern At[string] `key:"pattern" example:"'^INC-[0-9]+'" doc:"The regular expression (RE2) that a reason must match."`
}

func (Reason) hints() map[string]hint {
	return map[string]hint{"pattern": {missing: "the regular expression that a reason must match, such as '^(INC|CHG)-\\d+'"}}
}

func (r *Reason) check(c *collector) policy.ReasonPolicy {
	policy := policy.ReasonPolicy{Required: true}
	if w := r.Word; w.OK && w.Value != "required" {
		c.problem(w.Position, `reason is %s: write required, or {pattern: '^INC-\d+'} for what it must match`, Quote(w.Value))
	}
	if p := r.Pattern; p.OK {
		re, err := regexp.Compile(p.Value)
		if err != nil {
			c.problem(p.Position, "pattern is not a regular expression (RE2): %v", err)
		}
		policy.Pattern = re
	}
	return policy
}
