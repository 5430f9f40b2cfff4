package recorded

import (
	"context"

	"github.com/assumebot/assumebot/broker/history"
	"github.com/assumebot/assumebot/broker/record"
)

// Past is the record as it is looked through.
type Past struct{ *record.Log }

// Leaves implements [history.Record].
func (p Past) Leaves(ctx context.Context, from, below int64) ([]history.Entry, error) {
	found, err := p.Log.Leaves(ctx, from, below)
	return entriesOf(found), err
}

// Texts implements [history.Record].
func (p Past) Texts(ctx context.Context, of []history.Entry) ([]history.Entry, error) {
	found := make([]record.Followed, len(of))
	for i, e := range of {
		found[i] = record.Followed{Number: e.Number, Event: e.Event, Leaf: e.Leaf, Late: e.Late}
		if e.Broken {
			found[i].Broken = "it was"
		}
	}
	found, err := p.Log.WithTexts(ctx, found)
	return entriesOf(found), err
}

func entriesOf(found []record.Followed) []history.Entry {
	all := make([]history.Entry, len(found))
	for i, f := range found {
		all[i] = history.Entry{Number: f.Number, Event: f.Event, Leaf: f.Leaf, Broken: f.Broken != "", Late: f.Late}
	}
	return all
}
