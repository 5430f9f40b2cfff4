package awsapi

import (
	"cmp"
	"slices"
	"time"

	"github.com/assumebot/assumebot/broker/watch"
)

// Silent are the endpoints that rest, since they do not answer, by name.
func (c *Client) Silent() []watch.Silence {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []watch.Silence
	for of, b := range c.breakers {
		if since := b.silentSince(); !since.IsZero() {
			out = append(out, watch.Silence{Endpoint: of.String(), Since: since})
		}
	}
	slices.SortFunc(out, func(x, y watch.Silence) int { return cmp.Compare(x.Endpoint, y.Endpoint) })
	return out
}

// silentSince is zero where the endpoint is asked.
func (b *breaker) silentSince() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.until.IsZero() {
		return time.Time{}
	}
	return b.since
}
