package event_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker/event"
)

// parts are those of e, each as it is read back.
func parts(t *testing.T, e event.Event) []event.Event {
	t.Helper()
	all, err := event.Split(e)
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range all {
		leaf, aside := encoded(t, part)
		if all[i], err = event.Decode(leaf, aside); err != nil {
			t.Fatal(err)
		}
		if i > 0 && all[i].ID == all[i-1].ID {
			t.Errorf("got the ID %s twice", all[i].ID)
		}
	}
	return all
}

func wantPieces(t *testing.T, got, want event.Piece) {
	t.Helper()
	if got != want {
		t.Errorf("got part %+v, want %+v", got, want)
	}
}

func TestWhatFitsIsOneEvent(t *testing.T) {
	e := of(event.MembershipData{Group: "S1", Added: []string{"U1"}})
	all := parts(t, e)
	if len(all) != 1 {
		t.Fatalf("got %d parts, want 1", len(all))
	}
	if diff := cmp.Diff(e, all[0]); diff != "" {
		t.Error(diff)
	}
}

func TestAMembershipIsDividedAndWhole(t *testing.T) {
	want := ids(9000)
	var added, removed []string
	all := parts(t, of(event.MembershipData{Group: "S1", Added: want[:5000], Removed: want[5000:]}))
	for i, e := range all {
		p := e.Data.(event.MembershipData)
		wantPieces(t, p.Piece, event.Piece{Part: i + 1, Parts: len(all)})
		added, removed = append(added, p.Added...), append(removed, p.Removed...)
	}
	if len(all) < 2 || !slices.Equal(added, want[:5000]) || !slices.Equal(removed, want[5000:]) {
		t.Errorf("got %d parts with %d and %d, want all 9000", len(all), len(added), len(removed))
	}
}

func TestFreeTextCountsWhereItIsDivided(t *testing.T) {
	var problems []event.Problem
	for range 300 {
		problems = append(problems, event.Problem{Line: 1, Words: event.NewText(strings.Repeat("long words ", 100))})
	}
	var got []event.Problem
	all := parts(t, of(event.ConfigBrokenData{Problems: problems}))
	for i, e := range all {
		p := e.Data.(event.ConfigBrokenData)
		wantPieces(t, p.Piece, event.Piece{Part: i + 1, Parts: len(all)})
		got = append(got, p.Problems...)
	}
	if diff := cmp.Diff(problems, got); diff != "" {
		t.Error(diff)
	}
}

func TestAConfigAndARestatementAreDividedAndWhole(t *testing.T) {
	var changes, gotChanges []event.Change
	for range 2000 {
		changes = append(changes, event.Change{Of: "account prod", What: "changed", Field: "allow", Gained: []string{"U01ALICE"}})
	}
	for _, e := range parts(t, of(event.ConfigData{Changes: changes})) {
		gotChanges = append(gotChanges, e.Data.(event.ConfigData).Changes...)
	}
	if diff := cmp.Diff(changes, gotChanges); diff != "" {
		t.Error(diff)
	}
	want := event.RestatedData{Since: 7, Import: &event.RestatedImport{Position: "1-1", Over: true}, Pause: &event.RestatedOrder{By: event.Person{ID: "U1"}}}
	for i := range int64(1000) {
		want.Blocks = append(want.Blocks, event.RestatedOrder{Entry: i, Target: event.Person{ID: "U2"}, Reason: event.NewText("why")})
		want.LockOuts = append(want.LockOuts, event.RestatedLockOut{Entry: i, User: "U3"})
		want.Keys = append(want.Keys, event.RestatedKey{Entry: i, User: "U4", Key: "SHA256:x"})
		want.Ended = append(want.Ended, event.RestatedEnd{Entry: i, ID: "g1", What: "grant"})
		want.Taken = append(want.Taken, event.RestatedTaken{Entry: i, User: "U5", What: "grant", Of: "prod"})
	}
	var got event.RestatedData
	all := parts(t, of(want))
	for i, e := range all {
		p := e.Data.(event.RestatedData)
		wantPieces(t, p.Piece, event.Piece{Part: i + 1, Parts: len(all)})
		got.Since, got.Pause, got.Import = p.Since, p.Pause, p.Import
		got.Blocks, got.LockOuts = append(got.Blocks, p.Blocks...), append(got.LockOuts, p.LockOuts...)
		got.Keys, got.Ended, got.Taken = append(got.Keys, p.Keys...), append(got.Ended, p.Ended...), append(got.Taken, p.Taken...)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAnImportedEntryKeepsItsBytes(t *testing.T) {
	for name, entry := range map[string]string{
		"short":     `{"id":"x","kind":"granted","reason":"a\u2028b"}`,
		"controls":  "a\x00\n\u202e",
		"not UTF-8": "a\xff\xfe",
		"long":      strings.Repeat("東京é\"", 20_000),
		"long junk": strings.Repeat("\xff\xfe\xfd", 30_000),
		"none":      "",
	} {
		var got string
		for _, e := range parts(t, of(event.NewImported("1-1", []byte(entry)))) {
			got += string(e.Data.(event.ImportedData).Bytes())
		}
		if got != entry {
			t.Errorf("%s: got %d bytes, want the %d that there were", name, len(got), len(entry))
		}
	}
}

func TestWhatCannotBeDividedIsRefused(t *testing.T) {
	many := make([]event.Person, 5000)
	for i := range many {
		many[i] = event.Person{ID: "U01ALICE"}
	}
	if all, err := event.Split(of(event.GrantedData{Act: event.Act{ApprovedBy: many}})); err == nil {
		t.Errorf("got %d parts, want it refused", len(all))
	}
}
