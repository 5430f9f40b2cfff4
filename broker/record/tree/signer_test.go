package tree

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/record/treetest"
)

func TestTheSameTreeIsSignedWithTheSameBytes(t *testing.T) {
	s, full := newTestSigner(t), treetest.FullOf(t, 300)
	raw, err := s.Empty(testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	empty, err := publicKeys(t, s).Check(raw, testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	first, err := s.Advance(empty, full.At(t, 300), full)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int64{1, 128, 299} {
		again, err := s.Advance(checkpointOf(t, s, full, size), full.At(t, 300), full)
		if err != nil || !bytes.Equal(again, first) {
			t.Errorf("after %d: got\n%s%v\nwant\n%s", size, again, err, first)
		}
	}
	if got, err := publicKeys(t, s).Check(first, testOrigin); err != nil || got.Tree() != full.At(t, 300) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestTheTreeOfTheLastCheckpointIsNotSignedAgain(t *testing.T) {
	s, full := newTestSigner(t), treetest.FullOf(t, 5)
	old := checkpointOf(t, s, full, 5)
	old.Note = append(old.Note, treetest.LineOf(treetest.NewCosigner(t, "witness.example/w1"), old.Text())...)
	got, err := newTestSigner(t).Advance(old, full.At(t, 5), full)
	if err != nil || !bytes.Equal(got, old.Note) {
		t.Errorf("got\n%s%v\nwant\n%s", got, err, old.Note)
	}
}

func TestATreeThatDoesNotFollowTheLastCheckpointIsNotSigned(t *testing.T) {
	s, full := newTestSigner(t), treetest.FullOf(t, 20)
	// other has another entry 7.
	var other treetest.Full
	for n := range int64(20) {
		leaf := treetest.LeafOf(n)
		if n == 7 {
			leaf = []byte("{}")
		}
		added, err := tlog.StoredHashes(n, leaf, &other)
		if err != nil {
			t.Fatal(err)
		}
		other = append(other, added...)
	}
	for size := int64(1); size <= 20; size++ {
		old := checkpointOf(t, s, full, size)
		for to := range int64(21) {
			got, err := s.Advance(old, other.At(t, to), &other)
			want := error(nil)
			switch {
			case to < size:
				want = ErrRewound
			case size > 7:
				want = ErrForked
			}
			if !errors.Is(err, want) || (got == nil) != (want != nil) {
				t.Errorf("%d after %d: got %q, %v; want %v", to, size, got, err, want)
			}
		}
	}
}

func TestHashesThatCannotBeReadAreNoFork(t *testing.T) {
	s, full := newTestSigner(t), treetest.FullOf(t, 20)
	broken := tlog.HashReaderFunc(func([]int64) ([]tlog.Hash, error) { return nil, errors.New("not there") })
	got, err := s.Advance(checkpointOf(t, s, full, 7), full.At(t, 20), broken)
	if got != nil || err == nil || errors.Is(err, ErrForked) || errors.Is(err, ErrRewound) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestEveryKeyOfTheRingChecksAndTheNewestSigns(t *testing.T) {
	oldKey, oldPublic, _ := NewKey(testOrigin)
	newKey, newPublic, _ := NewKey(testOrigin)
	before, err := NewSigner(oldKey)
	if err != nil {
		t.Fatal(err)
	}
	after, err := NewSigner(newKey, oldKey, oldKey)
	if err != nil {
		t.Fatal(err)
	}
	full := treetest.FullOf(t, 9)
	old := checkpointOf(t, before, full, 4)
	if _, err := publicKeys(t, after).Check(old.Note, testOrigin); err != nil {
		t.Error(err)
	}
	raw, err := after.Advance(old, full.At(t, 9), full)
	if err != nil {
		t.Fatal(err)
	}
	for public, want := range map[string]bool{oldPublic: false, newPublic: true} {
		keys, _ := NewPublicKeys([]string{public}, nil)
		if _, err := keys.Check(raw, testOrigin); (err == nil) != want {
			t.Errorf("got %v, want signed by this key: %t", err, want)
		}
	}
}

func TestAKeySignsForItsOriginAndTheLogsAfterIt(t *testing.T) {
	s := newTestSigner(t)
	for origin, want := range map[string]bool{
		testOrigin:                  true,
		testOrigin + "/2":           true,
		testOrigin + "/10":          true,
		testOrigin + "/1":           false,
		testOrigin + "/02":          false,
		testOrigin + "/+2":          false,
		testOrigin + "/":            false,
		testOrigin + "2":            false,
		testOrigin + "/9999999999":  false,
		testOrigin + "/2/2":         false,
		testOrigin + "/2\n9":        false,
		"record.example/other":      false,
		"":                          false,
		"another " + testOrigin:     false,
		testOrigin + "/2147483648 ": false,
	} {
		raw, err := s.Empty(origin)
		if err == nil {
			_, err = publicKeys(t, s).Check(raw, origin)
		}
		if (err == nil) != want {
			t.Errorf("%q: got %v, want signed: %t", origin, err, want)
		}
	}
}

func TestALogCannotHaveEveryName(t *testing.T) {
	for _, name := range []string{"", "a b", "a+b", "a\nb", "a\x01b", "a\xffb", "a,b", "a\u202eb", "a\u2028b",
		strings.Repeat("a", maxName+1)} {
		if _, _, err := NewKey(name); err == nil {
			t.Errorf("%q: got no error", name)
		}
	}
}

func FuzzALogThatHasItsNameCanSignACheckpoint(f *testing.F) {
	for _, name := range []string{testOrigin, "a/2", "#", "—", "a\u00adb", "\u0085", strings.Repeat("é", maxName/2)} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		private, public, err := NewKey(name)
		if err != nil {
			return
		}
		s, err := NewSigner(private)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := s.Empty(name)
		if err != nil {
			t.Fatal(err)
		}
		keys, err := NewPublicKeys([]string{public}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := keys.Check(raw, name); err != nil {
			t.Fatal(err)
		}
	})
}

func TestNoErrorAndNoPrintShowsAPrivateKey(t *testing.T) {
	private, public, _ := NewKey(testOrigin)
	other, _, _ := NewKey("record.example/other")
	s, _ := NewSigner(private)
	secret := private[len(private)-20:]
	said := fmt.Sprintf("%v %+v %#v", s, s, s)
	for _, ring := range [][]string{nil, {private[:len(private)-4]}, {private + "AAAA"}, {"x" + private}, {public}, {private, other}, {private, ""}} {
		_, err := NewSigner(ring...)
		if err == nil {
			t.Errorf("a ring of %d keys: got no error", len(ring))
			continue
		}
		said += err.Error()
	}
	if strings.Contains(said, secret) || strings.Contains(said, private[len(private)-40:len(private)-20]) {
		t.Errorf("the private key shows in: %s", said)
	}
}
