package auditchannel

import (
	"maps"
	"slices"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/event"
)

// foldWindow is how long further Events of one kind that one person caused are only
// counted.
const foldWindow = time.Minute

// A tally counts the Events of one kind and person after the one that was posted.
type tally struct {
	User  string              `json:"user,omitempty"` // the User's name, "" for a stranger
	Kind  event.Kind          `json:"kind,omitempty"` // "" for refusals
	Until time.Time           `json:"until"`
	Count int                 `json:"count,omitempty"`
	Codes map[broker.Code]int `json:"codes,omitempty"`
}

// folds reports whether e may be counted instead of posted: one that a person can
// bring about again and again by typing and pressing. What was issued, break-glass,
// what failed and may be out all the same, and what somebody did to another are
// posted one by one.
func folds(e told) bool {
	switch {
	case e.Kind == event.Refused:
		return !isQuestion(e)
	case e.Kind == event.History: // a further page, for which anybody who may can press again and again
		p, _ := e.Data.(event.HistoryData)
		return p.Before > 0
	case e.BreakGlass || e.Target.ID != "" && e.Target.ID != e.Actor.User:
		return false
	}
	switch e.Kind {
	case event.Failed:
		return broker.Code(e.Code) != broker.CodeOutcomeUnknown && e.AccessKeyID == ""
	case event.Ended, event.SetAside:
		return true
	case event.Approval:
		return e.State == string(approval.Cancelled)
	case event.Imported: // there may be thousands, and anybody who reaches Redis can add some
		p, _ := e.Data.(event.ImportedData)
		return !p.Last && !p.Left
	case event.Revoked: // that found no credentials
		return e.DeniedBefore.IsZero() && e.Expires.IsZero() && e.Code == ""
	}
	return false
}

// foldName is the key of the tally for e.
func foldName(e told) string {
	if e.Kind == event.Refused {
		return e.Actor.User
	}
	return e.Actor.User + foldKind + string(e.Kind)
}

// foldKind parts the person from the kind.
const foldKind = "/"

// tallied counts e if it is a further one of its kind of somebody within their
// minute; a first one opens the minute and is to be posted.
func (s *progress) tallied(e told, now time.Time) bool {
	if !folds(e) {
		return false
	}
	name := foldName(e)
	f, open := s.Folds[name]
	if !open {
		f = tally{User: e.Actor.Name, Until: now.Add(foldWindow)}
		if e.Kind != event.Refused {
			f.Kind = e.Kind
		}
		s.Folds[name] = f
		return false
	}
	if f.Codes = maps.Clone(f.Codes); f.Codes == nil {
		f.Codes = make(map[broker.Code]int)
	}
	f.Count++
	if e.Code != "" {
		f.Codes[broker.Code(e.Code)]++
	}
	s.Folds[name] = f
	return true
}

// foldWords say what was counted, and lead on to the name of the person.
func foldWords(kind event.Kind) (what, whose string) {
	switch kind {
	case event.Failed:
		return "more failure", " for "
	case event.Ended:
		return "more credential", " ended by "
	case event.SetAside:
		return "more task", " given up by "
	case event.Approval:
		return "more request", " for approval cancelled by "
	case event.Imported:
		return "more import", " from the old record, by "
	case event.History:
		return "more page", " of history looked at by "
	case event.Revoked:
		return "more revocation", " that found no credentials, by "
	}
	return "more refusal", " of "
}

// due returns whose minute is over, in a fixed order.
func (s *progress) due(now time.Time) []string {
	return reached(s.Folds, func(f tally) time.Time { return f.Until }, now)
}

// reached returns, in a fixed order, the names of those whose time has come.
func reached[T any](all map[string]T, when func(T) time.Time, now time.Time) []string {
	var names []string
	for name, each := range all {
		if !now.Before(when(each)) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
