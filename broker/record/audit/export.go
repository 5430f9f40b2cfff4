package audit

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// An export of a record is a file of JSON, one object a line, in this order: what it
// holds, the entries, the tiles of their tree, the checkpoint. What it holds of a record
// can be verified with the file and public keys alone. An export that leaves out entries
// says so, has no tiles, and cannot.
//
// A leaf stands in it as a string, byte by byte as it was written, since it is hashed.

// exportVersion is that of the form of the file.
const exportVersion = 1

// An exportLine is one line; which members it has says what it is.
type exportLine struct {
	// Of the first line.
	Version int    `json:"assumebot_record,omitempty"`
	Origin  string `json:"origin,omitempty"`
	First   *int64 `json:"first,omitempty"`  // number of the first entry
	Filter  string `json:"filter,omitempty"` // what was left out; "": nothing

	// Of an entry.
	Number *int64      `json:"number,omitempty"`
	Leaf   string      `json:"leaf,omitempty"`
	Raw    []byte      `json:"leaf_base64,omitempty"` // instead of leaf, where it is not UTF-8
	Aside  string      `json:"aside,omitempty"`
	Sealed *exportSeal `json:"sealed,omitempty"` // absent of an entry that was signed long ago

	// Of a tile.
	Tile string `json:"tile,omitempty"`
	Data []byte `json:"data,omitempty"`

	// Of the last line.
	Checkpoint *string `json:"checkpoint,omitempty"` // as it was signed; "" where there is none
}

// An exportSeal is what its writer said beside an entry. It counts for those that are not
// signed yet, and against their doubles among the last that are.
type exportSeal struct {
	After int64  `json:"after"`
	Root  []byte `json:"root"`
	ID    string `json:"id"`
	MACs  string `json:"macs"`
}

// An Export is what to write of a record.
type Export struct {
	Source Source
	// From is the first number, and To the one after the last; 0 of To: as far as there are
	// entries.
	From, To int64
	Filter   Filter
}

// each calls begin with the number of the first entry and the one after the last, and do for
// each entry between, in order, with its Aside. Nothing is checked but that all are there.
func (x Export) each(ctx context.Context, begin func(first, next int64) error, do func(entry.Entry) error) error {
	first, next, err := x.Source.Bounds(ctx)
	if err != nil {
		return err
	}
	first = max(first, x.From)
	if x.To > 0 {
		next = min(next, x.To)
	}
	if err := begin(first, next); err != nil {
		return err
	}
	for at := first; at < next; {
		entries, err := x.Source.Read(ctx, at, int(min(next-at, entry.PageMost)))
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			return &Finding{Fault: FaultMissing, Entry: at, Last: at}
		}
		if at, err = x.page(ctx, entries, at, do); err != nil {
			return err
		}
	}
	return nil
}

// Each calls do for each entry that is chosen, in order, with its Aside.
func (x Export) Each(ctx context.Context, do func(entry.Entry) error) error {
	return x.each(ctx, func(int64, int64) error { return nil }, do)
}

// page calls do for the entries of a page that are chosen, and returns where the next begins.
func (x Export) page(ctx context.Context, entries []entry.Entry, at int64, do func(entry.Entry) error) (int64, error) {
	numbers := make([]int64, len(entries))
	for i, e := range entries {
		numbers[i] = e.Number
	}
	asides, err := x.Source.Asides(ctx, numbers)
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		if e.Number != at {
			return 0, &Finding{Fault: FaultMissing, Entry: at, Last: max(at, e.Number-1)}
		}
		at++
		e.Aside = asides[e.Number]
		if x.Filter.keeps(e) {
			if err := do(e); err != nil {
				return 0, err
			}
		}
	}
	return at, nil
}

// JSONL writes the export that a FileSource reads.
func (x Export) JSONL(ctx context.Context, w io.Writer) error {
	raw, err := x.Source.Checkpoint(ctx)
	if err != nil {
		return err
	}
	var c tree.Checkpoint
	if raw != nil {
		if c, err = tree.Unchecked(raw); err != nil {
			return err
		}
	}
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	var begun, ended int64
	err = x.each(ctx, func(first, next int64) error {
		begun, ended = first, next
		return out.Encode(exportLine{Version: exportVersion, Origin: c.Origin, First: &first, Filter: x.Filter.String()})
	}, func(e entry.Entry) error {
		return out.Encode(entryLine(e, e.Number >= c.Size-entry.Window))
	})
	if err != nil {
		return err
	}
	if x.Filter == (Filter{}) && c.Size > 0 {
		if err := x.tiles(ctx, out, c.Size, begun, min(ended, c.Size)); err != nil {
			return err
		}
	}
	note := string(raw)
	return out.Encode(exportLine{Checkpoint: &note})
}

func entryLine(e entry.Entry, sealed bool) exportLine {
	l := exportLine{Number: &e.Number, Leaf: string(e.Leaf), Aside: string(e.Aside)}
	if !utf8.Valid(e.Leaf) {
		l.Leaf, l.Raw = "", e.Leaf
	}
	if sealed {
		l.Sealed = &exportSeal{After: e.After, Root: e.Root, ID: e.ID, MACs: e.MACs}
	}
	return l
}

// tiles writes the tiles that prove the entries from one number up to another to be in the
// tree of size: theirs, all above, and the right edge. What is not there is left out, and
// missed by who verifies.
func (x Export) tiles(ctx context.Context, out *json.Encoder, size, from, to int64) error {
	for level := 0; size>>(tree.TileHeight*level) > 0; level++ {
		hashes := size >> (tree.TileHeight * level)
		first, last := int64(0), (hashes-1)/tree.TileWidth
		if level == 0 {
			first = from / tree.TileWidth
		}
		for n := first; n <= last; n++ {
			if level == 0 && n*tree.TileWidth >= to {
				n = last
			}
			t := tlog.Tile{H: tree.TileHeight, L: level, N: n, W: int(min(hashes-n*tree.TileWidth, tree.TileWidth))}
			data, err := tree.ReadTile(ctx, x.Source.Tiles, t)
			if errors.Is(err, tree.ErrTile) && level == 0 {
				continue
			}
			if errors.Is(err, tree.ErrTile) {
				return nil
			}
			if err != nil {
				return err
			}
			if err := out.Encode(exportLine{Tile: tree.TilePath(t), Data: data}); err != nil {
				return err
			}
		}
	}
	return nil
}
