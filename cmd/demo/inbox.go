package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
)

// An inbox holds what has changed in Slack and was not shown yet.
type inbox struct {
	slack *slacktest.Server
	news  chan struct{} // filled by notice

	mu      sync.Mutex
	changes []slacktest.Change
	noticed int // versions of messages noticed so far
}

func newInbox(slack *slacktest.Server) *inbox {
	i := &inbox{slack: slack, news: make(chan struct{}, 1)}
	slack.Subscribe(i.notice)
	return i
}

// notice takes a change of Slack in; the fake calls it on a goroutine of its own.
func (i *inbox) notice(c slacktest.Change) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if c.Message.Via != "person" { // they know what they wrote
		i.changes = append(i.changes, c)
	}
	if c.Kind == slacktest.MessagePosted || c.Kind == slacktest.MessageUpdated {
		i.noticed++
	}
	select {
	case i.news <- struct{}{}:
	default:
	}
}

// take empties the inbox.
func (i *inbox) take() []slacktest.Change {
	i.mu.Lock()
	defer i.mu.Unlock()
	all := i.changes
	i.changes = nil
	return all
}

func (i *inbox) empty() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.changes) == 0
}

// await reports whether the inbox came to hold a change that is wanted.
func (i *inbox) await(ctx context.Context, limit time.Duration, wanted func(slacktest.Change) bool) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		i.mu.Lock()
		found := slices.ContainsFunc(i.changes, wanted)
		i.mu.Unlock()
		if found {
			return true
		}
		select {
		case <-i.news:
		case <-ctx.Done():
			return false
		}
	}
}

// awaitNotice waits for the changes that Slack has made and not told of yet.
func (i *inbox) awaitNotice(ctx context.Context) error {
	made := i.slack.Appeared()
	for {
		i.mu.Lock()
		noticed := i.noticed
		i.mu.Unlock()
		if noticed >= made {
			return nil
		}
		select {
		case <-i.news:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
