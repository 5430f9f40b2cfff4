package recorded

import (
	"context"
	"log/slog"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/state"
	"github.com/assumebot/assumebot/broker/secret"
)

// sessions are MFA sessions of the store that the record says were begun, and not ended.
// One that does not count is as none: the person sends a code.
type sessions struct {
	broker.Sessions
	log Log
	out *slog.Logger
}

// FindMFASession implements [broker.Sessions].
func (s sessions) FindMFASession(ctx context.Context, user string) (broker.Session, secret.Credentials, bool, error) {
	found, c, ok, err := s.Sessions.FindMFASession(ctx, user)
	if err == nil && ok {
		ok, err = s.counts(ctx, found)
	}
	if err != nil || !ok {
		return broker.Session{}, secret.Credentials{}, false, err
	}
	return found, c, true, nil
}

func (s sessions) counts(ctx context.Context, found broker.Session) (bool, error) {
	if s.log.SessionEnded(state.Held{ID: found.ID, User: found.User, Entry: found.Entry}) {
		return false, nil
	}
	if found.Entry == 0 {
		return true, nil
	}
	ok, err := stands(ctx, s.log, found.Entry, func(e event.Event) bool {
		granted, ok := e.Data.(event.GrantedData)
		return ok && granted.Purpose == string(broker.PurposeMFASession) &&
			e.Request == found.ID && e.Actor.User == found.User && granted.AccessKeyID == found.AccessKeyID
	})
	if err == nil && !ok {
		s.out.ErrorContext(ctx, "an MFA session of the store is not on the record: it does not count", "session", found.ID, "user", found.User, "entry", found.Entry)
	}
	return ok, err
}
