package record

import (
	"slices"
	"testing"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/broker/record/recordtest"
	"github.com/assumebot/assumebot/broker/record/tree"
)

func verifyWith(t *testing.T, key *tree.Signer, source audit.Source) audit.Verified {
	t.Helper()
	got, err := audit.Verify(t.Context(), audit.Verification{Source: source, Keys: recordtest.PublicKeys(t, key), Seal: recordtest.Keys("k1")})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestATextIsErasedWhereverItStandsAndTheTreeHolds(t *testing.T) {
	m := recordtest.NewMemory()
	s, key := recordtest.NewShelf(m), recordtest.Signer(t)
	l := running(t, m, "a")
	reason := event.NewText("INC-42 failover of Ms Smith")
	with := func(text event.Text) event.Event {
		e := recordtest.About("e")
		e.Data = event.RefusedData{Account: "prod", Reason: text}
		return e
	}
	l.mustRecord(t, with(reason))
	l.mustRecord(t, with(event.NewText("another")))
	l.mustRecord(t, recordtest.About("none"))
	l.fill(t, "a", 300)
	l.mustRecord(t, with(reason))
	p := publisher(s, l, key)
	if err := publish(t, p); err != nil {
		t.Fatal(err)
	}
	d := recordtest.WriteArchive(t, s, recordtest.Newest(t, s, key))
	archive, err := audit.FromArchive(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	store := audit.FromStore(m, s)
	for n, want := range map[int64][]int64{0: {0, 303}, 303: {0, 303}, 1: {1}, 2: nil} {
		got, err := audit.Holders(t.Context(), n, store, archive)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("of entry %d: got %v, %v, want %v", n, got, err, want)
		}
	}
	if _, err := audit.Holders(t.Context(), 9999, store); err == nil {
		t.Error("of an entry that is not there: got no error")
	}
	if err := audit.Forgotten(t.Context(), []int64{0, 303}, store, archive); err == nil {
		t.Error("before: got that nothing is left")
	}
	for range 2 { // it can be repeated
		if err := l.Forget(t.Context(), []int64{0, 303}, "carol", d); err != nil {
			t.Fatal(err)
		}
		if err := audit.Forgotten(t.Context(), []int64{0, 303}, store, archive); err != nil {
			t.Error(err)
		}
	}
	last, err := event.Decode(m.Entries[len(m.Entries)-1].Leaf, nil)
	if want := (event.ForgottenData{Entry: 303, By: "carol"}); err != nil || last.Data != want {
		t.Errorf("the record tells %v, %v, want %v", last.Data, err, want)
	}
	if err := publish(t, p); err != nil {
		t.Fatal(err)
	}
	for name, source := range map[string]audit.Source{"store": store, "archive": archive} {
		if got := verifyWith(t, key, source); len(got.Findings) != 0 || got.Signed < 304 {
			t.Errorf("%s: got %v", name, got.Findings)
		}
	}
	if left, err := store.Asides(t.Context(), []int64{1}); err != nil || len(left) != 1 {
		t.Errorf("the other text: got %v, %v", left, err)
	}
}
