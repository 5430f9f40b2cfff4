package store

import (
	"fmt"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/broker/secret"
)

func TestAnotherRingSealsByItsNewestAndOpensWhatWasSealedBefore(t *testing.T) {
	s := &Store{core: &core{}}
	first, second := secret.New("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHiA="), secret.New("IAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHiA=")
	s.ring.now.Store(ringOf(t, first))
	was := s.ring.now.Load().newest()
	before := s.ring.seal("key", []byte("before"))

	const lost = "the key that seals now (%s) is not among the new ones"
	if _, err := s.UseSealKeys([]secret.Text{second}, nil); err == nil || !strings.Contains(err.Error(), fmt.Sprintf(lost, was)) {
		t.Errorf("got %v, want a refusal of a ring that loses what is sealed", err)
	}
	if _, err := s.UseSealKeys([]secret.Text{secret.New("awskms:///x")}, nil); err == nil {
		t.Error("got a ring of a key that is still wrapped")
	}
	if s.ring.now.Load().newest() != was {
		t.Fatal("a refused ring counts")
	}
	if _, err := s.UseSealKeys([]secret.Text{second, first}, nil); err == nil || !strings.Contains(err.Error(), "another replica may not have it yet") {
		t.Errorf("got %v, want a refusal to seal with a key that was not there to open with", err)
	}
	if is, err := s.UseSealKeys([]secret.Text{first, second}, nil); err != nil || is.Newest != was {
		t.Fatalf("got %v, %v, want the first key, and the second to open with", is, err)
	}
	is, err := s.UseSealKeys([]secret.Text{second, first}, nil)
	if err != nil || is.Newest == was {
		t.Fatalf("got %v, %v, want the second key", is, err)
	}
	if plain, err := s.ring.open("key", before); err != nil || string(plain) != "before" || s.ring.sealedByNewest(before) {
		t.Errorf("got %q, %v, want what the former ring sealed", plain, err)
	}
	if after := s.ring.seal("key", []byte("after")); !s.ring.sealedByNewest(after) {
		t.Error("the former key still seals")
	}
}

// TestAFormerKeyOpensAndDoesNothingElse: what it sealed and wrote is read, and nothing is sealed, written or hashed with it.
func TestAFormerKeyOpensAndDoesNothingElse(t *testing.T) {
	s := &Store{core: &core{}}
	first, second := secret.New("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHiA="), secret.New("IAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHiA=")
	s.ring.now.Store(ringOf(t, first))
	was := s.ring.now.Load().newest()
	log := LogKeys{s.core}
	sealed, mac := s.ring.seal("key", []byte("before")), log.MACs([]byte("entry"))
	for _, ring := range [][]secret.Text{{first, second}, {second, first}} {
		if _, err := s.UseSealKeys(ring, nil); err != nil {
			t.Fatal(err)
		}
	}
	opens := func() bool {
		plain, err := s.ring.open("key", sealed)
		return err == nil && string(plain) == "before"
	}
	is, err := s.UseSealKeys([]secret.Text{second}, []secret.Text{first})
	if err != nil || len(is.Former) != 1 || is.Former[0] != was {
		t.Fatalf("got %v, %v, want the first among those that only open", is, err)
	}
	if !opens() || !log.Check(mac, []byte("entry")) || log.Check(mac, []byte("another")) {
		t.Error("what the first key sealed or wrote is not read as it was")
	}
	if macs := log.MACs([]byte("entry")); strings.Contains(macs, was) || !strings.Contains(macs, is.Newest) {
		t.Errorf("got %q, want no MAC of a former key", macs)
	}
	if n := len(s.ring.now.Load().codeHashes("serial", secret.TokenCode{})); n != 1 || !s.ring.sealedByNewest(s.ring.seal("key", nil)) {
		t.Errorf("got %d hashes of a code, want one by the key that seals", n)
	}
	if _, err := s.UseSealKeys([]secret.Text{first, second}, nil); err == nil || !strings.Contains(err.Error(), "another replica may not have it yet") {
		t.Errorf("got %v, want that a former key does not seal again at once", err)
	}
	if _, err := s.UseSealKeys([]secret.Text{second}, []secret.Text{secret.New("awskms:///x")}); err == nil || !opens() {
		t.Errorf("got %v, want a refusal, and the keys from before", err)
	}
	if _, err := s.UseSealKeys([]secret.Text{second}, nil); err != nil || opens() || log.Check(mac, []byte("entry")) {
		t.Errorf("got %v, want that the first key is gone", err)
	}
}
