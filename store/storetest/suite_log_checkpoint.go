package storetest

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/record/published"
	"github.com/assumebot/assumebot/broker/record/tree"
)

var checkpointTests = []test{
	{"a checkpoint is published only in the signer's turn and in place of the last", checkpointInTurn},
	{"a checkpoint that is none is refused or an error", checkpointBounds},
	{"a tree without entries is of a record that was lost", treeWithoutEntries},
	{"tiles are kept by their paths", tilesKept},
	{"a wider tile takes a partial one's place and serves it", tilesWiden},
	{"a tile is deleted unless it has become wider", tilesDeleted},
	{"what is no tile is neither kept nor found", tilesRefused},
	{"a tile that somebody else made too long is replaced", tilesMended},
}

func wantCheckpoint(t testing.TB, h *harness, want string) {
	t.Helper()
	got, err := h.Checkpoints.Checkpoint(t.Context())
	if err != nil || string(got) != want || (got == nil) != (want == "") {
		t.Errorf("checkpoint: got %q, %v, want %q", got, err, want)
	}
}

func checkpointInTurn(t testing.TB, h *harness) {
	turn := func(holder string) lease.Fence {
		t.Helper()
		n, err := h.Leases.HoldLease(t.Context(), published.Lease, holder, time.Minute)
		if err != nil || n == 0 {
			t.Fatalf("lease for %s: got turn %d, %v", holder, n, err)
		}
		return lease.Fence{Lease: published.Lease, Holder: holder, Turn: n}
	}
	publish := func(f lease.Fence, previous, next string, want bool) {
		t.Helper()
		var before []byte
		if previous != "" {
			before = []byte(previous)
		}
		if got, err := h.Checkpoints.Publish(t.Context(), f, before, []byte(next)); got != want || err != nil {
			t.Errorf("publish %q for %s: got %v, %v, want %v", next, f.Holder, got, err, want)
		}
	}
	wantCheckpoint(t, h, "")
	publish(lease.Fence{Lease: published.Lease, Holder: "a", Turn: 1}, "", "nobody's turn", false)
	first := turn("a")
	publish(first, "", "one", true)
	publish(first, "", "one", true) // a repeat
	publish(first, "none", "two", false)
	publish(first, "one", "two", true)
	wantCheckpoint(t, h, "two")
	if err := h.Leases.ReleaseLease(t.Context(), published.Lease, "a"); err != nil {
		t.Fatal(err)
	}
	second := turn("b")
	publish(first, "two", "too late", false)
	wantCheckpoint(t, h, "two")
	publish(second, "two", "three", true)
	wantCheckpoint(t, h, "three")
}

func checkpointBounds(t testing.TB, h *harness) {
	f := lease.Fence{Lease: published.Lease, Holder: "a", Turn: 1}
	for _, c := range []struct {
		f    lease.Fence
		next []byte
	}{
		{f, nil},
		{f, make([]byte, 1<<20+1)},
		{lease.Fence{Lease: "another", Holder: "a", Turn: 1}, []byte("x")},
		{lease.Fence{Lease: published.Lease, Turn: 1}, []byte("x")},
		{lease.Fence{Lease: published.Lease, Holder: "a"}, []byte("x")},
	} {
		if got, err := h.Checkpoints.Publish(t.Context(), c.f, nil, c.next); got || err == nil {
			t.Errorf("publish %d bytes in %+v: got %v, %v, want an error", len(c.next), c.f, got, err)
		}
	}
	h.needsShared(t)
	must(t, h.raw.Set(t.Context(), "assumebot:{record}:checkpoint", strings.Repeat("x", 8<<20), 0).Err())
	if got, err := h.Checkpoints.Checkpoint(t.Context()); got != nil || err == nil {
		t.Errorf("checkpoint of 8 MB: got %d bytes, %v, want an error", len(got), err)
	}
}

func treeWithoutEntries(t testing.TB, h *harness) {
	if err := h.Checkpoints.SaveTiles(t.Context(), map[string][]byte{"tile/0/000.p/1": hashes(1)}); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, h.Store, newWriter(h.Store, "new").batch("a"), tree.ErrRewound)
}

// hashes are the bytes of a tile of n hashes.
func hashes(n int) []byte {
	var out []byte
	for i := range n {
		out = append(out, bytes.Repeat([]byte{byte(i)}, 32)...)
	}
	return out
}

func saveTiles(t testing.TB, h *harness, tiles map[string][]byte) {
	t.Helper()
	if err := h.Checkpoints.SaveTiles(t.Context(), tiles); err != nil {
		t.Errorf("save tiles: %v", err)
	}
}

func wantTiles(t testing.TB, h *harness, want map[string][]byte, others ...string) {
	t.Helper()
	for path := range want {
		others = append(others, path)
	}
	got, err := h.Checkpoints.Tiles(t.Context(), others)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("tiles (-want +got): %v\n%s", err, diff)
	}
}

func tilesKept(t testing.TB, h *harness) {
	wantTiles(t, h, map[string][]byte{}, "tile/0/000", "tile/0/000.p/1")
	tiles := map[string][]byte{"tile/0/x001/234": hashes(256), "tile/1/004.p/210": hashes(210)}
	for i := range 600 { // several round trips
		tiles[fmt.Sprintf("tile/2/%03d.p/1", i)] = hashes(1)
	}
	saveTiles(t, h, tiles)
	saveTiles(t, h, tiles)
	saveTiles(t, h, nil)
	wantTiles(t, h, tiles, "tile/0/x001/235")
}

func tilesWiden(t testing.TB, h *harness) {
	saveTiles(t, h, map[string][]byte{"tile/0/000.p/2": hashes(2)})
	wantTiles(t, h, map[string][]byte{"tile/0/000.p/1": hashes(1)}, "tile/0/000.p/3", "tile/0/000")
	saveTiles(t, h, map[string][]byte{"tile/0/000.p/9": hashes(9)})
	saveTiles(t, h, map[string][]byte{"tile/0/000.p/3": hashes(3)}) // of a signer that was paused
	wantTiles(t, h, map[string][]byte{"tile/0/000.p/2": hashes(2), "tile/0/000.p/9": hashes(9)})
	saveTiles(t, h, map[string][]byte{"tile/0/000": hashes(256)})
	wantTiles(t, h, map[string][]byte{"tile/0/000.p/9": hashes(9), "tile/0/000": hashes(256)})
	if h.raw != nil {
		if n, err := h.raw.HLen(t.Context(), "assumebot:{record}:tiles").Result(); n != 1 || err != nil {
			t.Errorf("got %d tiles, %v, want one", n, err)
		}
	}
}

func tilesDeleted(t testing.TB, h *harness) {
	remove := func(paths ...string) {
		t.Helper()
		if err := h.Checkpoints.DeleteTiles(t.Context(), paths); err != nil {
			t.Errorf("delete %v: %v", paths, err)
		}
	}
	wider := map[string][]byte{"tile/0/000.p/9": hashes(9), "tile/0/001": hashes(256)}
	saveTiles(t, h, wider)
	remove("tile/0/000.p/3", "tile/0/001.p/255", "tile/0/002")
	remove()
	wantTiles(t, h, wider)
	remove("tile/0/000.p/9", "tile/0/001")
	wantTiles(t, h, map[string][]byte{}, "tile/0/000.p/1", "tile/0/001")
}

func tilesRefused(t testing.TB, h *harness) {
	for _, path := range []string{
		"", "checkpoint", "tile/", "tile/entries/000", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/-1", "tile/0/000.p/", "tile/0/000.p/x",
		"tile/0/../000", "tile/0/000.p/1/2", "tile/" + strings.Repeat("1", 64),
	} {
		if err := h.Checkpoints.SaveTiles(t.Context(), map[string][]byte{path: hashes(256)}); err == nil {
			t.Errorf("save %q: got no error", path)
		}
		if got, err := h.Checkpoints.Tiles(t.Context(), []string{path}); err == nil {
			t.Errorf("find %q: got %d tiles and no error", path, len(got))
		}
		if err := h.Checkpoints.DeleteTiles(t.Context(), []string{path}); err == nil {
			t.Errorf("delete %q: got no error", path)
		}
	}
	for path, size := range map[string]int{"tile/0/000": 8191, "tile/0/001": 0, "tile/0/002": 8224, "tile/0/003.p/2": 32, "tile/0/004.p/2": 65} {
		if err := h.Checkpoints.SaveTiles(t.Context(), map[string][]byte{path: make([]byte, size)}); err == nil {
			t.Errorf("save %s of %d bytes: got no error", path, size)
		}
	}
}

func tilesMended(t testing.TB, h *harness) {
	h.needsShared(t)
	must(t, h.raw.HSet(t.Context(), "assumebot:{record}:tiles", "tile/0/000", strings.Repeat("x", 8<<20)).Err())
	got, err := h.Checkpoints.Tiles(t.Context(), []string{"tile/0/000"})
	if err != nil || len(got["tile/0/000"]) > 8192 {
		t.Errorf("got %d bytes, %v, want no more than a tile has", len(got["tile/0/000"]), err)
	}
	saveTiles(t, h, map[string][]byte{"tile/0/000.p/3": hashes(3)})
	wantTiles(t, h, map[string][]byte{"tile/0/000.p/3": hashes(3)}, "tile/0/000")
}
