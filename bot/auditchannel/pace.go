package auditchannel

import (
	"context"
	"errors"
	"time"

	"github.com/slack-go/slack"
)

// postEvery is how often Slack takes a message for one channel.
// https://docs.slack.dev/apis/web-api/rate-limits
const postEvery = time.Second

// A pace says when the next post may go out. What is posted then is chosen only then: an
// alarm that came meanwhile goes first.
type pace struct {
	every time.Duration
	next  time.Time
}

// await returns nil once a post may go out.
func (p *pace) await(ctx context.Context) error {
	wait := time.NewTimer(time.Until(p.next))
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// posted notes a post that went out at some time and ended with err. It reports whether
// Slack asked to wait.
func (p *pace) posted(at time.Time, err error) (limited bool) {
	p.next = at.Add(p.every)
	var asked *slack.RateLimitedError
	if errors.As(err, &asked) {
		p.next = time.Now().Add(max(asked.RetryAfter, p.every))
		return true
	}
	return false
}
