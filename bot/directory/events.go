package directory

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/assumebot/assumebot/broker/retry"
)

// dropTries bounds how often a copy that may be out of date is dropped anew; what
// cannot be dropped ends by itself within its minute.
const dropTries = 5

// Events are Slack's events that tell of changed groups or people.
type Events struct {
	copies Copies
	log    *slog.Logger
}

// NewEvents returns Events.
func NewEvents(copies Copies, log *slog.Logger) *Events {
	return &Events{copies: copies, log: log}
}

// Serve has what an event tells of asked anew, and reports whether it was one. A
// repeat does no harm, so nothing is marked first.
func (e *Events) Serve(ctx context.Context, event json.RawMessage) bool {
	var kind struct {
		Type string `json:"type"`
	}
	if json.Unmarshal(event, &kind) != nil {
		return false
	}
	switch kind.Type {
	case "subteam_updated", "subteam_members_changed":
		e.drop(ctx, groupsCopy)
	case "user_change":
		var changed struct {
			User struct {
				ID         string `json:"id"`
				Enterprise struct {
					ID string `json:"id"`
				} `json:"enterprise_user"`
			} `json:"user"`
		}
		if json.Unmarshal(event, &changed) != nil || changed.User.ID == "" {
			e.log.ErrorContext(ctx, "event not understood", "type", kind.Type)
			break
		}
		e.drop(ctx, personCopy(changed.User.ID))
		if other := changed.User.Enterprise.ID; other != "" && other != changed.User.ID {
			e.drop(ctx, personCopy(other))
		}
	default:
		return false
	}
	return true
}

func (e *Events) drop(ctx context.Context, name string) {
	pace := retry.Pace{First: 100 * time.Millisecond, Longest: 500 * time.Millisecond, Tries: dropTries}
	if err := pace.Do(ctx, func() error { return e.copies.DropCopy(ctx, name) }); err != nil {
		e.log.ErrorContext(ctx, "a change in Slack counts only in a minute: the store does not answer", "copy", name, "error", err)
	}
}
