package tree

import (
	"bytes"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/record/treetest"
)

func receiptOf(t testing.TB, s *Signer, n int64) []byte {
	t.Helper()
	full := treetest.FullOf(t, 9)
	data, err := Receipt(n, checkpointOf(t, s, full, 9), treetest.LeafOf(n), full)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestAReceiptHoldsTheEntryThatItProves(t *testing.T) {
	s := newTestSigner(t)
	keys, data := publicKeys(t, s), receiptOf(t, s, 4)
	for _, leaf := range [][]byte{nil, treetest.LeafOf(4)} {
		got, err := keys.CheckAnyProof(data, leaf)
		if err != nil || got.Number != 4 || !bytes.Equal(got.Leaf, treetest.LeafOf(4)) {
			t.Errorf("got %+v, %v", got, err)
		}
	}
	if _, err := keys.CheckAnyProof(data, treetest.LeafOf(5)); err == nil {
		t.Error("another entry beside it: got no error")
	}
	bare, err := Bare(data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys.CheckAnyProof(bare, nil); err == nil {
		t.Error("without an entry: got no error")
	}
	if _, err := keys.CheckAnyProof(bare, treetest.LeafOf(4)); err != nil {
		t.Errorf("with the entry beside it: %v", err)
	}
	swapped := bytes.Replace(data, bytes.SplitAfter(data, []byte("\n"))[1], bytes.SplitAfter(receiptOf(t, s, 5), []byte("\n"))[1], 1)
	if got, err := keys.CheckAnyProof(swapped, nil); err == nil {
		t.Errorf("with the entry of another: got %d", got.Number)
	}
	for _, leaf := range [][]byte{nil, {}, make([]byte, MaxLeaf+1)} {
		full := treetest.FullOf(t, 9)
		if _, err := Receipt(4, checkpointOf(t, s, full, 9), leaf, full); err == nil {
			t.Errorf("an entry of %d bytes: got no error", len(leaf))
		}
	}
}

// TestAReceiptOfTheLargestEntryIsRead holds the bounds together.
func TestAReceiptOfTheLargestEntryIsRead(t *testing.T) {
	s := newTestSigner(t)
	leaf := bytes.Repeat([]byte("x"), MaxLeaf)
	note, err := s.sign(Checkpoint{Origin: testOrigin, Size: 1, Root: tlog.RecordHash(leaf)})
	if err != nil {
		t.Fatal(err)
	}
	c, err := publicKeys(t, s).Check(note, testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	data, err := Receipt(0, c, leaf, treetest.FullOf(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := publicKeys(t, s).CheckAnyProof(Pasted(data), nil); err != nil || len(data) > MaxProof {
		t.Errorf("got %d bytes, %v", len(data), err)
	}
}

// TestWhoSignedACheckpointIsPrintedAsKeygenDoes also after a change of keys.
func TestWhoSignedACheckpointIsPrintedAsKeygenDoes(t *testing.T) {
	oldPrivate, oldPublic, err := NewKey(testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	private, public, err := NewKey(testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	ring := func(keys ...string) *Signer {
		s, err := NewSigner(keys...)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	full := treetest.FullOf(t, 3)
	for want, by := range map[string]*Signer{oldPublic: ring(oldPrivate), public: ring(private, oldPrivate)} {
		c := checkpointOf(t, by, full, 3)
		got := publicKeys(t, ring(private, oldPrivate)).Signers(c)
		if len(got) == 1 && got[0] == want {
			again, err := NewPublicKeys([]string{public, oldPublic}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if checked, err := again.Check(c.Note, testOrigin); err != nil || again.Signers(checked)[0] != want {
				t.Errorf("by public keys: got %q, %v, want %q", again.Signers(checked), err, want)
			}
			continue
		}
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAReceiptIsReadAsItWasPasted(t *testing.T) {
	s := newTestSigner(t)
	good := string(receiptOf(t, s, 4))
	for name, pasted := range map[string]string{
		"as it is":               good,
		"without its last break": strings.TrimSuffix(good, "\n"),
		"by Windows":             "\ufeff" + strings.ReplaceAll(good, "\n", "\r\n"),
		"in a message":           "Receipt of record 4\nIt proves this.\n\n" + good + "\nPublic key:\n" + testOrigin + "+1+A\n",
		"in marks of code":       "```" + strings.TrimSuffix(good, "\n") + "```\nPublic key",
		"indented":               "  " + strings.ReplaceAll(good, "\n", " \n\t"),
		"twice":                  good + good,
	} {
		if got := string(Pasted([]byte(pasted))); got != good {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, good)
		}
	}
	for _, none := range []string{"", "x", "\n\n", "c2sp.org/tlog-proof@v2\nindex 4\n", strings.Repeat("x", 3*MaxProof)} {
		if got := string(Pasted([]byte(none))); got != none {
			t.Errorf("got %.60q of %.60q", got, none)
		}
	}
}

// FuzzPasted holds that whatever stands around a receipt, it is read or refused, and never
// read as another.
func FuzzPasted(f *testing.F) {
	s := newTestSigner(f)
	keys, good := publicKeys(f, s), receiptOf(f, s, 4)
	f.Add([]byte("Receipt\n"), []byte("\nPublic key\n"))
	f.Add([]byte("```"), []byte("```"))
	f.Add([]byte("c2sp.org/tlog-proof@v1\n"), []byte("\u2014 x y\n"))
	f.Add([]byte{}, []byte("c2sp.org/tlog-proof@v1\nhalf of it"))
	f.Fuzz(func(t *testing.T, before, after []byte) {
		got, err := keys.CheckAnyProof(Pasted(append(append(bytes.Clone(before), good...), after...)), nil)
		if err == nil && (got.Number != 4 || !bytes.Equal(got.Leaf, treetest.LeafOf(4))) {
			t.Fatalf("got entry %d", got.Number)
		}
		once := Pasted(after)
		if again := Pasted(once); !bytes.Equal(once, again) {
			t.Fatalf("got %q, and of that %q", once, again)
		}
	})
}
