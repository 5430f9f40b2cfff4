package record

import (
	"slices"
	"sync"

	"github.com/assumebot/assumebot/broker/record/entry"
)

const (
	// recallMost and recallBytes bound the entries that a replica keeps of what it read.
	recallMost  = 10_000
	recallBytes = 32 << 20
)

// A recall is the newest entries that a replica has read, byte for byte, so that it can
// put them back into a store that lost them. They have no Asides: what was erased since
// must not come back.
type recall struct {
	mu      sync.Mutex
	entries []entry.Entry // in order, without gaps
	bytes   int
}

func (r *recall) add(e entry.Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.Aside = nil
	r.entries = append(r.entries, e)
	r.bytes += entryBytes(e)
	for len(r.entries) > recallMost || r.bytes > recallBytes {
		r.bytes -= entryBytes(r.entries[0])
		r.entries[0] = entry.Entry{} // not to hold its bytes
		r.entries = r.entries[1:]
	}
}

func entryBytes(e entry.Entry) int { return len(e.Leaf) + len(e.Root) + len(e.ID) + len(e.MACs) }

// first is the number of the oldest; -1 where there is none.
func (r *recall) first() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.entries) == 0 {
		return -1
	}
	return r.entries[0].Number
}

// since returns the entries from a number on; false when it has not all of them.
func (r *recall) since(number int64) ([]entry.Entry, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.entries) == 0 || number < r.entries[0].Number {
		return nil, false
	}
	at := min(number-r.entries[0].Number, int64(len(r.entries)))
	return slices.Clone(r.entries[at:]), true
}
