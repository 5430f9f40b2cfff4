package reconcile

import (
	"strings"
	"time"

	"github.com/assumebot/assumebot/broker/cloudtrail"
)

// Delay is how long CloudTrail is given to deliver an event before it is missed. AWS says that
// it takes about 5 minutes on average, and guarantees no time.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
const Delay = time.Hour

// A place is where events are of: an AWS account, and one of its regions.
type place struct{ account, region string }

// A span is from the first event to the last.
type span struct{ first, last time.Time }

func (s span) with(at time.Time) span {
	if s.first.IsZero() || at.Before(s.first) {
		s.first = at
	}
	if at.After(s.last) {
		s.last = at
	}
	return s
}

// covers reports whether there are events before from, and such long after to that those
// until then were delivered.
func (s span) covers(from, to time.Time) bool {
	return !s.first.IsZero() && !s.first.After(from) && !s.last.Before(to.Add(Delay))
}

// maxPlaces is more than an organization's accounts in all regions; further ones count as not covered.
const maxPlaces = 200_000

// A coverage is of what the files tell.
type coverage struct {
	places   map[place]span
	accounts map[string]span
	all      span
}

func newCoverage() coverage { return coverage{places: map[place]span{}, accounts: map[string]span{}} }

func (c *coverage) take(e cloudtrail.Event) {
	p := place{e.Account, e.Region}
	if _, known := c.places[p]; !known && len(c.places) >= maxPlaces {
		return
	}
	c.places[p] = c.places[p].with(e.Time)
	c.accounts[p.account] = c.accounts[p.account].with(e.Time)
	c.all = c.all.with(e.Time)
}

// accountOf is the AWS account in an ARN; "" where there is none.
func accountOf(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return ""
	}
	return parts[4]
}
