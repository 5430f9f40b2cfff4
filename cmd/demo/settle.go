package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
)

const (
	// briefly is how long an action may stay without a visible answer, when none
	// may be due at all.
	briefly = 2 * time.Second
	// recordPage is how many entries of the record are read at once.
	recordPage = 100
	// cursorPause is how often that is looked at: it changes without notice.
	cursorPause = 2 * time.Millisecond
)

// settle waits until the bot has answered p and the audit channel shows what is
// on the record, then shows all of it. d is nil when the bot was not told.
func (t *terminal) settle(ctx context.Context, p *person, d *slacktest.Delivery) error {
	if d == nil {
		t.showNews(p)
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := d.Wait(ctx); err != nil {
		// What a command came to, Slackbot tells in the channel.
		if d.Type != "slash_commands" {
			t.note("Slack shows %s a warning sign: %v", p.name, err)
		}
		err := t.awaitNotice(ctx)
		t.showNews(p)
		return err
	}
	// Only a command is sure to be answered, in private. What else somebody does
	// may show anywhere, such as in a message that they all see.
	certain, limit := d.Type == "slash_commands", briefly
	if certain {
		limit = patience
	}
	if err := t.worked(ctx, p); err != nil {
		return err
	}
	answered := t.await(ctx, limit, func(c slacktest.Change) bool { return !certain || t.world.answers(p, c) })
	if err := t.caughtUp(ctx); err != nil {
		return err
	}
	t.unfold(ctx, p)
	t.showNews(p)
	switch {
	case answered || ctx.Err() != nil:
		return ctx.Err()
	case !certain:
		t.note("the bot took notice and showed %s nothing", p.name)
		return nil
	}
	return fmt.Errorf("the bot did not answer %s within %s: run the demo with -v to see its log", p.name, limit)
}

// worked waits while a window of p's says that AWS is being asked.
func (t *terminal) worked(ctx context.Context, p *person) error {
	return t.world.slack.Await(ctx, func(s *slacktest.Server) bool {
		return !slices.ContainsFunc(s.Views(p.id), func(v slacktest.View) bool {
			return strings.Contains(v.Plain(), "Asking AWS") || strings.Contains(v.Plain(), "Asking others")
		})
	})
}

// answers reports whether a change may be the answer to a command of p's. The
// App Home and direct messages come when they come, and may be those of the
// line before.
func (w *world) answers(p *person, c slacktest.Change) bool {
	byItself := c.Kind == slacktest.HomePublished || c.User == "" && !c.Message.Ephemeral
	return w.onlyFor(c) == p && !byItself
}

// await reports whether the inbox came to hold a change that is wanted.
func (t *terminal) await(ctx context.Context, limit time.Duration, wanted func(slacktest.Change) bool) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		t.mu.Lock()
		found := slices.ContainsFunc(t.inbox, wanted)
		t.mu.Unlock()
		if found {
			return true
		}
		select {
		case <-t.news:
		case <-ctx.Done():
			return false
		}
	}
}

// caughtUp waits until the audit channel's poster has come to the end of the
// record, and until everything that Slack shows by then has been noticed. The
// record knows what the channel owes better than any count of messages: some
// entries are posted together, some not at all.
func (t *terminal) caughtUp(ctx context.Context) error {
	if err := t.readRecord(ctx); err != nil {
		return err
	}
	ticker := time.NewTicker(cursorPause)
	defer ticker.Stop()
	for {
		position, err := t.world.app.Bot.AuditPosition(ctx)
		if err != nil {
			return err
		}
		if position == t.recordEnd {
			return t.awaitNotice(ctx)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return errors.New("the audit channel does not show what is on the record: run the demo with -v to see its log")
		}
	}
}

// readRecord finds the end of the record.
func (t *terminal) readRecord(ctx context.Context) error {
	for {
		entries, err := t.world.app.Store.Record.ReadRecord(ctx, t.recordEnd, recordPage)
		if err != nil {
			return err
		}
		if len(entries) > 0 {
			t.recordEnd = entries[len(entries)-1].Position
		}
		if len(entries) < recordPage {
			return nil
		}
	}
}

// awaitNotice waits for the changes that Slack has made and not told of yet.
func (t *terminal) awaitNotice(ctx context.Context) error {
	made := len(t.world.slack.Messages())
	for {
		t.mu.Lock()
		noticed := t.noticed
		t.mu.Unlock()
		if noticed >= made {
			return nil
		}
		select {
		case <-t.news:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
