package tree

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Grow appends entries, by their hashes, to the tree that from is the edge of. It
// returns the new edge, and the tiles of hashes that the new tree has anew by their
// paths. What the tree had in its partial tiles it reads through get, and checks it
// against the root of from, so only tiles that belong to the tree are made.
func Grow(ctx context.Context, from Edge, leaves []tlog.Hash, get GetTiles) (Edge, map[string][]byte, error) {
	to, added := from, make(map[int64]tlog.Hash, 2*len(leaves))
	for _, leaf := range leaves {
		index := tlog.StoredHashIndex(0, to.size)
		hashes, err := to.append(leaf)
		if err != nil {
			return Edge{}, nil, err
		}
		for i, h := range hashes {
			added[index+int64(i)] = h
		}
	}
	tiles := TilesBetween(from.size, to.size)
	had, err := hashesBefore(tiles, from.size, HashReader(ctx, from.Tree(), get))
	if err != nil {
		return Edge{}, nil, fmt.Errorf("the tiles of %d entries: %w", from.size, err)
	}
	out := make(map[string][]byte, len(tiles))
	for _, t := range tiles {
		data := make([]byte, 0, t.W*tlog.HashSize)
		for i := range t.W {
			index := tlog.StoredHashIndex(t.L*TileHeight, t.N*TileWidth+int64(i))
			h, ok := added[index]
			if !ok {
				h = had[index]
			}
			data = append(data, h[:]...)
		}
		out[TilePath(t)] = data
	}
	return to, out, nil
}

// hashesBefore returns those hashes of tiles that the tree had at size already.
func hashesBefore(tiles []tlog.Tile, size int64, r tlog.HashReader) (map[int64]tlog.Hash, error) {
	var indexes []int64
	for _, t := range tiles {
		level := t.L * TileHeight
		for n := t.N * TileWidth; n < min(size>>level, t.N*TileWidth+int64(t.W)); n++ {
			indexes = append(indexes, tlog.StoredHashIndex(level, n))
		}
	}
	hashes, err := r.ReadHashes(indexes)
	if err != nil {
		return nil, err
	}
	had := make(map[int64]tlog.Hash, len(indexes))
	for i, index := range indexes {
		had[index] = hashes[i]
	}
	return had, nil
}
