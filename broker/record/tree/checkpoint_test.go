package tree

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	cosignature "github.com/transparency-dev/formats/note"

	"github.com/assumebot/assumebot/broker/record/treetest"
)

const testOrigin = "record.example/bot"

func newTestSigner(t testing.TB) *Signer {
	t.Helper()
	private, _, err := NewKey(testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func publicKeys(t testing.TB, s *Signer, witnesses ...string) PublicKeys {
	t.Helper()
	keys, err := s.PublicKeys(witnesses...)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// checkpointOf returns the checkpoint that s signs of the first size entries of full.
func checkpointOf(t testing.TB, s *Signer, full *treetest.Full, size int64) Checkpoint {
	t.Helper()
	raw, err := s.sign(Checkpoint{Origin: testOrigin, Size: size, Root: full.At(t, size).Hash})
	if err != nil {
		t.Fatal(err)
	}
	c, err := publicKeys(t, s).Check(raw, testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestACheckpointIsCheckedWithPublicKeysAlone(t *testing.T) {
	private, public, err := NewKey(testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	w, stranger := treetest.NewCosigner(t, "witness.example/w1"), treetest.NewCosigner(t, "witness.example/w2")
	root := treetest.FullOf(t, 9).At(t, 9).Hash
	raw := treetest.NoteOf(t, testOrigin+"\n9\n"+root.String()+"\n", s.key, w, stranger)

	keys, err := NewPublicKeys([]string{public}, []string{w.VKey()})
	if err != nil {
		t.Fatal(err)
	}
	got, err := keys.Check(raw, testOrigin)
	want := Checkpoint{
		Origin:   testOrigin,
		Size:     9,
		Root:     root,
		Cosigned: []Cosignature{{Witness: w.Name(), At: time.Unix(1_800_000_000, 0).UTC()}},
		Note:     raw,
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Checkpoint{}, "Signed")); err != nil || diff != "" {
		t.Errorf("got %v\n%s", err, diff)
	}
}

func TestACosignatureOfTheNewerKindIsChecked(t *testing.T) {
	private, public, err := cosignature.GenerateMLDSAKey("witness.example/pq")
	if err != nil {
		t.Fatal(err)
	}
	w, err := cosignature.NewMLDSASigner(private)
	if err != nil {
		t.Fatal(err)
	}
	s := newTestSigner(t)
	root := treetest.FullOf(t, 3).At(t, 3).Hash
	got, err := publicKeys(t, s, public).Check(treetest.NoteOf(t, testOrigin+"\n3\n"+root.String()+"\n", s.key, w), testOrigin)
	if err != nil || len(got.Cosigned) != 1 || got.Cosigned[0].Witness != "witness.example/pq" {
		t.Errorf("got %v, %v", got.Cosigned, err)
	}
}

func TestANoteThatIsNoCheckpointOfTheLogIsRefused(t *testing.T) {
	s, other := newTestSigner(t), newTestSigner(t)
	w := treetest.NewCosigner(t, "witness.example/w1")
	timeless := w.Timeless()
	keys := publicKeys(t, s, w.VKey())
	root := treetest.FullOf(t, 9).At(t, 9).Hash.String()
	text := testOrigin + "\n9\n" + root + "\n"
	good := treetest.NoteOf(t, text, s.key, w)
	if _, err := keys.Check(good, testOrigin); err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string][]byte{
		"nothing":                       nil,
		"no signature":                  []byte(text + "\n"),
		"another key of the same name":  treetest.NoteOf(t, text, other.key),
		"a witness alone":               treetest.NoteOf(t, text, w),
		"a cosignature without a time":  treetest.NoteOf(t, text, s.key, timeless),
		"a cosignature of another size": append(treetest.NoteOf(t, text, s.key), treetest.LineOf(w, testOrigin+"\n8\n"+root+"\n")...),
		"another size":                  bytes.Replace(good, []byte("\n9\n"), []byte("\n8\n"), 1),
		"another log":                   treetest.NoteOf(t, "record.example/other\n9\n"+root+"\n", s.key),
		"the next log":                  treetest.NoteOf(t, testOrigin+"/2\n9\n"+root+"\n", s.key),
		"an extension line":             treetest.NoteOf(t, text+"more\n", s.key),
		"a zero before the size":        treetest.NoteOf(t, testOrigin+"\n09\n"+root+"\n", s.key),
		"a size with a sign":            treetest.NoteOf(t, testOrigin+"\n+9\n"+root+"\n", s.key),
		"too many entries":              treetest.NoteOf(t, testOrigin+"\n9007199254740993\n"+root+"\n", s.key),
		"half a root":                   treetest.NoteOf(t, testOrigin+"\n9\n"+root[:20]+"\n", s.key),
		"a root of nothing":             treetest.NoteOf(t, testOrigin+"\n0\n"+root+"\n", s.key),
		"too large":                     append(bytes.Clone(good), bytes.Repeat([]byte("\n"), MaxNote)...),
	} {
		if got, err := keys.Check(raw, testOrigin); err == nil {
			t.Errorf("%s: got %v, want an error", name, got)
		}
	}
}

func TestAKeyOfAnotherKindOrNameIsRefused(t *testing.T) {
	_, public, _ := NewKey(testOrigin)
	_, other, _ := NewKey("record.example/other")
	w := treetest.NewCosigner(t, "witness.example/w1")
	damaged := strings.Replace(w.VKey(), fmt.Sprintf("%08x", w.KeyHash()), fmt.Sprintf("%08x", w.KeyHash()+1), 1)
	for name, keys := range map[string]struct{ log, witnesses []string }{
		"no key":                      {nil, nil},
		"an empty key":                {[]string{""}, nil},
		"two names":                   {[]string{public, other}, nil},
		"a witness as the log":        {[]string{w.VKey()}, nil},
		"the log as a witness":        {[]string{public}, []string{public}},
		"a witness twice":             {[]string{public}, []string{w.VKey(), w.VKey()}},
		"a damaged key of a witness":  {[]string{public}, []string{damaged}},
		"half a key of a witness":     {[]string{public}, []string{w.VKey()[:30]}},
		"an empty key of a witness":   {[]string{public}, []string{""}},
		"the damaged key of the log":  {[]string{public[:len(public)-2]}, nil},
		"a key of a witness and more": {[]string{public}, []string{w.VKey() + "AAAA"}},
	} {
		if _, err := NewPublicKeys(keys.log, keys.witnesses); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func FuzzCheckpoint(f *testing.F) {
	s := newTestSigner(f)
	w := treetest.NewCosigner(f, "witness.example/w1")
	keys := publicKeys(f, s, w.VKey())
	none := Edge{}
	empty, err := s.Empty(testOrigin)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(empty)
	f.Add(treetest.NoteOf(f, testOrigin+"\n9\n"+none.Root().String()+"\n", s.key, w))
	f.Add([]byte(testOrigin + "\n18446744073709551615\n\nx\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if c, err := parseCheckpoint(string(raw)); err == nil && c.Text() != string(raw) {
			t.Fatalf("got %q, want %q", c.Text(), raw)
		}
		c, err := keys.Check(raw, testOrigin)
		if err != nil {
			return
		}
		if c.Origin != testOrigin || c.Size < 0 || c.Size > MaxSize || c.Size == 0 && c.Root != none.Root() {
			t.Fatalf("got %v", c)
		}
	})
}
