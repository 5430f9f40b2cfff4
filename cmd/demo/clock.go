package main

import (
	"sync/atomic"
	"time"
)

// clock is real time and how far the demo has moved ahead of it. Everything but
// the dates of AWS signatures goes by it.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(c.moved()) }

func (c *clock) moved() time.Duration { return time.Duration(c.ahead.Load()) }

func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }
