package record

import "time"

// A Progress is how far the record goes, as this replica sees it.
type Progress struct {
	Entries  int64         // that it has read
	Signed   int64         // that the newest checkpoint covers which it has seen
	SignedAt time.Time     // when it saw that; zero: it has seen none sign since it started
	Unsigned time.Duration // for how long entries wait and none was signed; 0: none waits
	Archived int64         // that the archive has, where there is one
	Archive  bool
}

// Progress asks nobody.
func (l *Log) Progress() Progress {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := Progress{
		Entries:  l.view.Size(),
		Signed:   l.signed.N,
		SignedAt: l.signedAt,
		Archived: l.Archive.Size(),
		Archive:  l.Archive != nil,
	}
	if !l.unsigned.IsZero() {
		p.Unsigned = time.Since(l.unsigned)
	}
	return p
}
