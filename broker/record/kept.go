package record

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/archive"
	"github.com/assumebot/assumebot/broker/record/entry"
)

// kept is the entries as they are kept: in the store, or in the archive what the store has no
// more. They are not checked.
type kept struct {
	store   entry.Store
	archive *archive.Archive // nil where there is none
}

// read reads entries from a number on. more says that there may be entries after those, however
// few they are.
func (k kept) read(ctx context.Context, from int64, limit int) (entries []entry.Entry, more bool, err error) {
	entries, err = k.store.Read(ctx, from, limit)
	if n := len(entries); err != nil || n > 0 && entries[0].Number <= from || from >= k.archive.Size() {
		archived := n > 0 && entries[n-1].Number+1 < k.archive.Size()
		return entries, n >= min(limit, entry.PageMost) || archived, err
	}
	archived, err := k.archive.Entries(ctx, from, limit)
	if err != nil && !errors.Is(err, archive.ErrNoObject) {
		return nil, false, fmt.Errorf("entry %d is in the archive alone: %w", from, err)
	}
	if len(archived) == 0 {
		return entries, false, nil
	}
	return archived, true, nil
}

// asides returns the free text of entries, by their numbers.
func (k kept) asides(ctx context.Context, entries []entry.Entry) (map[int64][]byte, error) {
	var all, archived []int64
	for _, e := range entries {
		all = append(all, e.Number)
	}
	asides, err := k.store.Asides(ctx, all)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if asides[e.Number] == nil && e.Number < k.archive.Size() {
			if ev, err := event.Decode(e.Leaf, nil); err == nil && len(ev.Texts()) > 0 {
				archived = append(archived, e.Number)
			}
		}
	}
	if len(archived) == 0 {
		return asides, nil
	}
	found, err := k.archive.Asides(ctx, archived)
	maps.Copy(asides, found)
	return asides, err
}
