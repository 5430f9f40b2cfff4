package entry

import (
	"context"
	"errors"
	"time"
)

// MaxBatch is the most Events of one Batch.
const MaxBatch = 256

// A Batch is what one replica appends at once.
type Batch struct {
	Origin  string
	Replica string   // the writer; it has one batch in flight
	ID      string   // the same again for a repeat of the same batch
	After   int64    // the last entry that the writer has checked; -1 before the first
	AfterID string   // the ID that entry has; "" before the first
	Passed  []byte   // the mark that the writer does not stop for; nil: none
	Entries []Sealed // at most MaxBatch, each sealed with the same After
}

// An Appended is what became of a Batch.
type Appended struct {
	First   int64   // the number of its first entry; the others follow
	Entries []Entry // from Batch.After+1 on, as many as a Read gives; without Asides
}

// Why a Batch is not appended.
var (
	// ErrForeign says that the store keeps the record of another origin.
	ErrForeign = errors.New("the store keeps the record of another origin")
	// ErrBehind says that the writer is more than Window behind. It reads and tries again.
	ErrBehind = errors.New("too far behind the record to write to it")
	// ErrReplicas says that too few Redis replicas have it. It may stay all the same.
	ErrReplicas = errors.New("too few replicas of the store have the entry")
)

// Store keeps the entries. It gives the numbers, and is not trusted.
type Store interface {
	// Append appends b in one atomic step: all or nothing. A repeat of the writer's
	// last batch is answered as the first time. The error is ErrRewound or one of the above
	// when it was refused and changed nothing; after any other it may have been appended.
	Append(ctx context.Context, b Batch) (Appended, error)
	// Mark returns what SetMark kept, cut to one byte more than MaxMark; nil when there is
	// nothing. While there is a mark, Append refuses batches with ErrMarked that do not have
	// it as Passed.
	Mark(ctx context.Context) ([]byte, error)
	// SetMark keeps mark, nil for none, in the place of previous, atomically; false when
	// another is there than previous, or the record of another origin.
	SetMark(ctx context.Context, origin string, previous, mark []byte) (bool, error)
	// Restore puts entries back that were lost, which follow one another, in one atomic
	// step and under their own numbers: where nothing is left, or after the newest that is
	// left, which has to be among them. As far as they are there they have to have the same
	// IDs. It returns how many it put. ErrRewound and ErrForeign say that it changed nothing.
	Restore(ctx context.Context, origin string, entries []Entry) (put int64, err error)
	// Read returns up to limit entries from number from on, in order, without Asides.
	// What stands there and is no entry is returned with what could be read of it,
	// which fails its check. None is an empty answer.
	Read(ctx context.Context, from int64, limit int) ([]Entry, error)
	// Bounds returns the number of the oldest entry that is kept, and the number that
	// the next one gets: they are equal where there is none.
	Bounds(ctx context.Context) (first, next int64, err error)
	// Await returns once there is an entry of number from or later, or wait is over.
	Await(ctx context.Context, from int64, wait time.Duration) error
	// Asides returns the Asides of entries; one that has none, or was erased, is left out.
	Asides(ctx context.Context, numbers []int64) (map[int64][]byte, error)
	// Forget erases an entry's Aside; false when it has none.
	Forget(ctx context.Context, number int64) (bool, error)
}

// ErrMarked says that the store has a mark of a replica that has stopped, and that the writer
// has not judged it.
var ErrMarked = errors.New("a replica has left a mark that it has stopped")
