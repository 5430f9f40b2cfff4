package entry

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/assumebot/assumebot/broker/record/tree"
)

const (
	// MaxAside is the most bytes of the free text of one Event, with its salt.
	MaxAside = 32 << 10
	// MaxID is the most bytes of an entry's ID.
	MaxID = 64
	// MaxMark is the most bytes of a mark of a replica that has stopped.
	MaxMark = 8 << 10
	// MaxMACs is the most bytes of the MACs of an entry.
	MaxMACs = 2 << 10
	// RootSize is the bytes of a root.
	RootSize = 32
	// Window is how far behind the newest entry a writer may be. An entry counts only
	// within it, so an old one cannot be written again as a new one, and a reader
	// needs to remember no more than this many IDs to see one that is there twice.
	Window = 4096
	// PageMost is how many entries are read at once.
	PageMost = 256
)

// An Entry is one leaf of the tree, as the store keeps it.
type Entry struct {
	Number int64 // its place, from 0; given by the store, and so not under the MACs
	Sealed
}

// A Sealed is an Event as its writer hands it to the store.
type Sealed struct {
	After int64  // the number of the last entry that its writer had checked; -1 before the first
	Root  []byte // of the tree up to After, as its writer computed it: who read anything else sees it here
	ID    string // of the entry: random, so that none is there twice; an Event may be
	Leaf  []byte // the Event as it was written, once; the tree hashes these bytes
	Aside []byte // its free text with salts, of which Leaf holds digests; nil: none, or erased
	MACs  string // of message, under each key of its writer's ring
}

// ErrNone says that the record has no entry of that number that counts.
var ErrNone = errors.New("the record has no such entry")

// Keys makes and checks MACs under a ring of keys that the store of entries does not have.
type Keys interface {
	// MACs returns the MACs of message under each key of the ring, so that whoever has
	// one of the keys can check it: while a ring is changed, replicas have different ones.
	MACs(message []byte) string
	// Check reports whether macs has one of message under a key of the ring, and none
	// that is wrong.
	Check(macs string, message []byte) bool
}

// messageVersion begins every message, so that no other use of a key has one like it.
const messageVersion = "assumebot record entry v1"

// Message is what the MACs of s are over: no two that differ in a part have the same.
func (s Sealed) Message(origin string) []byte {
	out := make([]byte, 0, len(messageVersion)+len(origin)+len(s.ID)+len(s.Root)+len(s.Leaf)+32)
	for _, part := range [][]byte{[]byte(messageVersion), []byte(origin), []byte(s.ID), s.Root, s.Leaf} {
		out = binary.BigEndian.AppendUint32(out, uint32(len(part))) //nolint:gosec // bounded by seal and check
		out = append(out, part...)
	}
	return binary.BigEndian.AppendUint64(out, uint64(s.After)) //nolint:gosec // -1 has its own pattern too
}

// Seal makes an entry of an Event. Its writer has checked the entries up to after,
// and root is that of the tree until there.
func Seal(keys Keys, origin string, leaf, aside []byte, after int64, root []byte) (Sealed, error) {
	s := Sealed{After: after, Root: root, ID: rand.Text(), Leaf: leaf, Aside: aside}
	if err := s.Bounded(); err != nil {
		return Sealed{}, err
	}
	s.MACs = keys.MACs(s.Message(origin))
	return s, nil
}

// Bounded reports what of s is larger than it may be; nil where nothing is.
func (s Sealed) Bounded() error {
	switch {
	case s.ID == "" || len(s.ID) > MaxID:
		return fmt.Errorf("an ID of %d bytes", len(s.ID))
	case len(s.Leaf) == 0 || len(s.Leaf) > tree.MaxLeaf:
		return fmt.Errorf("an event of %d bytes", len(s.Leaf))
	case len(s.Aside) > MaxAside:
		return fmt.Errorf("free text of %d bytes", len(s.Aside))
	case len(s.Root) != RootSize:
		return fmt.Errorf("a root of %d bytes", len(s.Root))
	case len(s.MACs) > MaxMACs:
		return fmt.Errorf("MACs of %d bytes", len(s.MACs))
	case s.After < -1:
		return fmt.Errorf("written after %d", s.After)
	}
	return nil
}

// Check reports why e cannot be an entry of the log at its place; nil when it can.
func (e Entry) Check(keys Keys, origin string) error {
	if err := e.Bounded(); err != nil {
		return err
	}
	if e.Number <= e.After || e.Number-e.After > Window {
		return fmt.Errorf("its writer had read up to %d, which is too far away", e.After)
	}
	if !keys.Check(e.MACs, e.Message(origin)) {
		return errors.New("its MACs are wrong: no replica with our seal keys wrote it for this record")
	}
	return nil
}
