package store

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker/record"
)

// mostRead bounds one answer: about 8 MB of the longest Events.
const mostRead = 256

// Read implements [record.Entries], with at most 256 entries at a time. One round trip.
func (s Log) Read(ctx context.Context, from int64, limit int) ([]record.Entry, error) {
	if from < 0 || from >= maxNumber || limit <= 0 {
		return nil, fmt.Errorf("read %d entries of the record from %d on", limit, from)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	found, err := s.rdb.XRangeN(ctx, s.names.entries, streamID(from), "+", int64(min(limit, mostRead))).Result()
	if err != nil {
		return nil, fmt.Errorf("read the record: %w", err)
	}
	return readEntries(found), nil
}

// Bounds implements [record.Entries]. What stands at an end and is no entry is an
// error. One round trip.
func (s Log) Bounds(ctx context.Context) (first, next int64, err error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	var oldest, newest *redis.XMessageSliceCmd
	if _, err := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		oldest = p.XRangeN(ctx, s.names.entries, "-", "+", 1)
		newest = p.XRevRangeN(ctx, s.names.entries, "+", "-", 1)
		return nil
	}); err != nil {
		return 0, 0, fmt.Errorf("read the record: %w", err)
	}
	if len(oldest.Val()) == 0 || len(newest.Val()) == 0 {
		return 0, 0, nil
	}
	first, okFirst := entryNumber(oldest.Val()[0].ID)
	last, okLast := entryNumber(newest.Val()[0].ID)
	if !okFirst || !okLast {
		return 0, 0, fmt.Errorf("the record's stream begins at %q and ends at %q, where no entries can be", oldest.Val()[0].ID, newest.Val()[0].ID)
	}
	return first, last + 1, nil
}

// Await implements [record.Entries]. A ctx that is cancelled is noticed within a quarter
// of a second. It uses a connection of its own, so that whoever waits takes none from
// those who work.
func (s Log) Await(ctx context.Context, from int64, wait time.Duration) error {
	if from < 0 || from >= maxNumber {
		return fmt.Errorf("await the entry %d of the record", from)
	}
	// After everything that could stand where the one before does.
	position := strconv.FormatInt(from, 10) + "-" + strconv.FormatUint(math.MaxUint64, 10)
	if err := s.awaitStream(ctx, s.names.entries, position, wait); err != nil {
		return fmt.Errorf("await the record: %w", err)
	}
	return nil
}

func readEntries(found []redis.XMessage) []record.Entry {
	out := make([]record.Entry, len(found))
	for i, m := range found {
		out[i] = readEntry(m)
	}
	return out
}

// readEntry leaves out what is not there, and all of what stands where no entry can:
// both fail their check.
func readEntry(m redis.XMessage) record.Entry {
	n, ok := entryNumber(m.ID)
	e := record.Entry{Number: n, Sealed: record.Sealed{After: math.MinInt64}}
	if !ok {
		return e
	}
	if after, err := strconv.ParseInt(field(m, fieldAfter, maxDecimal), 10, 64); err == nil {
		e.After = after
	}
	e.Root = []byte(field(m, fieldRoot, record.RootSize))
	e.ID = field(m, fieldID, record.MaxID)
	e.Leaf = []byte(field(m, fieldLeaf, record.MaxLeaf))
	e.MACs = field(m, fieldMACs, record.MaxMACs)
	return e
}
