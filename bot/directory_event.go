package bot

import (
	"context"
	"encoding/json"
	"time"

	"github.com/assumebot/assumebot/broker/retry"
)

// dropTries bounds how often a copy that may be out of date is dropped anew; what
// cannot be dropped ends by itself within its minute.
const dropTries = 5

// directoryEvent serves an event that tells of changed groups or people, and
// reports whether it was one. A repeat does no harm, so nothing is claimed first.
func (b *Bot) directoryEvent(ctx context.Context, event json.RawMessage) bool {
	var kind struct {
		Type string `json:"type"`
	}
	if json.Unmarshal(event, &kind) != nil {
		return false
	}
	switch kind.Type {
	case "subteam_updated", "subteam_members_changed":
		b.dropCopy(ctx, groupsCopy)
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
			b.log.ErrorContext(ctx, "event not understood", "type", kind.Type)
			break
		}
		b.dropCopy(ctx, personCopy(changed.User.ID))
		if other := changed.User.Enterprise.ID; other != "" && other != changed.User.ID {
			b.dropCopy(ctx, personCopy(other))
		}
	default:
		return false
	}
	return true
}

func (b *Bot) dropCopy(ctx context.Context, name string) {
	pace := retry.Pace{First: 100 * time.Millisecond, Longest: 500 * time.Millisecond, Tries: dropTries}
	if err := pace.Do(ctx, func() error { return b.copies.DropCopy(ctx, name) }); err != nil {
		b.log.ErrorContext(ctx, "a change in Slack counts only in a minute: the store does not answer", "copy", name, "error", err)
	}
}
