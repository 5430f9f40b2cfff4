package bot

import (
	"slices"
	"time"

	"github.com/assumebot/assumebot/broker"
)

// foldWindow is how long further refusals of one person are only counted.
const foldWindow = time.Minute

// A tally counts the refusals of one person after the one that was posted.
type tally struct {
	User  string              `json:"user,omitempty"` // the User's name, "" for a stranger
	Until time.Time           `json:"until"`
	Count int                 `json:"count,omitempty"`
	Codes map[broker.Code]int `json:"codes,omitempty"`
}

// tallied counts e if it is a further refusal of somebody within their minute; a
// first one opens the minute and is to be posted.
func (s *auditState) tallied(e broker.Event, now time.Time) bool {
	if e.Kind != broker.EventRefused || isQuestion(e) {
		return false
	}
	f, open := s.Folds[e.SlackUser]
	if !open {
		s.Folds[e.SlackUser] = tally{User: e.User, Until: now.Add(foldWindow)}
		return false
	}
	if f.Codes == nil {
		f.Codes = make(map[broker.Code]int)
	}
	f.Count++
	f.Codes[e.Code]++
	s.Folds[e.SlackUser] = f
	return true
}

// due returns whose minute is over, in a fixed order.
func (s *auditState) due(now time.Time) []string {
	var users []string
	for user, f := range s.Folds {
		if !now.Before(f.Until) {
			users = append(users, user)
		}
	}
	slices.Sort(users)
	return users
}
