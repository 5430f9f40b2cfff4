package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/entry"
)

// Holders returns the numbers of the entries beside which a free text of entry n stands,
// n among them, in all of the sources; none where entry n has none.
func Holders(ctx context.Context, n int64, sources ...Source) ([]int64, error) {
	digests, err := digestsOf(ctx, n, sources)
	if err != nil || len(digests) == 0 {
		return nil, err
	}
	found := map[int64]bool{}
	for _, source := range sources {
		first, next, err := source.Bounds(ctx)
		if err != nil {
			return nil, err
		}
		for at := first; at < next; {
			entries, err := source.Read(ctx, at, int(min(next-at, entry.PageMost)))
			if err != nil {
				return nil, err
			}
			if len(entries) == 0 {
				return nil, &Finding{Fault: FaultMissing, Entry: at, Last: at}
			}
			for _, e := range entries {
				if slices.ContainsFunc(digests, func(d []byte) bool { return bytes.Contains(e.Leaf, d) }) {
					found[e.Number] = true
				}
			}
			at += int64(len(entries))
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// digestsOf returns those of the texts of an entry, from the first source that has it.
func digestsOf(ctx context.Context, n int64, sources []Source) ([][]byte, error) {
	for _, source := range sources {
		entries, err := source.Read(ctx, n, 1)
		if err != nil {
			return nil, err
		}
		if len(entries) == 0 || entries[0].Number != n {
			continue
		}
		e, err := event.Decode(entries[0].Leaf, nil)
		if err != nil {
			return nil, err
		}
		var out [][]byte
		for _, t := range e.Texts() {
			out = append(out, []byte(t.Digest()))
		}
		return out, nil
	}
	return nil, fmt.Errorf("%w as %d", entry.ErrNone, n)
}

// Forgotten checks that no source has a free text of these entries any more.
func Forgotten(ctx context.Context, numbers []int64, sources ...Source) error {
	for _, source := range sources {
		for some := range slices.Chunk(numbers, entry.PageMost) {
			left, err := source.Asides(ctx, some)
			if err != nil {
				return err
			}
			if len(left) > 0 {
				return errors.New("text is there still, since somebody wrote it at the same time: do it again")
			}
		}
	}
	return nil
}
