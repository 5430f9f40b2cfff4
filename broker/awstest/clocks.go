package awstest

import (
	"sync/atomic"
	"time"
)

// clocks are the times that AWS goes by, and shows.
type clocks struct {
	clock  atomic.Pointer[func() time.Time]
	skew   atomic.Int64
	travel atomic.Pointer[func() time.Duration]
}

// SetClock replaces the clock of MFA codes and of the expiry of issued credentials; now must be safe
// for concurrent use. It does not move the dates of signatures, which AWS clients take from the wall
// clock: see SetSkew.
func (c *clocks) SetClock(now func() time.Time) { c.clock.Store(&now) }

// SetTravel lets the Date header go ahead of the wall clock by what ahead returns, as far as time
// travel has moved everybody: it may only grow, and must be safe for concurrent use. Clients sign by
// the wall clock, or by the Date of an earlier answer, so any date from the wall clock's to the one
// that is shown is good for a signature.
func (c *clocks) SetTravel(ahead func() time.Duration) { c.travel.Store(&ahead) }

// SetSkew puts AWS's clock d ahead of the wall clock, for signatures and the Date header alone.
// Beyond five minutes (S3: fifteen) signatures are refused.
func (c *clocks) SetSkew(d time.Duration) { c.skew.Store(int64(d)) }

func (c *clocks) now() time.Time     { return (*c.clock.Load())() }
func (c *clocks) awsTime() time.Time { return time.Now().Add(time.Duration(c.skew.Load())).UTC() }

// shownTime is what the Date header says.
func (c *clocks) shownTime() time.Time {
	if ahead := c.travel.Load(); ahead != nil {
		return c.awsTime().Add((*ahead)())
	}
	return c.awsTime()
}
