package archive

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/record/tree"
)

// MaxObject is the most bytes of one object of the archive: a full bundle of the
// largest Events, with two bytes of length before each.
const MaxObject = tree.TileWidth * (2 + tree.MaxLeaf)

// Why an object is not as it was asked to be.
var (
	// ErrNoObject says that there is nothing of that path.
	ErrNoObject = errors.New("the archive has no such object")
	// ErrOtherBytes says that another object of that path is there already. Nobody who
	// writes this record makes two: it is an alarm.
	ErrOtherBytes = errors.New("the archive has other bytes there")
	// ErrChanged says that somebody else has replaced the object.
	ErrChanged = errors.New("the archive has another checkpoint there by now")
)

// Objects keeps the archive, by paths of C2SP tlog-tiles, outside of Redis. Several
// replicas may write at once, and one that died may have written anything: so every
// write is repeated safely, and after an error it may have been made all the same.
// Whatever is read may be anybody's.
type Objects interface {
	// Create keeps data, durably once it returns nil, which it does too when these very
	// bytes are there already; ErrOtherBytes when others are. It is not for the checkpoint.
	Create(ctx context.Context, path string, data []byte) error
	// Read returns an object, at most MaxObject bytes; ErrNoObject when it is not there.
	Read(ctx context.Context, path string) ([]byte, error)
	// Replace keeps data in place of was, durably; a nil was means that there must be
	// nothing. It returns nil when data is there already, ErrChanged when neither it nor
	// was is. Only the checkpoint is ever replaced.
	Replace(ctx context.Context, path string, was, data []byte) error
	// Delete removes a partial tile, or an Aside so that nothing is left of it. What is
	// not there is removed.
	Delete(ctx context.Context, path string) error
}

// A Kind is what an object may be used for.
type Kind int

// The kinds of objects.
const (
	KindCheckpoint Kind = iota + 1 // replaced again and again
	KindFull                       // a full tile or bundle, or its seals: never changes, never goes
	KindPartial                    // one that a full one stands in for, one day
	KindAside                      // free text, which may be erased
)

// CheckpointPath is the path of the newest checkpoint.
const CheckpointPath = "checkpoint"

// AsidePath returns the path of the free text of an entry: aside/N, where N is written
// as in the path of a tile.
func AsidePath(number int64) string {
	return "aside/" + strings.TrimPrefix(tree.TilePath(tlog.Tile{H: tree.TileHeight, N: number, W: tree.TileWidth}), "tile/0/")
}

// KindOf tells what the object of a path is, and refuses what is no path of an archive.
func KindOf(path string) (Kind, error) {
	number, aside := strings.CutPrefix(path, "aside/")
	switch {
	case path == CheckpointPath:
		return KindCheckpoint, nil
	case aside && len(path) <= 64:
		t, err := tlog.ParseTilePath(fmt.Sprintf("tile/%d/0/%s", tree.TileHeight, number))
		if err == nil && t.N < tree.MaxSize && AsidePath(t.N) == path {
			return KindAside, nil
		}
	case !aside:
		t, err := tree.ParseTilePath(PathOfTile(path))
		switch {
		case err == nil && t.W == tree.TileWidth:
			return KindFull, nil
		case err == nil:
			return KindPartial, nil
		}
	}
	return 0, fmt.Errorf("%.64q is no path of an archive", path)
}

// CheckCreate is what every Objects asks before Create.
func CheckCreate(path string, data []byte) (Kind, error) {
	kind, err := KindOf(path)
	switch {
	case err != nil:
		return 0, err
	case kind == KindCheckpoint:
		return 0, errors.New("a checkpoint is replaced")
	}
	return kind, checkSize(path, data)
}

// CheckReplace is what every Objects asks before Replace.
func CheckReplace(path string, data []byte) error {
	kind, err := KindOf(path)
	switch {
	case err != nil:
		return err
	case kind != KindCheckpoint:
		return fmt.Errorf("%s is never replaced", path)
	}
	return checkSize(path, data)
}

// CheckDelete is what every Objects asks before Delete.
func CheckDelete(path string) error {
	kind, err := KindOf(path)
	switch {
	case err != nil:
		return err
	case kind != KindPartial && kind != KindAside:
		return fmt.Errorf("%s is never deleted", path)
	}
	return nil
}

func checkSize(path string, data []byte) error {
	if len(data) == 0 || len(data) > MaxObject {
		return fmt.Errorf("%s of %d bytes", path, len(data))
	}
	return nil
}
