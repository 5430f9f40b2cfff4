package event

import (
	"fmt"
	"time"
)

// timeLayout is RFC 3339 in UTC with milliseconds, always as many characters.
const timeLayout = "2006-01-02T15:04:05.000Z"

// A Time is a time as the record writes it: in UTC, to the millisecond.
type Time struct{ time.Time }

// At is t as the record writes it.
func At(t time.Time) Time {
	if t.IsZero() {
		return Time{}
	}
	return Time{t.UTC().Truncate(time.Millisecond)}
}

// MarshalJSON implements json.Marshaler.
func (t Time) MarshalJSON() ([]byte, error) {
	u := t.UTC()
	if y := u.Year(); y < 1 || y > 9999 {
		return nil, fmt.Errorf("a time in the year %d", y)
	}
	return u.AppendFormat(make([]byte, 0, len(timeLayout)+2), `"`+timeLayout+`"`), nil
}

// UnmarshalJSON implements json.Unmarshaler. It takes no other form than MarshalJSON's.
func (t *Time) UnmarshalJSON(data []byte) error {
	u, err := time.Parse(`"`+timeLayout+`"`, string(data[:min(len(data), 64)]))
	if err != nil {
		return fmt.Errorf("a time that is not as %s", timeLayout)
	}
	*t = Time{u}
	return nil
}
