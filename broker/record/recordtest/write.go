package recordtest

import (
	"encoding/json"
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/archive"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/published"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// What a Log, a Publisher and an Archiver write, without them: for the tests of whoever reads it.

// Write writes Events as one batch of a writer that has read all before.
func (m *Memory) Write(t *testing.T, events ...event.Event) {
	t.Helper()
	var edge tree.Edge
	m.Change(func(m *Memory) {
		for _, e := range m.Entries {
			if err := edge.Append(tlog.RecordHash(e.Leaf)); err != nil {
				t.Fatal(err)
			}
		}
		root, after := edge.Root(), edge.Size()-1
		for _, e := range events {
			e.Replica = "a"
			leaf, aside, err := e.Encode()
			if err != nil {
				t.Fatal(err)
			}
			s, err := entry.Seal(Keys("k1"), Origin, leaf, aside, after, root[:])
			if err != nil {
				t.Fatal(err)
			}
			m.Entries = append(m.Entries, entry.Entry{Number: int64(len(m.Entries)), Sealed: s})
		}
	})
}

// Fill writes count Events.
func (m *Memory) Fill(t *testing.T, name string, count int) {
	t.Helper()
	var events []event.Event
	for i := range count {
		events = append(events, About(fmt.Sprintf("%s-%d", name, i)))
	}
	m.Write(t, events...)
}

// Sign signs all that is written.
func (s *Shelf) Sign(t *testing.T, key *tree.Signer) {
	t.Helper()
	var (
		now  published.State
		edge tree.Edge
	)
	raw, err := key.Empty(Origin)
	if err != nil {
		t.Fatal(err)
	}
	if s.Published != nil {
		if now, err = published.Parse(s.Published); err != nil {
			t.Fatal(err)
		}
		if err := edge.UnmarshalBinary(now.Edge); err != nil {
			t.Fatal(err)
		}
		raw = now.Note
	}
	old, err := PublicKeys(t, key).Check(raw, Origin)
	if err != nil {
		t.Fatal(err)
	}
	var leaves []tlog.Hash
	for _, e := range s.M.Entries[old.Size:] {
		leaves = append(leaves, tlog.RecordHash(e.Leaf))
	}
	edge, tiles, err := tree.Grow(t.Context(), edge, leaves, s.Tiles)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SaveTiles(t.Context(), tiles); err != nil {
		t.Fatal(err)
	}
	if now.Note, err = key.Advance(old, edge.Tree(), tree.HashReader(t.Context(), edge.Tree(), s.Tiles)); err != nil {
		t.Fatal(err)
	}
	if now.Edge, err = edge.MarshalBinary(); err != nil {
		t.Fatal(err)
	}
	if s.Published, err = json.Marshal(now); err != nil {
		t.Fatal(err)
	}
}

// Newest returns the newest checkpoint.
func Newest(t *testing.T, s *Shelf, key *tree.Signer) tree.Checkpoint {
	t.Helper()
	p, err := published.Parse(s.Published)
	if err != nil {
		t.Fatal(err)
	}
	c, _, err := PublicKeys(t, key).CheckEdge(p.Note, p.Edge, Origin)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// WriteArchive writes the archive of what was signed to a directory.
func WriteArchive(t *testing.T, s *Shelf, signed tree.Checkpoint) *archive.Dir {
	t.Helper()
	d, err := archive.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	create := func(path string, data []byte) {
		if err := d.Create(t.Context(), path, data); err != nil {
			t.Fatal(err)
		}
	}
	for path, data := range s.Kept {
		create(path, data)
	}
	entries := s.M.Entries[:min(signed.Size, int64(len(s.M.Entries)))]
	for n := int64(0); n*tree.TileWidth < int64(len(entries)); n++ {
		var leaves [][]byte
		for _, e := range entries[n*tree.TileWidth : min(int64(len(entries)), (n+1)*tree.TileWidth)] {
			leaves = append(leaves, e.Leaf)
		}
		data, err := tree.Bundle(leaves)
		if err != nil {
			t.Fatal(err)
		}
		width := int(min(signed.Size-n*tree.TileWidth, tree.TileWidth)) // though it may have fewer
		create(tree.TilePath(tree.BundleOf(tlog.Tile{H: tree.TileHeight, N: n, W: width})), data)
	}
	for n, e := range entries {
		if e.Aside != nil {
			create(archive.AsidePath(int64(n)), e.Aside)
		}
	}
	if err := d.Replace(t.Context(), "checkpoint", nil, signed.Note); err != nil {
		t.Fatal(err)
	}
	return d
}
