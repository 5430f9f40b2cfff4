package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/record/published"
	"github.com/assumebot/assumebot/broker/text"
)

const (
	maxCheckpoint = 1 << 20
	tileWidth     = 256 // hashes of a full tile
	hashSize      = 32
)

// Checkpoints keeps the newest checkpoint of the record and the tiles of its tree. There
// is one field for each tile, whose bytes begin with those of all its partial ones: so
// it grows with the tree alone, and not with how often the tree was signed.
type Checkpoints struct {
	*core
	names logNames
}

var _ published.Store = Checkpoints{}

// Checkpoint implements [record.Checkpoints]. One round trip.
func (s Checkpoints) Checkpoint(ctx context.Context) ([]byte, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	kept, err := s.rdb.GetRange(ctx, s.names.checkpoint, 0, maxCheckpoint).Bytes()
	if err == nil && len(kept) > maxCheckpoint {
		err = fmt.Errorf("it is longer than %d bytes", maxCheckpoint)
	}
	if err != nil {
		return nil, fmt.Errorf("read the record's checkpoint: %w", err)
	}
	if len(kept) == 0 {
		return nil, nil
	}
	return kept, nil
}

// Publish implements [record.Checkpoints]; a repeat is answered as the first time. One
// round trip.
func (s Checkpoints) Publish(ctx context.Context, f lease.Fence, previous, next []byte) (bool, error) {
	if f.Lease != published.Lease || len(next) > maxCheckpoint {
		return false, fmt.Errorf("publish a checkpoint of %d bytes in a turn of %q", len(next), f.Lease)
	}
	published, err := s.swapInTurn(ctx, f, s.names.checkpoint, previous, next)
	if err != nil {
		return false, fmt.Errorf("publish a checkpoint: %w", err)
	}
	return published, nil
}

// Tiles implements [record.Checkpoints]. One round trip for each 256.
func (s Checkpoints) Tiles(ctx context.Context, paths []string) (map[string][]byte, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	out := map[string][]byte{}
	for len(paths) > 0 {
		some := paths[:min(len(paths), mostRead)]
		paths = paths[len(some):]
		names, sizes := make([]string, len(some)), make([]int, len(some))
		for i, path := range some {
			var err error
			if names[i], sizes[i], err = tileName(path); err != nil {
				return nil, fmt.Errorf("read tiles: %w", err)
			}
		}
		found, err := s.hashFields(ctx, s.names.tiles, tileWidth*hashSize, names)
		if err != nil {
			return nil, fmt.Errorf("read tiles: %w", err)
		}
		for i, path := range some {
			if len(found[i]) >= sizes[i] {
				out[path] = []byte(found[i][:sizes[i]])
			}
		}
	}
	return out, nil
}

// SaveTiles implements [record.Checkpoints]; after an error some of them may be kept. One
// round trip for each 256.
func (s Checkpoints) SaveTiles(ctx context.Context, tiles map[string][]byte) error {
	var args []any
	for path, data := range tiles {
		name, size, err := tileName(path)
		if err == nil && len(data) != size {
			err = fmt.Errorf("%s has %d bytes", path, len(data))
		}
		if err != nil {
			return fmt.Errorf("save tiles: %w", err)
		}
		args = append(args, name, data)
	}
	if err := s.runOnTiles(ctx, s.scripts.saveTiles, args); err != nil {
		return fmt.Errorf("save tiles: %w", err)
	}
	return nil
}

// DeleteTiles implements [record.Checkpoints]. A wider tile than that of the path stays.
// One round trip for each 256.
func (s Checkpoints) DeleteTiles(ctx context.Context, paths []string) error {
	var args []any
	for _, path := range paths {
		name, size, err := tileName(path)
		if err != nil {
			return fmt.Errorf("delete tiles: %w", err)
		}
		args = append(args, name, size)
	}
	if err := s.runOnTiles(ctx, s.scripts.deleteTiles, args); err != nil {
		return fmt.Errorf("delete tiles: %w", err)
	}
	return nil
}

// runOnTiles runs a script that takes two arguments for each tile.
func (s Checkpoints) runOnTiles(ctx context.Context, script *redis.Script, args []any) error {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	for some := range slices.Chunk(args, 2*mostRead) {
		if err := script.Run(ctx, s.rdb, []string{s.names.tiles}, some...).Err(); err != nil {
			return err
		}
	}
	return nil
}

// tilePath is one of C2SP tlog-tiles, of hashes: level, number in groups of three,
// and how many hashes a partial one has.
var tilePath = text.NewPattern(`^(tile/[0-9]{1,2}/(?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?$`)

// tileName is the field of the tile of a path, and how many bytes it has.
func tileName(path string) (name string, size int, err error) {
	parts := tilePath.FindStringSubmatch(path)
	if parts == nil {
		return "", 0, errors.New("a path that no hash tile has")
	}
	if parts[2] == "" {
		return parts[1], tileWidth * hashSize, nil
	}
	if size, err = strconv.Atoi(parts[2]); err != nil || size >= tileWidth {
		return "", 0, errors.New("a partial tile as wide as a full one")
	}
	return parts[1], size * hashSize, nil
}

// KEYS: tiles. ARGV: names and bytes. What is longer than a full tile is none.
const saveTilesScript = `
for i = 1, #ARGV, 2 do
  local there = redis.call('HSTRLEN', KEYS[1], ARGV[i])
  if there <= #ARGV[i + 1] or there > 8192 then redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
end
return 1`

// KEYS: tiles. ARGV: names and sizes.
const deleteTilesScript = `
for i = 1, #ARGV, 2 do
  if redis.call('HSTRLEN', KEYS[1], ARGV[i]) <= tonumber(ARGV[i + 1]) then redis.call('HDEL', KEYS[1], ARGV[i]) end
end
return 1`
