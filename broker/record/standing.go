package record

import "time"

// Orders returns the block of a person and the pause that stand on the record; nil where
// there is none.
func (l *Log) Orders(user string) (block, pause *Imposed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b, ok := l.state.blocks[user]; ok {
		block = &b
	}
	if l.state.pause != nil {
		p := *l.state.pause
		pause = &p
	}
	return block, pause
}

// LockOut returns the number of the entry that locked a person out, and when that ends;
// zeros where the record tells of none.
func (l *Log) LockOut(user string) (entry int64, ends time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := l.state.lockOuts[user]
	return out.entry, out.time
}

// Key returns the key of a person that is on the record; false where the record tells of none.
func (l *Log) Key(user string) (Key, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k, ok := l.state.keys[user]
	return k, ok
}

// GrantEnding says how far a Grant was ended.
func (l *Log) GrantEnding(h Held) Ending {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state.endings.grant(h)
}

// SessionEnded reports whether an MFA session was ended.
func (l *Log) SessionEnded(h Held) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state.endings.session(h)
}

// Used returns what an Approval was used for, or that it was ended; false where it was not.
func (l *Log) Used(id string) (Use, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	u, ok := l.state.approvals[id]
	return u, ok
}

// NewerStop is the kind of an Event that restricts and that this program does not know;
// "" while there was none. While there is one, nothing may be issued.
func (l *Log) NewerStop() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.state.unknownStop)
}
