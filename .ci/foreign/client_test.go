package foreign

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"testing"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"

	"github.com/assumebot/assumebot/broker/record/tree"
)

// checkpoint reads the checkpoint of l as a foreign client does.
func checkpoint(t *testing.T, l *testLog) torchwood.Checkpoint {
	t.Helper()
	v, err := note.NewVerifier(l.public)
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(l.files["checkpoint"], note.VerifierList(v))
	if err != nil {
		t.Fatal(err)
	}
	c, err := torchwood.ParseCheckpoint(n.Text)
	if err != nil || c.Origin != origin {
		t.Fatalf("got %v, %v", c, err)
	}
	return c
}

func TestAForeignClientReadsEveryEntryFromTheTiles(t *testing.T) {
	l := newLog(t)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		data, ok := l.files[r.URL.Path[1:]]
		if !ok {
			http.NotFound(rw, r)
			return
		}
		_, _ = rw.Write(data)
	}))
	defer server.Close()
	fetcher, err := torchwood.NewTileFetcher(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	client, err := torchwood.NewClient(fetcher)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1, 255, 256, 257, 700, 66_000} {
		l.grow(t, size)
		c := checkpoint(t, l)
		from := max(0, size-600)
		read := from
		for n, entry := range client.AllEntries(t.Context(), c.Tree, int64(from)) {
			if n != int64(read) || !bytes.Equal(entry, l.leaves[n]) {
				t.Fatalf("size %d: got entry %d as %q", size, n, entry)
			}
			read++
		}
		if err := client.Err(); err != nil || read != size {
			t.Fatalf("size %d: read up to %d, %v", size, read, err)
		}
		entry, _, err := client.Entry(t.Context(), c.Tree, 0)
		if err != nil || !bytes.Equal(entry, l.leaves[0]) {
			t.Fatalf("size %d: got %q, %v", size, entry, err)
		}
	}
}

// spicy reads receipts as C2SP tlog-proof has them, but for the first line and the entry in them,
// which are newer.
func TestAForeignProgramAcceptsProofs(t *testing.T) {
	l, spicy, dir := newLog(t), program(t, "spicy"), t.TempDir()
	l.grow(t, 700)
	verify := func(n int, leaf []byte) error {
		receipt, err := tree.Receipt(int64(n), l.last, l.leaves[n], l.hashes(t))
		if err != nil {
			t.Fatal(err)
		}
		lines := bytes.SplitAfterN(receipt, []byte("\n"), 3)
		if string(lines[0]) != "c2sp.org/tlog-proof@v1\n" || !bytes.HasPrefix(lines[1], []byte("extra ")) {
			t.Fatalf("got\n%s", receipt)
		}
		proof := lines[2]
		path := filepath.Join(dir, "entry")
		write(t, path, leaf)
		write(t, path+".spicy", proof)
		return exec.CommandContext(t.Context(), spicy, "-verify", l.public, path).Run()
	}
	for _, n := range []int{0, 1, 255, 256, 511, 512, 699} {
		if err := verify(n, l.leaves[n]); err != nil {
			t.Errorf("entry %d: %v", n, err)
		}
	}
	if err := verify(7, l.leaves[8]); err == nil {
		t.Error("another event was proved")
	}
}
