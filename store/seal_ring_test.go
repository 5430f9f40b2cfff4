package store

import (
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

	if _, err := s.UseSealKeys([]secret.Text{second}); err == nil || !strings.Contains(err.Error(), "the key that seals now ("+was+") is not among the new ones") {
		t.Errorf("got %v, want a refusal of a ring that loses what is sealed", err)
	}
	if _, err := s.UseSealKeys([]secret.Text{secret.New("awskms:///x")}); err == nil {
		t.Error("got a ring of a key that is still wrapped")
	}
	if s.ring.now.Load().newest() != was {
		t.Fatal("a refused ring counts")
	}
	if _, err := s.UseSealKeys([]secret.Text{second, first}); err == nil || !strings.Contains(err.Error(), "another replica may not have it yet") {
		t.Errorf("got %v, want a refusal to seal with a key that was not there to open with", err)
	}
	if newest, err := s.UseSealKeys([]secret.Text{first, second}); err != nil || newest != was {
		t.Fatalf("got %s, %v, want the first key, and the second to open with", newest, err)
	}
	newest, err := s.UseSealKeys([]secret.Text{second, first})
	if err != nil || newest == was {
		t.Fatalf("got %s, %v, want the second key", newest, err)
	}
	if plain, err := s.ring.open("key", before); err != nil || string(plain) != "before" || s.ring.sealedByNewest(before) {
		t.Errorf("got %q, %v, want what the former ring sealed", plain, err)
	}
	if after := s.ring.seal("key", []byte("after")); !s.ring.sealedByNewest(after) {
		t.Error("the former key still seals")
	}
}
