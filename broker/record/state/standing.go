package state

import "time"

// Standing is what restricts now.
type Standing struct{ of *State }

// Standing is how a reader sees s.
func (s *State) Standing() Standing { return Standing{s} }

// Orders returns the block of a person and the pause that stand on the record; nil where
// there is none.
func (s Standing) Orders(user string) (block, pause *Order) {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	if b, ok := s.of.blocks[user]; ok {
		block = &b
	}
	if s.of.pause != nil {
		p := *s.of.pause
		pause = &p
	}
	return block, pause
}

// LockOut returns the number of the entry that locked a person out, and when that ends;
// zeros where the record tells of none.
func (s Standing) LockOut(user string) (entry int64, ends time.Time) {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	out := s.of.lockOuts[user]
	return out.entry, out.time
}

// Key returns the key of a person that is on the record; false where the record tells of none.
func (s Standing) Key(user string) (Key, bool) {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	k, ok := s.of.keys[user]
	return k, ok
}

// GrantEnding says how far a Grant was ended.
func (s Standing) GrantEnding(h Held) Ending {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	return s.of.endings.grant(h)
}

// SessionEnded reports whether an MFA session was ended.
func (s Standing) SessionEnded(h Held) bool {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	return s.of.endings.session(h)
}

// Used returns what an Approval was used for, or that it was ended; false where it was not.
func (s Standing) Used(id string) (Use, bool) {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	u, ok := s.of.approvals[id]
	return u, ok
}

// NewerStop is the kind of an Event that restricts and that this program does not know;
// "" while there was none. While there is one, nothing may be issued.
func (s Standing) NewerStop() string {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	return string(s.of.unknownStop)
}
