package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/recordtest"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/broker/record/treetest"
)

// A whole is a record of 600 signed entries, and 30 after them.
type whole struct {
	m      *recordtest.Memory
	s      *recordtest.Shelf
	key    *tree.Signer
	keys   tree.PublicKeys
	older  []byte // the checkpoint of 300 entries
	signed tree.Checkpoint
}

// wholeRecord returns a copy of one that is made once.
func wholeRecord(t *testing.T) whole {
	t.Helper()
	recordOnce.Do(func() { recordOnce.whole = newRecord(t, recordtest.Signer(t)) })
	k := recordOnce.whole
	k.m = k.m.CopyOf()
	k.m.Changed = make(chan struct{})
	k.s = &recordtest.Shelf{M: k.m, Published: k.s.Published, Kept: map[string][]byte{}, Turns: map[string]int64{}}
	for path, data := range recordOnce.s.Kept {
		k.s.Kept[path] = bytes.Clone(data)
	}
	return k
}

var recordOnce struct {
	sync.Once
	whole
}

func newRecord(t *testing.T, key *tree.Signer) whole {
	t.Helper()
	k := whole{m: recordtest.NewMemory(), key: key}
	k.s = recordtest.NewShelf(k.m)
	var err error
	if k.keys, err = k.key.PublicKeys(); err != nil {
		t.Fatal(err)
	}
	said := recordtest.About("said")
	said.Data = event.RefusedData{Account: "prod", Reason: event.NewText("INC-42 failover")}
	k.m.Write(t, said)
	k.m.Write(t, recordtest.Intent("x"))
	k.m.Fill(t, "a", 298)
	k.s.Sign(t, key)
	k.older = recordtest.Newest(t, k.s, k.key).Note
	k.m.Fill(t, "b", 300)
	k.s.Sign(t, key)
	k.signed = recordtest.Newest(t, k.s, k.key)
	k.m.Fill(t, "c", 30)
	return k
}

// archive is a directory as whoever archives writes it.
func (k whole) archive(t *testing.T) Source {
	t.Helper()
	s, err := FromArchive(t.Context(), recordtest.WriteArchive(t, k.s, k.signed))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// file is an export, of whatever there is.
func (k whole) file(t *testing.T) Source {
	t.Helper()
	var out bytes.Buffer
	to := json.NewEncoder(&out)
	lines := []exportLine{{Version: 1, Origin: recordtest.Origin, First: new(int64)}}
	for _, e := range k.m.Entries {
		lines = append(lines, entryLine(e, e.Number >= k.signed.Size-entry.Window))
	}
	for path, data := range k.s.Kept {
		lines = append(lines, exportLine{Tile: path, Data: data})
	}
	note := string(k.signed.Note)
	for _, l := range append(lines, exportLine{Checkpoint: &note}) {
		if err := to.Encode(l); err != nil {
			t.Fatal(err)
		}
	}
	s, err := FromFile(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (k whole) sources(t *testing.T) map[string]Source {
	t.Helper()
	return map[string]Source{"store": FromStore(k.m, k.s), "archive": k.archive(t), "file": k.file(t)}
}

func (k whole) verify(t *testing.T, s Source, options ...func(*Verification)) Verified {
	t.Helper()
	v := Verification{Source: s, Keys: k.keys, Seal: recordtest.Keys("k1")}
	for _, o := range options {
		o(&v)
	}
	got, err := Verify(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestAWholeRecordVerifiesWhereverItIs(t *testing.T) {
	k := wholeRecord(t)
	for name, s := range k.sources(t) {
		unsigned := int64(30)
		if name == "archive" {
			unsigned = 0
		}
		for _, since := range [][]byte{nil, k.older, k.signed.Note} {
			got := k.verify(t, s, func(v *Verification) { v.Since = since })
			if len(got.Findings) != 0 || got.Signed != 600 || got.Unsigned != unsigned || got.Checkpoint.Tree() != k.signed.Tree() {
				t.Errorf("%s: got %d signed and %d unsigned entries, %v", name, got.Signed, got.Unsigned, got.Findings)
			}
		}
	}
}

// TestTheFirstEntryThatIsWrongIsNamed does to a record what somebody might, in each place
// where it is kept.
func TestTheFirstEntryThatIsWrongIsNamed(t *testing.T) {
	forged := func(m *recordtest.Memory) entry.Entry {
		e := m.Entries[5]
		e.Leaf = bytes.Replace(e.Leaf, []byte("UALICE"), []byte("UMARLO"), 1)
		return e
	}
	for name, tc := range map[string]struct {
		do   func(m *recordtest.Memory)
		want Finding
	}{
		"altered":                  {func(m *recordtest.Memory) { m.Alter(7); m.Alter(400) }, Finding{Fault: FaultBroken, Entry: 7, Last: 7}},
		"altered, last":            {func(m *recordtest.Memory) { m.Alter(599) }, Finding{Fault: FaultBroken, Entry: 599, Last: 599}},
		"removed":                  {func(m *recordtest.Memory) { m.Remove(20, 21) }, Finding{Fault: FaultMissing, Entry: 20, Last: 20}},
		"removed, others moved up": {func(m *recordtest.Memory) { m.Remove(20, 23); m.Renumber(20) }, Finding{Fault: FaultMissing, Entry: 20, Last: 22}},
		"removed over a border":    {func(m *recordtest.Memory) { m.Remove(250, 260); m.Renumber(250) }, Finding{Fault: FaultMissing, Entry: 250, Last: 259}},
		"removed, from a border":   {func(m *recordtest.Memory) { m.Remove(512, 630) }, Finding{Fault: FaultMissing, Entry: 512, Last: 599}},
		"doubled":                  {func(m *recordtest.Memory) { m.Insert(11, m.Entries[10]) }, Finding{Fault: FaultDoubled, Entry: 11, Last: 11, Of: 10}},
		"doubled over a border":    {func(m *recordtest.Memory) { m.Insert(256, m.Entries[255]) }, Finding{Fault: FaultDoubled, Entry: 256, Last: 256, Of: 255}},
		"doubled in place of another": {
			func(m *recordtest.Memory) { m.Entries[30].Sealed = m.Entries[2].Sealed }, Finding{Fault: FaultDoubled, Entry: 30, Last: 30, Of: 2},
		},
		"swapped":                       {func(m *recordtest.Memory) { m.Swap(40, 41) }, Finding{Fault: FaultMoved, Entry: 40, Last: 40, Of: 41}},
		"swapped farther":               {func(m *recordtest.Memory) { m.Swap(100, 180) }, Finding{Fault: FaultMoved, Entry: 100, Last: 100, Of: 180}},
		"put in":                        {func(m *recordtest.Memory) { m.Insert(50, forged(m)) }, Finding{Fault: FaultInserted, Entry: 50, Last: 50}},
		"put in place of another":       {func(m *recordtest.Memory) { m.Entries[60].Sealed = forged(m).Sealed }, Finding{Fault: FaultBroken, Entry: 60, Last: 60}},
		"no bytes":                      {func(m *recordtest.Memory) { m.Entries[70].Leaf = []byte("{") }, Finding{Fault: FaultBroken, Entry: 70, Last: 70}},
		"another text beside the entry": {func(m *recordtest.Memory) { m.Entries[0].Aside = bytes.ToUpper(m.Entries[0].Aside) }, Finding{Fault: FaultText}},
	} {
		t.Run(name, func(t *testing.T) {
			k := wholeRecord(t)
			k.m.Change(tc.do)
			for in, s := range k.sources(t) {
				got := k.verify(t, s)
				if len(got.Findings) != 1 {
					t.Fatalf("%s: got %v", in, got.Findings)
				}
				f := got.Findings[0]
				if f.Err = nil; f != tc.want {
					t.Errorf("%s: got %q, want %q", in, f.Error(), tc.want.Error())
				}
			}
		})
	}
}

func TestEntriesThatWereCutOffAreAllNamed(t *testing.T) {
	k := wholeRecord(t)
	k.m.Change(func(m *recordtest.Memory) { m.Remove(500, 630) })
	for in, s := range map[string]Source{"store": FromStore(k.m, k.s), "file": k.file(t)} {
		want := Finding{Fault: FaultMissing, Entry: 500, Last: 599}
		if got := k.verify(t, s); len(got.Findings) != 1 || got.Findings[0] != want || got.Signed != 500 {
			t.Errorf("%s: got %v", in, got.Findings)
		}
	}
}

func TestWhatIsNotSignedYetIsCheckedAsAReplicaDoes(t *testing.T) {
	for name, tc := range map[string]struct {
		do      func(m *recordtest.Memory)
		want    Fault
		entry   int64
		without bool // it is seen without seal keys too
	}{
		"altered":  {func(m *recordtest.Memory) { m.Alter(610) }, FaultBroken, 610, false},
		"removed":  {func(m *recordtest.Memory) { m.Remove(610, 611) }, FaultMissing, 610, true},
		"doubled":  {func(m *recordtest.Memory) { m.Insert(611, m.Entries[610]) }, FaultDoubled, 611, true},
		"replayed": {func(m *recordtest.Memory) { m.Insert(611, m.Entries[590]) }, FaultDoubled, 611, true},
		"forged": {func(m *recordtest.Memory) {
			e := m.Entries[610]
			e.ID, e.Leaf = "x", bytes.Replace(e.Leaf, []byte("UALICE"), []byte("UMARLO"), 1)
			m.Insert(611, e)
		}, FaultBroken, 611, false},
	} {
		t.Run(name, func(t *testing.T) {
			k := wholeRecord(t)
			k.m.Change(tc.do)
			for in, s := range map[string]Source{"store": FromStore(k.m, k.s), "file": k.file(t)} {
				got := k.verify(t, s)
				if len(got.Findings) != 1 || got.Findings[0].Fault != tc.want || got.Findings[0].Entry != tc.entry || got.Signed != 600 {
					t.Errorf("%s: got %v", in, got.Findings)
				}
				got = k.verify(t, s, func(v *Verification) { v.Seal = nil })
				if seen := len(got.Findings) == 1; seen != tc.without {
					t.Errorf("%s: without seal keys got %v", in, got.Findings)
				}
			}
		})
	}
}

func TestTilesOfAnotherTreeAreNamedAndTheRootTellsOfTheEntries(t *testing.T) {
	for name, do := range map[string]func(tiles map[string][]byte){
		"altered": func(tiles map[string][]byte) { tiles["tile/0/001"][5]++ },
		"gone":    func(tiles map[string][]byte) { delete(tiles, "tile/0/001") },
		"short":   func(tiles map[string][]byte) { tiles["tile/0/001"] = tiles["tile/0/001"][:99] },
	} {
		t.Run(name, func(t *testing.T) {
			k := wholeRecord(t)
			do(k.s.Kept)
			for in, s := range k.sources(t) {
				got := k.verify(t, s)
				if len(got.Findings) != 1 || got.Findings[0].Fault != FaultTiles || got.Findings[0].Entry != 256 || got.Signed != 600 {
					t.Errorf("%s: got %d entries, %v", in, got.Signed, got.Findings)
				}
			}
			k.m.Change(func(m *recordtest.Memory) { m.Alter(310) })
			for in, s := range k.sources(t) {
				got := k.verify(t, s)
				if len(got.Findings) != 2 || got.Findings[1].Fault != FaultTree || got.Signed != 0 {
					t.Errorf("%s, with another entry: got %v", in, got.Findings)
				}
			}
		})
	}
}

func TestACheckpointThatNobodySignedVerifiesNothing(t *testing.T) {
	k := wholeRecord(t)
	other, err := recordtest.Signer(t).PublicKeys()
	if err != nil {
		t.Fatal(err)
	}
	for in, s := range k.sources(t) {
		got := k.verify(t, s, func(v *Verification) { v.Keys = other })
		if len(got.Findings) != 1 || got.Findings[0].Fault != FaultUnsigned || got.Signed != 0 {
			t.Errorf("%s: got %v", in, got.Findings)
		}
	}
	k.s.Published = nil
	if got := k.verify(t, FromStore(k.m, k.s)); len(got.Findings) != 1 || got.Findings[0].Fault != FaultUnsigned {
		t.Errorf("without any: got %v", got.Findings)
	}
	k.s.Published = []byte("{")
	if got := k.verify(t, FromStore(k.m, k.s)); len(got.Findings) != 1 || got.Findings[0].Fault != FaultUnsigned {
		t.Errorf("with one that cannot be read: got %v", got.Findings)
	}
}

func TestAWitnessThatDidNotSignIsNamed(t *testing.T) {
	k := wholeRecord(t)
	w := treetest.NewCosigner(t, "witness.example/w1")
	keys, err := k.key.PublicKeys(w.VKey())
	if err != nil {
		t.Fatal(err)
	}
	needed := func(v *Verification) { v.Keys = keys }
	if got := k.verify(t, FromStore(k.m, k.s), needed); len(got.Findings) != 1 || got.Findings[0].Fault != FaultWitness || got.Signed != 600 {
		t.Errorf("got %v", got.Findings)
	}
	k.signed.Note = append(k.signed.Note, treetest.LineOf(w, k.signed.Text())...)
	if got := k.verify(t, k.file(t), needed); len(got.Findings) != 0 || len(got.Checkpoint.Cosigned) != 1 {
		t.Errorf("cosigned: got %v", got.Findings)
	}
}

func TestAnOlderRecordDoesNotGoOnFromANewerCheckpoint(t *testing.T) {
	k := wholeRecord(t)
	older := k
	var err error
	if older.signed, err = k.keys.Check(k.older, recordtest.Origin); err != nil {
		t.Fatal(err)
	}
	older.m = k.m.CopyOf()
	older.m.Entries = older.m.Entries[:300]
	got := older.verify(t, older.file(t), func(v *Verification) { v.Since = k.signed.Note })
	if len(got.Findings) != 1 || !errors.Is(got.Findings[0], tree.ErrRewound) || got.Signed != 300 {
		t.Errorf("got %v", got.Findings)
	}
	forked := newRecord(t, k.key)
	got = forked.verify(t, forked.file(t), func(v *Verification) { v.Since = k.older })
	if len(got.Findings) != 1 || !errors.Is(got.Findings[0], tree.ErrForked) {
		t.Errorf("of another history: got %v", got.Findings)
	}
}

func TestTheStoreMayLetGoOfOldEntriesAlone(t *testing.T) {
	k := wholeRecord(t)
	k.m.Trimmed = 300
	written := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		now  time.Time
		want []Fault
	}{
		"in time":   {written.Add(48 * time.Hour), nil},
		"too early": {written.Add(24 * time.Hour), []Fault{FaultMissing}},
		"never":     {time.Time{}, []Fault{FaultPart}},
	} {
		got := k.verify(t, FromStore(k.m, k.s), func(v *Verification) { v.Trimmed = tc.now })
		var faults []Fault
		for _, f := range got.Findings {
			faults = append(faults, f.Fault)
		}
		if !slices.Equal(faults, tc.want) || got.First != 300 {
			t.Errorf("%s: got %v", name, got.Findings)
		}
		if len(tc.want) == 0 && got.Signed != 300 {
			t.Errorf("%s: got %d entries", name, got.Signed)
		}
	}
	k.m.Trimmed = 610
	got := k.verify(t, FromStore(k.m, k.s), func(v *Verification) { v.Trimmed = written.Add(48 * time.Hour) })
	if len(got.Findings) != 1 || got.Findings[0].Fault != FaultMissing {
		t.Errorf("beyond the checkpoint: got %v", got.Findings)
	}
}

func TestTilesThatTheStoreHasNoMoreAreReadFromTheArchive(t *testing.T) {
	k := wholeRecord(t)
	archive := k.archive(t)
	clear(k.s.Kept)
	if got := k.verify(t, WithTiles(FromStore(k.m, k.s), archive)); len(got.Findings) != 0 || got.Signed != 600 {
		t.Errorf("got %v", got.Findings)
	}
}

var errGone = errors.New("away")

// away is a Source that fails from a call on.
type away struct {
	Source
	calls int
}

func (a *away) fails() error {
	if a.calls--; a.calls < 0 {
		return errGone
	}
	return nil
}

func (a *away) Read(ctx context.Context, from int64, limit int) ([]entry.Entry, error) {
	if err := a.fails(); err != nil {
		return nil, err
	}
	return a.Source.Read(ctx, from, limit)
}

func (a *away) Tiles(ctx context.Context, paths []string) (map[string][]byte, error) {
	if err := a.fails(); err != nil {
		return nil, err
	}
	return a.Source.Tiles(ctx, paths)
}

func TestASourceThatIsAwayIsNoFinding(t *testing.T) {
	k := wholeRecord(t)
	for calls := range 8 {
		v := Verification{Source: &away{FromStore(k.m, k.s), calls}, Keys: k.keys, Since: k.older}
		if got, err := Verify(t.Context(), v); !errors.Is(err, errGone) || len(got.Findings) != 0 {
			t.Errorf("after %d calls: got %v, %v", calls, got.Findings, err)
		}
	}
}

func TestEveryFaultHasASentence(t *testing.T) {
	said := map[string]bool{}
	for f := FaultUnsigned; f <= FaultPart; f++ {
		said[Finding{Fault: f, Entry: 1, Last: 1, Err: errors.New("why")}.Error()] = true
	}
	if len(said) != int(FaultPart) {
		t.Errorf("got %d sentences, want %d: %v", len(said), FaultPart, said)
	}
	if got := (Finding{Fault: FaultMissing, Entry: 3, Last: 5}).Error(); !strings.Contains(got, "3 to 5") {
		t.Errorf("got %q", got)
	}
}

func TestACheckpointOfTheLogBeforeIsNotComparedAndSaysSo(t *testing.T) {
	k := wholeRecord(t)
	since, err := k.key.Empty(recordtest.Origin + "/2")
	if err != nil {
		t.Fatal(err)
	}
	got := k.verify(t, k.file(t), func(v *Verification) { v.Since = since })
	if len(got.Findings) != 1 || !errors.Is(got.Findings[0], ErrOtherLog) || got.Signed != k.signed.Size {
		t.Errorf("got %v of %d entries, want that it is of another log", got.Findings, got.Signed)
	}
}
