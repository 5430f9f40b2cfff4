package state

import (
	"time"

	"github.com/assumebot/assumebot/broker/event"
)

// What was issued ends before its time in two ways. A Grant is ended by its ID. What a
// person has is taken from them as of an entry, and then it is all that stands on the
// record before that entry: whatever the store did not show to who took it, and whatever
// is put back there, is taken too. An MFA session is always taken so, since a person has
// one at a time.

// A Held is a Grant or MFA session as the store has it.
type Held struct {
	ID      string
	User    string // Slack user ID
	Account string // of a Grant
	RoleARN string // of a Grant
	Entry   int64  // number of the entry that tells that it was issued; 0: it is from before the record had numbers
}

// An Ending says how far a Grant has ended.
type Ending int

// How far a Grant has ended.
const (
	Lives    Ending = iota
	Unusable        // its Credentials are forgotten. It is listed until AWS refuses them
	Gone
)

// endings are what was ended, and would still run.
type endings struct {
	ended    map[string]until // Grants, by ID
	unbegun  map[string]until // MFA sessions that were ended while they began, by ID
	sessions map[string]until // MFA sessions that were taken, by Slack user ID
	taken    map[taking]taken
}

// A taking is what was taken of whom.
type taking struct {
	user string // Slack user ID
	of   string // an Account, or its role; "" of all
}

// A taken says which of it.
type taken struct {
	until        // Grants before the entry are unusable
	gone  int64  // those before this entry are gone
	by    string // the Request that takes
}

func newEndings() endings {
	return endings{
		ended:    map[string]until{},
		unbegun:  map[string]until{},
		sessions: map[string]until{},
		taken:    map[taking]taken{},
	}
}

// end takes in that a person ended a Grant, with the MFA session, or the latter alone.
func (s *endings) end(number int64, user string, d event.EndedData, now time.Time) {
	s.sessions[user] = until{number, now.Add(endedFor)}
	if d.Purpose != purposeMFASession {
		s.endGrant(number, d.Grant, d.Expires.Time, now)
	}
}

func (s *endings) endGrant(number int64, id string, expires, now time.Time) {
	if id == "" {
		return
	}
	last := now.Add(endedFor)
	if expires.IsZero() || expires.After(last) {
		expires = last
	}
	s.ended[id] = until{number, expires}
}

// revoking takes in that what a person has is about to be taken.
func (s *endings) revoking(number int64, e event.Event, d event.RevokingData, now time.Time) {
	user, last := whose(e, d.Target), now.Add(endedFor)
	s.sessions[user] = until{number, last}
	for _, of := range takenOf(d.Account, d.RoleARN) {
		at := taking{user, of}
		s.taken[at] = taken{until{number, last}, s.taken[at].gone, e.Request}
	}
}

// revoked takes in that it was taken, and that AWS refuses it where it was told.
func (s *endings) revoked(e event.Event, d event.RevokedData, now time.Time) {
	if d.Code != "" || d.Attempt != "" || d.Account == "" {
		return
	}
	user := whose(e, d.Target)
	begun, ok := s.taken[taking{user, d.Account}]
	if !ok || begun.by != e.Request {
		if begun, ok = s.taken[taking{user, ""}]; !ok || begun.by != e.Request {
			return
		}
	}
	for _, of := range takenOf(d.Account, d.RoleARN) {
		at := taking{user, of}
		t := s.taken[at]
		s.taken[at] = taken{until{max(t.entry, begun.entry), now.Add(endedFor)}, max(t.gone, begun.entry), e.Request}
	}
}

// whose is what an Event takes: the Target's, or the actor's own.
func whose(e event.Event, target event.Person) string {
	if target.ID != "" {
		return target.ID
	}
	return e.Actor.User
}

// takenOf are an Account and its role: a Grant may be of the role by another name.
func takenOf(account, role string) []string {
	if account == "" || role == "" {
		return []string{account}
	}
	return []string{account, role}
}

// sessionBegan takes in an MFA session whose intent stands at a number: one that was ended
// since then never begins.
func (s *endings) sessionBegan(number, intent int64, e event.Event, d event.GrantedData, now time.Time) {
	if d.Purpose == purposeMFASession && intent < s.sessions[e.Actor.User].entry {
		s.unbegun[e.Request] = until{number, now.Add(endedFor)}
	}
}

// thrownAway takes in that what was kept already was thrown away unseen.
func (s *endings) thrownAway(number int64, e event.Event, d event.FailedData, now time.Time) {
	if d.AccessKeyID != "" {
		s.endGrant(number, e.Request, d.Expires.Time, now)
	}
}

func (s *endings) grant(h Held) Ending {
	if _, ok := s.ended[h.ID]; ok {
		return Gone
	}
	how := Lives
	for _, of := range append(takenOf(h.Account, h.RoleARN), "") {
		t, ok := s.taken[taking{h.User, of}]
		switch {
		case !ok:
		case h.Entry < t.gone:
			return Gone
		case h.Entry < t.entry:
			how = Unusable
		}
	}
	return how
}

func (s *endings) session(h Held) bool {
	_, unbegun := s.unbegun[h.ID]
	at, taken := s.sessions[h.User]
	return unbegun || taken && h.Entry < at.entry
}

func (s *endings) sweep(now time.Time) {
	forget(s.ended, now)
	forget(s.unbegun, now)
	forget(s.sessions, now)
	forget(s.taken, now)
}

// purposeMFASession is broker's purpose of what begins or ends an MFA session.
const purposeMFASession = "mfa_session"
