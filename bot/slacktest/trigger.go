package slacktest

import (
	"fmt"
	"time"
)

// trigger lets the app open one modal, soon.
// https://docs.slack.dev/interactivity/handling-user-interaction#modal_responses
type trigger struct {
	user   string
	viewID string // the modal it came from
	real   time.Time
	made   time.Time // by the settable clock
	used   bool
}

// newTrigger makes a trigger_id. The caller holds mu.
func (s *windows) newTrigger(user, viewID string) string {
	s.serial++
	id := fmt.Sprintf("%d.%d.%s", s.serial, s.clock().Unix(), randomID(16))
	s.triggers[id] = &trigger{user: user, viewID: viewID, real: time.Now(), made: s.clock()}
	return id
}

// exchange uses a trigger up. The caller holds mu.
func (s *windows) exchange(id string) (*trigger, error) {
	t := s.triggers[id]
	switch {
	case t == nil:
		return nil, failure("invalid_trigger_id")
	case t.used:
		return nil, failure("exchanged_trigger_id")
	case time.Since(t.real) > s.triggerLife, s.clock().Sub(t.made) > s.triggerLife:
		return nil, failure("expired_trigger_id")
	}
	t.used = true
	return t, nil
}
