package record

import (
	"context"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/entry"
)

// Leaves returns the entries from number from on and below another, of those that this
// replica has read and checked, or begun after: without their free text, in order. Each is
// checked by itself, and Broken if it was changed. What is not kept any more is left out.
func (l *Log) Leaves(ctx context.Context, from, below int64) ([]Followed, error) {
	var all []Followed
	for at := max(from, 0); at < min(below, l.Size()); {
		entries, _, err := l.kept.read(ctx, at, int(min(below-at, entry.PageMost)))
		if err != nil {
			return nil, err
		}
		had := at
		for _, e := range entries {
			if e.Number < at || e.Number >= below {
				continue
			}
			all, at = append(all, l.followed(e, nil)), e.Number+1
		}
		if at == had {
			break
		}
	}
	return all, nil
}

// WithTexts returns entries of Leaves with their free text, where it was not erased.
func (l *Log) WithTexts(ctx context.Context, of []Followed) ([]Followed, error) {
	entries := make([]entry.Entry, len(of))
	for i, f := range of {
		entries[i] = entry.Entry{Number: f.Number, Sealed: entry.Sealed{Leaf: f.Leaf}}
	}
	out := append([]Followed(nil), of...)
	if len(of) == 0 {
		return out, nil
	}
	asides, err := l.kept.asides(ctx, entries)
	if err != nil {
		return nil, err
	}
	for i, f := range of {
		if f.Broken != "" {
			continue
		}
		if e, err := event.Decode(f.Leaf, asides[f.Number]); err == nil {
			out[i].Event = e
		}
	}
	return out, nil
}
