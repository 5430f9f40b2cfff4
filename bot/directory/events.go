package directory

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/assumebot/assumebot/broker/retry"
)

// Events are Slack's events that tell of changed groups or people.
type Events struct {
	news *news
	log  *slog.Logger
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
		names := []string{personCopy(changed.User.ID)}
		if other := changed.User.Enterprise.ID; other != "" && other != changed.User.ID {
			names = append(names, personCopy(other))
		}
		e.drop(ctx, names...)
	default:
		return false
	}
	return true
}

// drop has nothing of these names count any more: at once here, and on the other
// replicas as soon as the store takes it. Until then nothing that is kept here counts, so
// that a lookup tells the store first, should this give up.
func (e *Events) drop(ctx context.Context, names ...string) {
	e.news.changed(ctx, names...)
	pace := retry.Pace{First: 100 * time.Millisecond, Longest: 5 * time.Second}
	err := pace.Do(ctx, func() error {
		_, err := e.news.current(ctx)
		return err
	})
	if err != nil {
		e.log.ErrorContext(ctx, "a change in Slack is not told to the other replicas yet: the store does not answer", "copies", names, "error", err)
	}
}
