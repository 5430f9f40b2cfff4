package bot

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker/retry"
)

// Greet asks Slack whose the bot token is, waiting for a Slack that cannot be reached, and
// refuses to serve where nothing could work: a token that is not taken, an app in another
// workspace, a scope that everything needs, an audit channel that cannot be posted to.
// What Slack does not tell is no reason to refuse. It comes before Run, and returns nil
// when ctx ends.
func (b *Bot) Greet(ctx context.Context) error {
	membership := make(chan error, 1)
	go func() { membership <- b.member(ctx) }() // asked meanwhile
	me, err := b.whoAmI(ctx)
	there := <-membership
	switch {
	case me == nil:
		return err
	case there != nil && !refusesToServe(there):
		there = b.member(ctx) // Slack may not have been there yet
	}
	b.log.Info("Slack knows the bot", "team", me.TeamID, "bot_user", me.UserID)
	if err := b.fits(me); err != nil {
		return err
	}
	return b.joined(ctx, me.User, there)
}

// whoAmI waits for Slack; nil without an error is that ctx ended before.
func (b *Bot) whoAmI(ctx context.Context) (me *slack.AuthTestResponse, err error) {
	var fatal *webapi.FatalError
	pace := webapi.Patience()
	pace.Report = func(err error, wait time.Duration) {
		b.log.Warn("Slack does not answer", "error", err, "retry_in", wait)
	}
	err = pace.Do(ctx, func() (err error) {
		if me, err = b.web.WhoAmI(ctx); errors.As(err, &fatal) {
			return retry.Final(err)
		}
		return webapi.AsTold(err)
	})
	switch {
	case err == nil:
		return me, nil
	case fatal == nil && ctx.Err() != nil:
		return nil, nil //nolint:nilerr // told to stop before Slack answered
	}
	return nil, err
}

// fits refuses an app that is installed elsewhere, or for less than everything needs.
func (b *Bot) fits(me *slack.AuthTestResponse) error {
	workspaces := b.live.Load().settings.Workspaces
	switch served := slices.Contains(workspaces, me.TeamID); {
	case served:
	case me.EnterpriseID != "": // people of its other workspaces may be served
		b.log.Warn("the bot's own workspace is not in slack.workspaces, so nobody in it is served", "team", me.TeamID)
	default:
		return webapi.Unfit("the app is installed in the workspace "+me.TeamID+", and slack.workspaces names "+strings.Join(workspaces, ", "),
			"write "+me.TeamID+" there, or install the app in the other workspace and put its tokens into SLACK_APP_TOKEN and SLACK_BOT_TOKEN")
	}
	granted, told := webapi.ScopesOf(me.Header)
	if !told {
		return nil
	}
	var lacks []string
	for _, missing := range webapi.MissingScopes(granted) {
		if missing.Must {
			lacks = append(lacks, missing.Name+" ("+missing.For+")")
		}
	}
	if len(lacks) > 0 {
		return webapi.Unfit("the bot token lacks "+strings.Join(lacks, ", "), webapi.Reinstall)
	}
	return nil
}

// errAbsent says that the bot is not in a channel.
var errAbsent = errors.New("not a member")

// member returns nil if the bot is in the audit channel.
func (b *Bot) member(ctx context.Context) error {
	member, err := b.web.Member(ctx, b.audit.Channel)
	if err == nil && !member {
		err = errAbsent
	}
	return err
}

func refusesToServe(err error) bool {
	return errors.Is(err, errAbsent) || webapi.Refused(err, "channel_not_found")
}

// joined refuses an audit channel that the bot is not in, as far as Slack tells that by err.
func (b *Bot) joined(ctx context.Context, name string, err error) error {
	channel := b.audit.Channel
	invite := "in Slack, in that channel: /invite @" + name
	switch {
	case err == nil:
	case errors.Is(err, errAbsent):
		return webapi.Unfit("the bot is not in the audit channel "+channel+", so nothing could be told there", invite)
	case refusesToServe(err):
		return webapi.Unfit("slack.audit_channel is "+channel+", and the workspace has no such channel, or it is private and the bot is not in it",
			"copy the ID from the channel's details; where it is private, "+invite)
	case ctx.Err() == nil:
		b.log.Info("Slack does not say whether the bot is in the audit channel", "channel", channel, "error", err)
	}
	return nil
}
