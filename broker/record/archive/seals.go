package archive

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// Bundles of C2SP tlog-tiles have the Events alone. What else an entry has (who had read
// what when it was written, its ID and MACs) an archive keeps beside each bundle, so
// that an entry which comes back from there is the one that was written.

// SealsPath is where an archive keeps the seals of the entries of a tile of level 0.
func SealsPath(t tlog.Tile) string {
	return "seals/" + strings.TrimPrefix(tree.TilePath(tree.BundleOf(t)), "tile/entries/")
}

// Seals returns the bytes of the seals of entries: After in 8 bytes, the root, and
// ID and MACs after their lengths in 2 bytes.
func Seals(entries []entry.Entry) ([]byte, error) {
	var out []byte
	for _, e := range entries {
		if err := e.Bounded(); err != nil {
			return nil, fmt.Errorf("entry %d: %w", e.Number, err)
		}
		out = binary.BigEndian.AppendUint64(out, uint64(e.After)) //nolint:gosec // -1 has its own pattern too
		out = append(out, e.Root...)
		for _, part := range []string{e.ID, e.MACs} {
			out = binary.BigEndian.AppendUint16(out, uint16(len(part))) //nolint:gosec // bounded above
			out = append(out, part...)
		}
	}
	return out, nil
}

var errSeals = errors.New("the seals of a bundle are not those of its events")

// parseSeals gives the Events of a bundle their seals. Nothing says that they are right.
func parseSeals(data []byte, leaves [][]byte, first int64) ([]entry.Entry, error) {
	take := func(n int) []byte {
		if n > len(data) {
			return nil
		}
		part := data[:n:n]
		data = data[n:]
		return part
	}
	text := func(most int) (string, bool) {
		size := take(2)
		if size == nil {
			return "", false
		}
		n := int(binary.BigEndian.Uint16(size))
		part := take(n)
		return string(part), n <= most && len(part) == n
	}
	entries := make([]entry.Entry, len(leaves))
	for i, leaf := range leaves {
		after, root := take(8), take(entry.RootSize)
		id, okID := text(entry.MaxID)
		macs, okMACs := text(entry.MaxMACs)
		if after == nil || root == nil || !okID || !okMACs {
			return nil, errSeals
		}
		s := entry.Sealed{After: int64(binary.BigEndian.Uint64(after)), Root: root, ID: id, Leaf: leaf, MACs: macs} //nolint:gosec // check refuses what is none
		entries[i] = entry.Entry{Number: first + int64(i), Sealed: s}
	}
	if len(data) != 0 {
		return nil, errSeals
	}
	return entries, nil
}

// PathOfTile is the path of the bundle that seals are beside; any other path as it is.
func PathOfTile(path string) string {
	if number, seals := strings.CutPrefix(path, "seals/"); seals {
		return "tile/entries/" + number
	}
	return path
}
