package broker

import (
	"context"

	"github.com/assumebot/assumebot/broker/prose"
)

// Admins are judged by their Slack user ID alone: they need not be Users, so that
// somebody can stop the bot who can have nothing of it.
//
// What takes away, a block and the pause, counts first and is recorded then; it
// stays when the record fails. What gives back is recorded first, and does not
// happen when that fails.

// toOrder is the way of admins; act completes "Only admins may …".
func (b *Admins) toOrder(detail, act string) way {
	return way{[]step{func(ctx context.Context, r *Request) error { return b.isAdmin(ctx, *r, detail, act) }}, always}
}

func (b *Admins) isAdmin(ctx context.Context, r Request, detail, act string) error {
	if err := b.visits.served(ctx, r.Caller); err != nil {
		return err
	}
	listed, err := b.visits.listedAsAdmin(ctx, r.Caller.User)
	if err != nil {
		return err
	}
	if _, stranger := b.visits.known(ctx, r.Caller); !listed && stranger != nil {
		return stranger
	}
	if err := b.visits.inGoodStanding(ctx, r.Caller.User); err != nil {
		return err
	}
	if !listed {
		return newError(CodeNotAdmin, prose.Say("Only admins may "+act+"."), b.contact()).detailed(detail)
	}
	return b.visits.notBlocked(ctx, r.Caller.User)
}

// listedAsAdmin looks the person up in Admins. An error means unknown.
func (b *Visits) listedAsAdmin(ctx context.Context, user string) (bool, error) {
	found := b.config.OnList(b.config.Admins, user, nil)
	if !found.Unknown {
		return found.Yes, nil
	}
	m, err := b.groups(ctx, user)
	if err != nil {
		return false, groupsUnknown(err)
	}
	return b.config.OnList(b.config.Admins, user, m).Yes, nil
}

// Administers reports whether the config and Slack call the Caller an admin. It is for
// what is shown alone: nothing is recorded, and nothing may be done because of it.
func (b *Visits) Administers(ctx context.Context, r Request) bool {
	return b.callsAdmin(ctx, r.Caller) && b.inGoodStanding(ctx, r.Caller.User) == nil
}

// callsAdmin reports whether the config or a user group calls the Caller an admin.
func (b *Visits) callsAdmin(ctx context.Context, c Caller) bool {
	if b.served(ctx, c) != nil {
		return false
	}
	listed, err := b.listedAsAdmin(ctx, c.User)
	return err == nil && listed
}

// NameOf is what the config calls a person; "" if it does not know them.
func (b *core) NameOf(slackID string) string {
	user, _ := b.config.User(slackID)
	return user.Name
}

// notOneself refuses what an admin must not do to themselves.
func notOneself(r Request, what string, hint []prose.Part) error {
	if r.target != r.Caller.User {
		return nil
	}
	return newError(CodeGrammar, prose.Say(what), hint).detailed("oneself")
}
