package audit

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/recordtest"
)

// told is a record of these Events, which nobody has signed.
func told(t *testing.T, events ...event.Event) Source {
	t.Helper()
	m := recordtest.NewMemory()
	m.Write(t, events...)
	return FromStore(m, recordtest.NewShelf(m))
}

func rows(t *testing.T, x Export) [][]string {
	t.Helper()
	var out bytes.Buffer
	if err := x.CSV(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	all, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestNoCellOfASpreadsheetIsAFormula(t *testing.T) {
	var events []event.Event
	for _, reason := range []string{`=HYPERLINK("https://x.example")`, "+1", "-1", "@SUM(A1)", "INC-42, \"now\""} {
		e := recordtest.About("e")
		e.Data = event.RefusedData{Account: "=1+1", Reason: event.NewText(reason)}
		events = append(events, e)
	}
	got := rows(t, Export{Source: told(t, events...)})
	reason, account := slices.Index(got[0], "reason"), slices.Index(got[0], "account")
	var cells []string
	for _, row := range got[1:] {
		cells = append(cells, row[reason])
		if row[account] != "'=1+1" || len(row) != len(got[0]) {
			t.Errorf("got %q", row)
		}
	}
	want := []string{`'=HYPERLINK("https://x.example")`, "'+1", "'-1", "'@SUM(A1)", `INC-42, "now"`}
	if diff := cmp.Diff(want, cells); diff != "" {
		t.Error(diff)
	}
	if row := csvRow(entry.Entry{Number: 7, Sealed: entry.Sealed{Leaf: []byte("{")}}); len(row) != len(got[0]) || row[2] != "(cannot be read)" {
		t.Errorf("of what is no Event: got %q", row)
	}
	for _, cell := range []string{"\tx", "\rx", "\nx", "=x"} {
		if got := defused(cell); got != "'"+cell {
			t.Errorf("got %q", got)
		}
	}
}

func TestAnExportIsFilteredByWhatEventsTell(t *testing.T) {
	of := func(user, account string, day int) event.Event {
		e := recordtest.About("e")
		e.Actor, e.Time = event.Actor{User: user, Name: strings.ToLower(user[1:])}, time.Date(2026, 5, day, 12, 0, 0, 0, time.UTC)
		e.Data = event.RefusedData{Account: account}
		return e
	}
	blocked := recordtest.About("e")
	blocked.Data = event.BlockedData{Order: event.Order{Target: event.Person{ID: "UBOB", Name: "bob"}}}
	old := recordtest.About("e")
	old.Data = event.NewImported("1-0", []byte(`{"user":"UCAROL","account":"dev"}`))
	s := told(t, of("UALICE", "prod", 1), of("UBOB", "prod", 2), of("UBOB", "dev", 3), blocked, old)
	day := func(d int) time.Time { return time.Date(2026, 5, d, 0, 0, 0, 0, time.UTC) }
	for _, tc := range []struct {
		filter Filter
		want   string
	}{
		{Filter{}, "0 1 2 3 4"},
		{Filter{User: "UBOB"}, "1 2 3"},
		{Filter{User: "bob"}, "1 2 3"},
		{Filter{User: "UCAROL"}, "4"},
		{Filter{Account: "prod"}, "0 1"},
		{Filter{Account: "dev"}, "2 4"},
		{Filter{Account: "dev", User: "UBOB"}, "2"},
		{Filter{Kind: event.Blocked}, "3"},
		{Filter{Since: day(2), Until: day(3)}, "1"},
		{Filter{Since: day(3)}, "2"},
	} {
		var got []string
		for _, row := range rows(t, Export{Source: s, Filter: tc.filter})[1:] {
			got = append(got, row[0])
		}
		if strings.Join(got, " ") != tc.want {
			t.Errorf("%s: got %v, want %s", tc.filter, got, tc.want)
		}
	}
	want := "--since 2026-05-02T00:00:00Z --user UBOB --account dev --kind refused"
	if got := (Filter{Since: day(2), User: "UBOB", Account: "dev", Kind: "refused"}).String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFieldsAreThoseOfTheEventWithItsTexts(t *testing.T) {
	e := recordtest.About("e")
	e.Data = event.ApprovalData{Asked: event.Asked{
		Approval: "a1", Account: "prod", Reason: event.NewText("INC-42"), Comment: event.NewText("no"),
		Target: event.Person{ID: "UBOB"}, ApprovedBy: []event.Person{{ID: "UCAROL"}, {ID: "UDAN", Name: "dan"}},
	}, State: "denied"}
	leaf, aside, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		aside []byte
		text  string
	}{
		"there": {aside, "INC-42"}, "erased": {nil, textErased}, "altered": {bytes.ReplaceAll(aside, []byte("INC"), []byte("PIN")), textAltered},
	} {
		got, err := Fields(leaf, tc.aside)
		if err != nil {
			t.Fatal(err)
		}
		fields := map[string]string{}
		for _, f := range got {
			fields[f.Name] = f.Value
		}
		if fields["reason"] != tc.text || fields["approved_by.1.name"] != "dan" || fields["state"] != "denied" || got[0] != (Field{"approval", "a1"}) {
			t.Errorf("%s: got %v", name, got)
		}
	}
	if got, err := Fields([]byte("{"), nil); err == nil {
		t.Errorf("got %v", got)
	}
}

func FuzzFields(f *testing.F) {
	e := recordtest.About("e")
	e.Data = event.RefusedData{Account: "prod", Reason: event.NewText("why")}
	leaf, aside, err := e.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(leaf, aside)
	f.Add([]byte(`{"v":2,"id":"e","time":"2026-01-05T12:00:00.123Z","kind":"x","data":{"a":[[{"sha256":"x"}],1,null,{"":""}]}}`), []byte("{}"))
	f.Fuzz(func(t *testing.T, leaf, aside []byte) {
		_, err := event.Decode(leaf, aside)
		if _, failed := Fields(leaf, aside); err != nil && failed == nil {
			t.Errorf("got fields of what is no Event: %v", err)
		}
		if row := csvRow(entry.Entry{Sealed: entry.Sealed{Leaf: leaf, Aside: aside}}); len(row) != len(csvOfAll)+len(csvOfData)+1 {
			t.Errorf("got a row of %d cells", len(row))
		}
	})
}
