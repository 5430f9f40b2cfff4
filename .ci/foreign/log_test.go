// Package foreign holds the record against programs of others that follow the same
// specifications: what they accept, whoever checks the record with them accepts too. It
// is a module of its own, so that the bot depends on none of them.
package foreign

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/record/tree"
)

const origin = "record.example/bot"

// A testLog is a record with all that is kept of it for others.
type testLog struct {
	kind   string // in each entry
	public string
	signer *tree.Signer
	keys   tree.PublicKeys
	leaves [][]byte
	edge   tree.Edge
	last   tree.Checkpoint
	files  map[string][]byte // by their C2SP paths
}

func newLog(t *testing.T, witnesses ...string) *testLog {
	t.Helper()
	private, public, err := tree.NewKey(origin)
	if err != nil {
		t.Fatal(err)
	}
	l := &testLog{kind: "test", public: public, files: make(map[string][]byte)}
	if l.signer, err = tree.NewSigner(private); err != nil {
		t.Fatal(err)
	}
	if l.keys, err = tree.NewPublicKeys([]string{l.public}, witnesses); err != nil {
		t.Fatal(err)
	}
	empty, err := l.signer.Empty(origin)
	if err != nil {
		t.Fatal(err)
	}
	l.publish(t, empty)
	return l
}

func (l *testLog) tiles(_ context.Context, paths []string) (map[string][]byte, error) {
	got := make(map[string][]byte)
	for _, path := range paths {
		if data, ok := l.files[path]; ok {
			got[path] = data
		}
	}
	return got, nil
}

func (l *testLog) hashes(t *testing.T) tlog.HashReader {
	return tree.HashReader(t.Context(), l.last.Tree(), l.tiles)
}

// publish keeps a checkpoint as the newest.
func (l *testLog) publish(t *testing.T, raw []byte) {
	t.Helper()
	c, err := l.keys.Check(raw, origin)
	if err != nil {
		t.Fatal(err)
	}
	l.last, l.files["checkpoint"] = c, raw
}

// grow appends entries up to size, and signs a checkpoint.
func (l *testLog) grow(t *testing.T, size int) {
	t.Helper()
	from := l.edge.Size()
	var hashes []tlog.Hash
	for n := len(l.leaves); n < size; n++ {
		l.leaves = append(l.leaves, fmt.Appendf(nil, `{"v":1,"n":%d,"kind":%q,"text":%q}`, n, l.kind, strings.Repeat("ä", n%50)))
		hashes = append(hashes, tlog.RecordHash(l.leaves[n]))
	}
	edge, tiles, err := tree.Grow(t.Context(), l.edge, hashes, l.tiles)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(l.files, tiles)
	for _, tile := range tree.TilesBetween(from, edge.Size()) {
		if tile.L != 0 {
			continue
		}
		first := int(tile.N) * 256
		bundle, err := tree.Bundle(l.leaves[first : first+tile.W])
		if err != nil {
			t.Fatal(err)
		}
		l.files[tree.TilePath(tree.BundleOf(tile))] = bundle
	}
	l.edge = edge
	raw, err := l.signer.Advance(l.last, edge.Tree(), tree.HashReader(t.Context(), edge.Tree(), l.tiles))
	if err != nil {
		t.Fatal(err)
	}
	l.publish(t, raw)
}

// program returns the path of a tool of this module, which it builds.
func program(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "tool", "-n", name).Output()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return strings.TrimSpace(string(out))
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
