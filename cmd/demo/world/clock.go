package world

import (
	"sync/atomic"
	"time"
)

// A Clock is real time and how far the demo has moved ahead of it. Everything but
// the dates of AWS signatures goes by it.
type Clock struct{ ahead atomic.Int64 }

// Now is what the demo takes for the time.
func (c *Clock) Now() time.Time { return time.Now().Add(c.Moved()) }

// Moved is how far ahead that is.
func (c *Clock) Moved() time.Duration { return time.Duration(c.ahead.Load()) }

func (c *Clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }
