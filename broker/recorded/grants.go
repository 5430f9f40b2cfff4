package recorded

import (
	"context"
	"log/slog"
	"slices"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/state"
	"github.com/assumebot/assumebot/broker/secret"
)

// grants are those of the store that nobody ended. Their Credentials are there only while
// the record says that they were issued: a list gives nothing, so it is not asked for one.
type grants struct {
	broker.Grants
	log Log
	out *slog.Logger
}

// LiveGrants implements [broker.Grants].
func (s grants) LiveGrants(ctx context.Context, user string) ([]broker.Grant, error) {
	found, err := s.Grants.LiveGrants(ctx, user)
	return slices.DeleteFunc(found, func(g broker.Grant) bool { return s.log.GrantEnding(held(g)) == state.Gone }), err
}

// Held implements [broker.Grants].
func (s grants) Held(ctx context.Context, most int) (broker.Held, error) {
	found, err := s.Grants.Held(ctx, most)
	found.Grants = slices.DeleteFunc(found.Grants, func(g broker.Grant) bool { return s.log.GrantEnding(held(g)) == state.Gone })
	return found, err
}

// FindGrant implements [broker.Grants].
func (s grants) FindGrant(ctx context.Context, user, grantID string) (broker.KeptGrant, bool, error) {
	found, ok, err := s.Grants.FindGrant(ctx, user, grantID)
	if err != nil || !ok {
		return broker.KeptGrant{}, false, err
	}
	ending := s.log.GrantEnding(held(found.Grant))
	if ending == state.Gone {
		return broker.KeptGrant{}, false, nil
	}
	if !found.Revealable {
		return found, true, nil
	}
	usable := ending == state.Lives
	if usable {
		if usable, err = s.issued(ctx, found.Grant); err != nil {
			return broker.KeptGrant{}, false, err
		}
	}
	if !usable {
		found.Credentials, found.Revealable = secret.Credentials{}, false
	}
	return found, true, nil
}

// RevealGrant implements [broker.Grants]. One that does not count hides no older one.
func (s grants) RevealGrant(ctx context.Context, user, account string) (broker.Grant, secret.Credentials, bool, error) {
	g, c, ok, err := s.Grants.RevealGrant(ctx, user, account)
	if err != nil || !ok {
		return broker.Grant{}, secret.Credentials{}, false, err
	}
	if s.log.GrantEnding(held(g)) == state.Lives {
		if ok, err = s.issued(ctx, g); err != nil || ok {
			return g, c, ok && err == nil, err
		}
	}
	live, err := s.LiveGrants(ctx, user)
	if err != nil {
		return broker.Grant{}, secret.Credentials{}, false, err
	}
	for _, older := range slices.Backward(live) {
		if older.Account != account || older.ID == g.ID {
			continue
		}
		if found, _, err := s.FindGrant(ctx, user, older.ID); err != nil || found.Revealable {
			return found.Grant, found.Credentials, err == nil, err
		}
	}
	return broker.Grant{}, secret.Credentials{}, false, nil
}

// issued reports whether the record says that g was issued. An error says that nobody knows.
func (s grants) issued(ctx context.Context, g broker.Grant) (bool, error) {
	if g.Entry == 0 {
		return true, nil
	}
	ok, err := stands(ctx, s.log, g.Entry, func(e event.Event) bool {
		granted, ok := e.Data.(event.GrantedData)
		return ok && granted.Purpose != string(broker.PurposeMFASession) &&
			e.Request == g.ID && e.Actor.User == g.User && granted.AccessKeyID == g.AccessKeyID
	})
	if err == nil && !ok {
		s.out.ErrorContext(ctx, "a grant of the store is not on the record: its credentials do not count", "grant", g.ID, "user", g.User, "entry", g.Entry)
	}
	return ok, err
}

func held(g broker.Grant) state.Held {
	return state.Held{ID: g.ID, User: g.User, Account: g.Account, RoleARN: string(g.RoleARN), Entry: g.Entry}
}
