package socketmode

import (
	"strconv"
	"time"
)

// Slack ends each socket about as long after its hello as that says, all of one
// process at about the same time, and may announce it or not. So each slot opens
// the next one before, at a time of its own.
// https://docs.slack.dev/apis/events-api/using-socket-mode

const (
	// shortestLife is the least that is taken for a lifetime: with debug_reconnects
	// it is 360 s. A socket that lives for less is replaced when Slack announces its
	// end, so that a bogus number costs no dials.
	shortestLife = 5 * time.Minute
	// longestLife is the most.
	longestLife = 24 * time.Hour
)

// early is how long after hello slot, of count, opens the next socket: from half to
// nine tenths of the lifetime, of which each slot has a share of its own, and in
// that at random, so that replicas differ too. 0 is never.
func early(life time.Duration, slot, count int, random float64) time.Duration {
	if life < shortestLife {
		return 0
	}
	share := 0.5 + 0.4*(float64(slot)+random)/float64(count)
	return time.Duration(share * float64(min(life, longestLife)))
}

// lifetime is approximate_connection_time. It is one hint among others, so what is
// no number of seconds is none, and no reason to refuse a hello.
type lifetime time.Duration

// UnmarshalJSON implements [json.Unmarshaler]; it takes anything.
func (l *lifetime) UnmarshalJSON(data []byte) error {
	*l = 0
	seconds, err := strconv.ParseFloat(string(data), 64)
	switch {
	case seconds >= longestLife.Seconds(): // infinite where it is out of range
		*l = lifetime(longestLife)
	case err == nil && seconds > 0:
		*l = lifetime(seconds * float64(time.Second))
	}
	return nil
}
