package audit

import (
	"errors"
	"fmt"

	"github.com/assumebot/assumebot/broker/record/tree"
)

// A Fault is a way in which a record is not as it should be.
type Fault int

// The faults.
const (
	// FaultUnsigned is that there is no checkpoint, or that no key of the log signed it.
	FaultUnsigned Fault = iota + 1
	// FaultWitness is that a witness did not cosign the checkpoint.
	FaultWitness
	// FaultHistory is that the record does not go on from an older checkpoint.
	FaultHistory
	// FaultTiles is that the tiles are not those of the tree that was signed.
	FaultTiles
	// FaultTree is that the entries are not those of that tree, and nothing says which.
	FaultTree
	// FaultMissing is that an entry is not there.
	FaultMissing
	// FaultDoubled is that an entry is an earlier one again.
	FaultDoubled
	// FaultMoved is that an entry stands in the place of another.
	FaultMoved
	// FaultInserted is that an entry was put in before one that was signed.
	FaultInserted
	// FaultBroken is that an entry is not what was written.
	FaultBroken
	// FaultText is that a free text is not the one that was written.
	FaultText
	// FaultPart is that what can be read is a part of the record alone.
	FaultPart
)

// A Finding is one thing that is wrong with a record.
type Finding struct {
	Fault Fault
	Entry int64 // the first that it is about; -1 where it is about none
	Last  int64 // and the last
	Of    int64 // of one that is doubled or moved: which it is
	Err   error // why; nil where the Fault says it all
}

// Error says what is wrong.
func (f Finding) Error() string {
	said := f.said()
	if errors.Is(f.Err, tree.ErrNoCheckpoint) || errors.Is(f.Err, ErrOtherLog) {
		return f.Err.Error()
	}
	if f.Err != nil {
		said += ": " + f.Err.Error()
	}
	return said
}

func (f Finding) said() string {
	switch f.Fault {
	case FaultUnsigned:
		return "there is no checkpoint that this key has signed"
	case FaultWitness:
		return "the checkpoint lacks a cosignature"
	case FaultHistory:
		return "the record does not go on from the older checkpoint"
	case FaultTiles:
		return fmt.Sprintf("the tiles for entry %d are not those of the tree that was signed", f.Entry)
	case FaultTree:
		return fmt.Sprintf("the entries from %d to %d are not those that were signed, and without its tiles nothing says which is wrong", f.Entry, f.Last)
	case FaultMissing:
		if f.Last > f.Entry {
			return fmt.Sprintf("entries %d to %d are missing", f.Entry, f.Last)
		}
		return fmt.Sprintf("entry %d is missing", f.Entry)
	case FaultDoubled:
		return fmt.Sprintf("entry %d is doubled: it is entry %d again", f.Entry, f.Of)
	case FaultMoved:
		return fmt.Sprintf("entry %d is out of order: what stands there is entry %d", f.Entry, f.Of)
	case FaultInserted:
		return fmt.Sprintf("entry %d was put in: nobody signed it, and the one that was signed follows", f.Entry)
	case FaultText:
		return fmt.Sprintf("a free text of entry %d is not the one that was written", f.Entry)
	case FaultPart:
		return "this is a part of the record alone"
	}
	return fmt.Sprintf("entry %d is broken: it is not what was written", f.Entry)
}

// Unwrap returns why.
func (f Finding) Unwrap() error { return f.Err }

// Broken is that an entry is not what was written.
func Broken(entry int64, why error) *Finding {
	return &Finding{Fault: FaultBroken, Entry: entry, Last: entry, Err: why}
}
