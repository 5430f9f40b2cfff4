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
	// cursorPause is how often that is looked at: it changes without notice.
	cursorPause = 2 * time.Millisecond
)

// An audience waits until the bot has done what it was asked, and shows that on
// the screen.
type audience struct {
	*screen
	*inbox
	scene *scene
	late  time.Duration // how long it waits for what comes by itself
}

// answered shows what came of an action, or says why it could not be done.
func (a *audience) answered(ctx context.Context, p *person, d *slacktest.Delivery, err error) error {
	if err != nil {
		return plainly(err)
	}
	return a.showOutcome(ctx, p, d)
}

// showOutcome waits until the bot has answered p and the audit channel shows what is
// on the record, then shows all of it. d is nil when the bot was not told.
func (a *audience) showOutcome(ctx context.Context, p *person, d *slacktest.Delivery) error {
	if d == nil {
		a.showNews(p)
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := d.Wait(ctx); err != nil {
		// What a command came to, Slackbot tells in the channel.
		if d.Type != "slash_commands" {
			a.note("Slack shows %s a warning sign: %v", p.Name, err)
		}
		err := a.awaitNotice(ctx)
		a.showNews(p)
		if a.scene.App == nil && len(a.scene.Slack.Connections()) == 0 {
			a.note("no bot is connected: start `./assumebot run` in another terminal")
		}
		return err
	}
	// Only a command is sure to be answered, in private. What else somebody does
	// may show anywhere, such as in a message that they all see.
	certain, limit := d.Type == "slash_commands", briefly
	if certain {
		limit = patience
	}
	if err := a.scene.worked(ctx, p); err != nil {
		return err
	}
	answered := a.await(ctx, limit, func(c slacktest.Change) bool { return !certain || a.scene.answers(p, c) })
	if err := a.caughtUp(ctx); err != nil {
		return err
	}
	a.scene.unfold(ctx, p)
	a.showNews(p)
	switch {
	case answered || ctx.Err() != nil:
		return ctx.Err()
	case !certain:
		a.note("the bot took notice and showed %s nothing", p.Name)
		return nil
	}
	return fmt.Errorf("the bot did not answer %s within %s: %s", p.Name, limit, a.scene.seeLog())
}

// worked waits while a window of p's says that AWS is being asked.
func (w *scene) worked(ctx context.Context, p *person) error {
	return w.Slack.Await(ctx, func(s *slacktest.Server) bool {
		return !slices.ContainsFunc(s.Views(p.ID), func(v slacktest.View) bool {
			return strings.Contains(v.Plain(), "Asking AWS") || strings.Contains(v.Plain(), "Asking others")
		})
	})
}

// answers reports whether a change may be the answer to a command of p's. The
// App Home and direct messages come when they come, and may be those of the
// line before.
func (w *scene) answers(p *person, c slacktest.Change) bool {
	byItself := c.Kind == slacktest.HomePublished || c.User == "" && !c.Message.Ephemeral
	return w.onlyFor(c) == p && !byItself
}

// caughtUp waits until the audit channel's poster has come to the end of the
// record, and until everything that Slack shows by then has been noticed. The
// record knows what the channel owes better than any count of messages: some
// entries are posted together, some not at all. The record of a bot that is another
// program is its own; what it posts comes by itself.
func (a *audience) caughtUp(ctx context.Context) error {
	if a.scene.App == nil {
		return a.awaitNotice(ctx)
	}
	_, end, err := a.scene.App.Store.Log.Bounds(ctx)
	if err != nil {
		return err
	}
	ticker := time.NewTicker(cursorPause)
	defer ticker.Stop()
	for {
		next, err := a.scene.App.Bot.AuditNext(ctx)
		if err != nil {
			return err
		}
		if next >= end {
			return a.awaitNotice(ctx)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return errors.New("the audit channel does not show what is on the record: " + a.scene.seeLog())
		}
	}
}

// dueDone waits until the bot has done what fell due, reminders and deletions;
// it looks every second.
func (a *audience) dueDone(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, briefly)
	defer cancel()
	ticker := time.NewTicker(cursorPause)
	defer ticker.Stop()
	for {
		due, err := a.scene.App.Bot.Due(ctx)
		if err != nil || due == 0 {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil // Slack may be refusing; what happens is shown when it does
		}
	}
}

// seen reports whether look found what it looks for, at once or in time: what a
// person acts on may not be there yet. What came meanwhile is shown.
func (a *audience) seen(ctx context.Context, look func() bool) bool {
	if look() {
		return true
	}
	limit := a.late
	if !a.script {
		limit = min(limit, time.Second) // whoever sits here has mistyped it
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	found := a.scene.Slack.Await(ctx, func(*slacktest.Server) bool { return look() }) == nil
	a.showNews(nil)
	return found
}

// showNews shows what was noticed: first what answers actor, then what others
// see alone, then channels.
func (a *audience) showNews(actor *person) {
	all := a.take()
	rank := func(c slacktest.Change) int {
		switch a.scene.onlyFor(c) {
		case nil:
			return 2
		case actor:
			return 0
		}
		return 1
	}
	slices.SortStableFunc(all, func(x, y slacktest.Change) int { return rank(x) - rank(y) })
	for _, c := range all {
		a.show(c)
	}
	a.uncover()
}

// show prints one change.
func (a *audience) show(c slacktest.Change) {
	to := a.scene.onlyFor(c)
	if to != nil {
		to.paste(c)
	}
	tree, controls := a.scene.drawn(c)
	a.draw(a.scene.heading(c), tree, controls)
}

// plainly is an error of the fake's in the demo's words.
func plainly(err error) error { return errors.New(strings.TrimPrefix(err.Error(), "slacktest: ")) }
