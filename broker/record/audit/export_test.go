package audit

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/recordtest"
	"github.com/assumebot/assumebot/broker/record/tree"
)

func exported(t *testing.T, x Export) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := x.JSONL(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func fromFile(t *testing.T, data []byte) *FileSource {
	t.Helper()
	s, err := FromFile(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAnExportVerifiesByItselfAndIsTheSameWhereverItComesFrom(t *testing.T) {
	k := wholeRecord(t)
	for name, s := range k.sources(t) {
		data := exported(t, Export{Source: s})
		file := fromFile(t, data)
		got := k.verify(t, file)
		if len(got.Findings) != 0 || got.Signed != 600 {
			t.Errorf("%s: got %d entries, %v", name, got.Signed, got.Findings)
		}
		if again := exported(t, Export{Source: file}); name != "archive" && !bytes.Equal(again, data) {
			t.Errorf("%s: exported again: %s", name, cmp.Diff(string(data), string(again)))
		}
	}
}

func TestAPartOfARecordVerifiesAsThatPart(t *testing.T) {
	k := wholeRecord(t)
	for _, part := range []struct{ from, to, signed, missing int64 }{
		{from: 1, to: 0, signed: 599}, {from: 256, to: 512, signed: 256, missing: 512}, {from: 300, to: 301, signed: 1, missing: 301},
		{from: 590, to: 700, signed: 10},
	} {
		got := k.verify(t, fromFile(t, exported(t, Export{Source: FromStore(k.m, k.s), From: part.from, To: part.to})))
		if got.First != part.from || got.Signed != part.signed || len(got.Findings) == 0 || got.Findings[0].Fault != FaultPart {
			t.Errorf("from %d to %d: got %d entries from %d on, %v", part.from, part.to, got.Signed, got.First, got.Findings)
		}
		if f := got.Findings[len(got.Findings)-1]; part.missing > 0 && (f.Fault != FaultMissing || f.Entry != part.missing) {
			t.Errorf("from %d to %d: got %v", part.from, part.to, got.Findings)
		}
	}
}

func TestAnExportThatLeavesOutEntriesSaysSo(t *testing.T) {
	k := wholeRecord(t)
	data := exported(t, Export{
		Source: FromStore(k.m, k.s),
		Filter: Filter{Kind: event.Intent},
	})
	if n := bytes.Count(data, []byte("\n")); n != 3 || bytes.Contains(data, []byte(`"tile"`)) {
		t.Errorf("got %d lines", n)
	}
	got := k.verify(t, fromFile(t, data))
	if len(got.Findings) != 1 || got.Findings[0].Fault != FaultPart || !strings.Contains(got.Findings[0].Error(), "--kind intent") {
		t.Errorf("got %v", got.Findings)
	}
}

func TestAnExportOfWhatIsNotThereFails(t *testing.T) {
	k := wholeRecord(t)
	k.m.Change(func(m *recordtest.Memory) { m.Remove(20, 21) })
	var missing *Finding
	if err := (Export{Source: FromStore(k.m, k.s)}).JSONL(t.Context(), io.Discard); !errors.As(err, &missing) || missing.Entry != 20 {
		t.Errorf("got %v", err)
	}
}

func TestALeafIsExportedByteByByte(t *testing.T) {
	k := wholeRecord(t)
	leaves := [][]byte{[]byte("\xff\x00"), []byte("<&>\u2028\\\"\n"), []byte(`{"v":1}`)}
	k.m.Change(func(m *recordtest.Memory) {
		for i, leaf := range leaves {
			m.Entries[i].Leaf = leaf
		}
	})
	entries, err := fromFile(t, exported(t, Export{Source: FromStore(k.m, k.s)})).Read(t.Context(), 0, len(leaves))
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range entries {
		if !bytes.Equal(e.Leaf, leaves[i]) {
			t.Errorf("got %q, want %q", e.Leaf, leaves[i])
		}
	}
}

func TestWhatIsNoExportIsRefused(t *testing.T) {
	const head = `{"assumebot_record":1,"origin":"o","first":0}` + "\n"
	for name, data := range map[string]string{
		"empty":             "",
		"no JSON":           "hello\n",
		"another version":   `{"assumebot_record":2,"first":0}`,
		"no first number":   `{"assumebot_record":1}`,
		"a negative number": `{"assumebot_record":1,"first":-1}`,
		"cut":               head + `{"number":0,"le`,
		"no line of ours":   head + `{}`,
		"no tile":           head + `{"tile":"../x"}`,
		"a long line":       head + `{"number":0,"leaf":"` + strings.Repeat("x", maxLine) + `"}`,
		"after the end":     head + `{"checkpoint":""}` + "\n" + `{"number":0,"leaf":"{}"}`,
	} {
		if _, err := FromFile(strings.NewReader(data)); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func FuzzFromFile(f *testing.F) {
	f.Add([]byte(`{"assumebot_record":1,"origin":"o","first":0}` + "\n" +
		`{"number":0,"leaf":"{}","sealed":{"after":-1,"root":"AAAA","id":"x","macs":""}}` + "\n" +
		`{"tile":"tile/0/000.p/1","data":"AAAA"}` + "\n" + `{"checkpoint":"x"}`))
	private, _, err := tree.NewKey(recordtest.Origin)
	if err != nil {
		f.Fatal(err)
	}
	s, err := tree.NewSigner(private)
	if err != nil {
		f.Fatal(err)
	}
	keys, err := s.PublicKeys()
	if err != nil {
		f.Fatal(err)
	}
	note, err := s.Empty(recordtest.Origin)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := FromFile(bytes.NewReader(data))
		if err != nil {
			return
		}
		file.note = note
		if _, err := Verify(t.Context(), Verification{Source: file, Keys: keys}); err != nil && !errors.Is(err, ErrDamaged) {
			t.Error(err)
		}
		_ = Export{Source: file}.JSONL(t.Context(), io.Discard)
	})
}
