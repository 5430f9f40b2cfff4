package tree

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/record/treetest"
)

func TestEachEntryIsProvedWithPublicKeysAlone(t *testing.T) {
	private, public, err := NewKey(testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := NewPublicKeys([]string{public}, nil)
	if err != nil {
		t.Fatal(err)
	}
	full := treetest.FullOf(t, 300)
	for _, size := range []int64{1, 2, 7, 256, 300} {
		c := checkpointOf(t, s, full, size)
		for n := range size {
			data, err := Prove(n, c, full)
			if err != nil {
				t.Fatal(err)
			}
			got, err := keys.CheckProof(data, treetest.LeafOf(n), testOrigin)
			if err != nil || got.Number != n || got.In.Tree() != c.Tree() {
				t.Fatalf("entry %d of %d: got %d, %v", n, size, got.Number, err)
			}
			if _, err := keys.CheckProof(data, treetest.LeafOf(n+1), testOrigin); err == nil {
				t.Fatalf("entry %d of %d: another event was proved", n, size)
			}
		}
		for _, n := range []int64{-1, size} {
			if got, err := Prove(n, c, full); err == nil {
				t.Errorf("entry %d of %d: got\n%s", n, size, got)
			}
		}
	}
}

func TestAProofHasTheFormOfC2SP(t *testing.T) {
	s, full := newTestSigner(t), treetest.FullOf(t, 3)
	c := checkpointOf(t, s, full, 3)
	got, err := Prove(1, c, full)
	pair, last := tlog.RecordHash(treetest.LeafOf(0)), tlog.RecordHash(treetest.LeafOf(2))
	want := "c2sp.org/tlog-proof@v1\nindex 1\n" + pair.String() + "\n" + last.String() + "\n\n" + string(c.Note)
	if err != nil || string(got) != want {
		t.Errorf("got\n%s%v\nwant\n%s", got, err, want)
	}
}

func TestAProofThatWasChangedProvesNothing(t *testing.T) {
	s, full := newTestSigner(t), treetest.FullOf(t, 9)
	keys, c := publicKeys(t, s), checkpointOf(t, s, full, 9)
	good, err := Prove(4, c, full)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys.CheckProof(good, treetest.LeafOf(4), testOrigin); err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(good), "\n")
	for i := range lines {
		if i < len(lines)-1 {
			less := strings.Join(slices.Concat(lines[:i], lines[i+1:]), "")
			if _, err := keys.CheckProof([]byte(less), treetest.LeafOf(4), testOrigin); err == nil {
				t.Errorf("without line %d: got no error", i)
			}
			twice := strings.Join(slices.Concat(lines[:i+1], lines[i:]), "")
			if _, err := keys.CheckProof([]byte(twice), treetest.LeafOf(4), testOrigin); err == nil && !strings.HasPrefix(lines[i], "— ") {
				t.Errorf("line %d twice: got no error", i)
			}
		}
	}
	for name, bad := range map[string]string{
		"nothing":             "",
		"another version":     strings.Replace(string(good), "@v1", "@v2", 1),
		"another number":      strings.Replace(string(good), "index 4", "index 5", 1),
		"a number too large":  strings.Replace(string(good), "index 4", "index 9", 1),
		"the largest number":  strings.Replace(string(good), "index 4", "index 18446744073709551615", 1),
		"a zero before it":    strings.Replace(string(good), "index 4", "index 04", 1),
		"lines of Windows":    strings.ReplaceAll(string(good), "\n", "\r\n"),
		"the end is cut":      string(good[:len(good)-1]),
		"a hash of 31 bytes":  strings.Replace(string(good), lines[2], "AAAA\n", 1),
		"too large":           string(good) + strings.Repeat("\n", MaxProof),
		"hashes without end":  lines[0] + lines[1] + strings.Repeat(lines[2], 1000) + strings.Join(lines[3:], ""),
		"a checkpoint alone":  string(c.Note),
		"another checkpoint":  strings.Replace(string(good), string(c.Note), string(checkpointOf(t, s, full, 8).Note), 1),
		"a checkpoint forged": strings.Replace(string(good), string(c.Note), string(checkpointOf(t, newTestSigner(t), full, 9).Note), 1),
	} {
		if got, err := keys.CheckProof([]byte(bad), treetest.LeafOf(4), testOrigin); err == nil {
			t.Errorf("%s: got entry %d, want an error", name, got.Number)
		}
	}
	if _, err := keys.CheckProof(good, treetest.LeafOf(4), testOrigin+"/2"); err == nil {
		t.Error("another log: got no error")
	}
}

func FuzzProof(f *testing.F) {
	s, full := newTestSigner(f), treetest.FullOf(f, 9)
	keys := publicKeys(f, s)
	good, err := Prove(4, checkpointOf(f, s, full, 9), full)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(bytes.Replace(good, []byte("index"), []byte("extra \nindex"), 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		if got, err := keys.CheckProof(data, treetest.LeafOf(4), testOrigin); err == nil && got.Number != 4 {
			t.Fatalf("entry 4 was proved to be %d", got.Number)
		}
	})
}
