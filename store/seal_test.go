package store

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker/secret"
)

func seed(b byte) secret.Text {
	return secret.New(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, seedSize)))
}

func ringOf(t testing.TB, seeds ...secret.Text) *ring {
	t.Helper()
	r, err := newRing(seeds)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSealedValueOpensUnderItsOwnKeyOnly(t *testing.T) {
	r := ringOf(t, seed(1))
	for _, plain := range []string{"", "x", strings.Repeat("token", 5000)} {
		sealed := r.seal("assumebot:a", []byte(plain))
		if bytes.Contains(sealed, []byte("token")) {
			t.Error("the sealed value shows its text")
		}
		got, err := r.open("assumebot:a", sealed)
		if err != nil || string(got) != plain {
			t.Errorf("open: got %d bytes, %v, want %d", len(got), err, len(plain))
		}
		for _, key := range []string{"", "assumebot:b", "assumebot:a "} {
			wantSealed(t, r, key, sealed)
		}
	}
}

func wantSealed(t *testing.T, r *ring, key string, sealed []byte) {
	t.Helper()
	got, err := r.open(key, sealed)
	var unseal *UnsealError
	if got != nil || !errors.As(err, &unseal) || unseal.Key != key {
		t.Errorf("open under %q: got %q, %v, want an UnsealError", key, got, err)
	}
}

func TestEachChangedByteIsNoticed(t *testing.T) {
	r := ringOf(t, seed(1))
	sealed := r.seal("k", []byte("secret"))
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 0x80
		wantSealed(t, r, "k", changed)
		wantSealed(t, r, "k", sealed[:i])
	}
	wantSealed(t, r, "k", append(sealed, 0))
}

func TestSameTextIsNeverSealedTheSame(t *testing.T) {
	r := ringOf(t, seed(1))
	seen := map[string]bool{}
	for range 1000 {
		seen[string(r.seal("k", []byte("x")))] = true
	}
	if got := len(seen); got != 1000 {
		t.Errorf("different sealed values: got %d, want 1000", got)
	}
}

func TestRotationKeepsOldValuesAndSealsWithTheNewest(t *testing.T) {
	old, rotated, finished := ringOf(t, seed(1)), ringOf(t, seed(2), seed(1)), ringOf(t, seed(2))
	before, after := old.seal("k", []byte("before")), rotated.seal("k", []byte("after"))
	if got, err := rotated.open("k", before); err != nil || string(got) != "before" {
		t.Errorf("an old value: got %q, %v", got, err)
	}
	if got, err := finished.open("k", after); err != nil || string(got) != "after" {
		t.Errorf("a new value: got %q, %v", got, err)
	}
	var unseal *UnsealError
	if _, err := finished.open("k", before); !errors.As(err, &unseal) || unseal.UnknownKey != old.newest() {
		t.Errorf("a value of a key that is gone: got %v, want key %s named", err, old.newest())
	}
}

func TestCodeHashesAgreeOnlyForOneKeyDeviceAndCode(t *testing.T) {
	code := func(s string) secret.TokenCode { return secret.TokenCode{Text: secret.New(s)} }
	old, rotated := ringOf(t, seed(1)), ringOf(t, seed(2), seed(1))
	want := old.codeHashes("serial", code("123456"))[0]
	got := rotated.codeHashes("serial", code("123456"))
	if len(got) != 2 || got[1] != want || got[0] == want {
		t.Errorf("got %q, want two hashes, the second %q", got, want)
	}
	for _, other := range []string{
		old.codeHashes("serial", code("123457"))[0],
		old.codeHashes("serial1", code("23456"))[0],
	} {
		if other == want {
			t.Errorf("another device and code: got the same hash %q", want)
		}
	}
}

func TestRingRefusesWhatIsNoKeyWithoutQuotingIt(t *testing.T) {
	for name, seeds := range map[string][]secret.Text{
		"none":       {},
		"empty":      {secret.New("")},
		"short":      {secret.New(base64.StdEncoding.EncodeToString([]byte("MARKED")))},
		"not base64": {seed(1), secret.New("MARKED!")},
		"twice":      {seed(1), seed(1)},
		"with space": {secret.New(" " + seed(1).Reveal())},
	} {
		_, err := newRing(seeds)
		if err == nil {
			t.Errorf("%s: got no error", name)
			continue
		}
		for _, s := range seeds {
			if text := s.Reveal(); text != "" && strings.Contains(err.Error(), text) {
				t.Errorf("%s: the error quotes the key", name)
			}
		}
	}
}

// firstSealed is "a value of the first release" under the key "k" of seed(1).
const firstSealed = "AWy2P7YGftWRAoRWhSX7fjI2b+ShXIaVjJ6NcCi713kzOiUCthKloGj11WsNSm3/+jwoWXTIF3fEFQD+aRnT9vo="

// The derived keys are pinned: a change would orphan all that is sealed, and the record.
func TestDerivedKeysStayTheSame(t *testing.T) {
	r := ringOf(t, seed(1))
	got := []string{
		r.newest(),
		r.codeHashes("serial", secret.TokenCode{Text: secret.New("123456")})[0],
		hex.EncodeToString(r.keys[0].logMAC([]byte("message"))),
	}
	want := []string{
		"6cb63fb6067ed591",
		"6666744e5a5011d1377b02230fe19050d15e59ffdc12a92c98dfdeffed3d1815",
		"17f683c6ddbc163abb191493a3897ca84f5ba0dff7f0620188b8218da83700e4",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("derived (-want +got):\n%s", diff)
	}
	sealed, err := base64.StdEncoding.DecodeString(firstSealed)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := r.open("k", sealed); err != nil || string(plain) != "a value of the first release" {
		t.Errorf("a value sealed long ago: got %q, %v", plain, err)
	}
}

func FuzzOpen(f *testing.F) {
	r := ringOf(f, seed(2), seed(1))
	good, err := base64.StdEncoding.DecodeString(firstSealed) // fixed: each fuzzing process must know the same one
	if err != nil {
		f.Fatal(err)
	}
	f.Add("k", good)
	f.Add("other", good)
	f.Add("k", good[:headerSize])
	f.Add("k", []byte{sealVersion})
	f.Add("", []byte{})
	f.Fuzz(func(t *testing.T, key string, sealed []byte) {
		got, err := r.open(key, sealed)
		genuine := key == "k" && bytes.Equal(sealed, good)
		var unseal *UnsealError
		switch {
		case genuine && (err != nil || string(got) != "a value of the first release"):
			t.Errorf("got %q, %v, want what was sealed", got, err)
		case !genuine && (got != nil || !errors.As(err, &unseal)):
			t.Errorf("got %q, %v, want an UnsealError", got, err)
		}
	})
}
