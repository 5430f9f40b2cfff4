package event_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker/event"
)

var noon = time.Date(2026, 1, 5, 12, 0, 0, 123_000_000, time.UTC)

// filled is a payload like p with something in every field.
func filled(p event.Payload) event.Payload {
	v := reflect.New(reflect.TypeOf(p)).Elem()
	n := 0
	fill(v, &n)
	return v.Interface().(event.Payload)
}

func fill(v reflect.Value, n *int) {
	*n++
	switch v.Interface().(type) {
	case event.Text:
		v.Set(reflect.ValueOf(event.NewText(fmt.Sprintf("text %d <@U1> & \"quoted\"", *n))))
		return
	case event.Time:
		v.Set(reflect.ValueOf(event.At(noon.Add(time.Duration(*n) * time.Second))))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("s%d", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n)
	default:
		panic("a field of type " + v.Type().String())
	}
}

func of(p event.Payload) event.Event {
	return event.Event{
		V: event.Version, ID: "e1", Time: noon, Kind: p.Kind(), Stop: event.Stops(p.Kind()),
		Actor:   event.Actor{User: "U01ALICE", Team: "T0123", Channel: "C0GENERAL", Name: "alice"},
		Request: "r1", Replica: "p1", Data: p,
	}
}

func encoded(t *testing.T, e event.Event) (leaf, aside []byte) {
	t.Helper()
	leaf, aside, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return leaf, aside
}

func TestEveryKindIsReadAsItWasWritten(t *testing.T) {
	seen := map[event.Kind]bool{}
	for _, p := range event.Payloads() {
		if seen[p.Kind()] {
			t.Errorf("%s: two payloads", p.Kind())
		}
		seen[p.Kind()] = true
		for _, want := range []event.Event{of(filled(p)), of(p)} {
			leaf, aside := encoded(t, want)
			got, err := event.Decode(leaf, aside)
			if err != nil {
				t.Fatalf("%s: %v\n%s", p.Kind(), err, leaf)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", p.Kind(), diff)
			}
			again, besides := encoded(t, got)
			if !bytes.Equal(leaf, again) || !bytes.Equal(aside, besides) {
				t.Errorf("%s: encoded again it is\n%s, want\n%s", p.Kind(), again, leaf)
			}
		}
	}
}

// TestEncodingChangesNothingOfWhatWasRead: Followers share an Event. The race detector sees
// who writes to it.
func TestEncodingChangesNothingOfWhatWasRead(t *testing.T) {
	for _, p := range event.Payloads() {
		leaf, aside := encoded(t, of(filled(p)))
		read, err := event.Decode(leaf, aside)
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() {
				if again, _, err := read.Encode(); err != nil || !bytes.Equal(again, leaf) {
					t.Errorf("%s: got %s, %v", p.Kind(), again, err)
				}
			})
		}
		all.Wait()
	}
}

func TestFreeTextStandsBesideTheLeaf(t *testing.T) {
	e := of(event.IntentData{Act: event.Act{Account: "prod", Reason: event.NewText("INC-42\nfailover")}})
	leaf, aside := encoded(t, e)
	if bytes.Contains(leaf, []byte("INC-42")) || !bytes.Contains(aside, []byte("INC-42 failover")) {
		t.Fatalf("got leaf %s, aside %s", leaf, aside)
	}
	other, _ := encoded(t, of(event.IntentData{Act: event.Act{Account: "prod", Reason: event.NewText("INC-42\nfailover")}}))
	if bytes.Equal(leaf, other) {
		t.Error("the same text has the same digest twice: it can be found out by trying")
	}
	for name, c := range map[string]struct {
		aside           []byte
		erased, altered bool
	}{
		"as written": {aside: aside},
		"erased":     {erased: true},
		"rewritten":  {aside: bytes.Replace(aside, []byte("INC-42"), []byte("INC-43"), 1), altered: true},
		"salted":     {aside: bytes.Replace(aside, []byte(`"salt":"`), []byte(`"salt":"00`), 1), altered: true},
		"another's":  {aside: []byte(`{}`), altered: true},
		"no JSON":    {aside: []byte(`x`), altered: true},
		"null":       {aside: []byte(`null`), altered: true},
		"too large":  {aside: append(bytes.Repeat([]byte(" "), event.MaxLeaf), aside...), altered: true},
	} {
		got, err := event.Decode(leaf, c.aside)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		reason := got.Data.(event.IntentData).Reason
		want := "INC-42 failover"
		if c.erased || c.altered {
			want = ""
		}
		if reason.String() != want || reason.Erased() != c.erased || reason.Altered() != c.altered || reason.IsZero() {
			t.Errorf("%s: got %q, erased %t, altered %t, want %q, %t, %t", name, reason, reason.Erased(), reason.Altered(), want, c.erased, c.altered)
		}
		if again, _ := encoded(t, got); !bytes.Equal(again, leaf) {
			t.Errorf("%s: got the leaf %s, want it as it was", name, again)
		}
	}
}

func TestAllTextsOfAnEventAreFound(t *testing.T) {
	data := event.RestatedData{
		Pause:  &event.RestatedOrder{Reason: event.NewText("one")},
		Blocks: []event.RestatedOrder{{Reason: event.NewText("two")}, {}},
	}
	var got []string
	for _, text := range (event.Event{Data: data}).Texts() {
		got = append(got, text.String())
	}
	if diff := cmp.Diff([]string{"one", "two"}, got); diff != "" {
		t.Error(diff)
	}
	for _, none := range []event.Event{{}, {Data: event.Other{Of: "x"}}, {Data: event.PausedData{}}} {
		if got := none.Texts(); len(got) != 0 {
			t.Errorf("%v: got %v", none, got)
		}
	}
}

func TestAKindThatIsNotKnownIsFollowed(t *testing.T) {
	for name, leaf := range map[string]string{
		"kind":    `{"v":1,"id":"e1","time":"2026-01-05T12:00:00.123Z","kind":"to_come","stop":true,"data":{"x":[1,2]}}`,
		"version": `{"v":2,"id":"e1","time":"2026-01-05T12:00:00.123Z","kind":"granted","stop":true,"data":{"x":[1,2]}}`,
	} {
		got, err := event.Decode([]byte(leaf), nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		other, ok := got.Data.(event.Other)
		if !ok || !got.Stop || got.ID != "e1" || other.Kind() != got.Kind || string(other.Raw) != `{"x":[1,2]}` {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

func TestWhatIsNoEventIsRefused(t *testing.T) {
	const good = `{"v":1,"id":"e1","time":"2026-01-05T12:00:00.123Z","kind":"intent","actor":{"user":"U1"},"data":{"seconds":900,"mfa":true}}`
	if _, err := event.Decode([]byte(good), nil); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"version":        {`"v":1`, `"v":0`},
		"no ID":          {`"e1"`, `""`},
		"ID":             {`"e1"`, `"e 1"`},
		"long ID":        {`"e1"`, `"` + strings.Repeat("e", 65) + `"`},
		"no time":        {`"time":"2026-01-05T12:00:00.123Z",`, ``},
		"time":           {`12:00:00.123Z`, `12:00:00Z`},
		"local time":     {`.123Z`, `.123+01:00`},
		"number of time": {`"2026-01-05T12:00:00.123Z"`, `1`},
		"kind":           {`"intent"`, `"In tent"`},
		"no data":        {`,"data":{"seconds":900,"mfa":true}`, ``},
		"null":           {`{"seconds":900,"mfa":true}`, `null`},
		"negative":       {`900`, `-1`},
		"too large":      {`900`, `9007199254740992`},
		"fraction":       {`900`, `0.5`},
		"text":           {`"mfa":true`, `"reason":{"sha256":"00"}`},
		"upper case":     {`"mfa":true`, `"reason":{"sha256":"` + strings.Repeat("A", 64) + `"}`},
		"trailing":       {`}}`, `}}x`},
		"UTF-8":          {`U1`, "U\xff"},
		"large":          {`}}`, `}}` + strings.Repeat(" ", event.MaxLeaf)},
	} {
		leaf := strings.Replace(good, change[0], change[1], 1)
		if leaf == good {
			t.Fatalf("%s: nothing changed", name)
		}
		if got, err := event.Decode([]byte(leaf), nil); err == nil {
			t.Errorf("%s: got %+v, want it refused", name, got)
		}
	}
}

func TestStringsAreOneLineWithinTheirBounds(t *testing.T) {
	hostile := "a\nGranted\u202e" + strings.Repeat("<!channel>", 300)
	leaf, _ := encoded(t, of(event.RefusedData{Account: hostile, Failure: event.Failure{Code: hostile}, Target: event.Person{ID: hostile, Name: hostile}}))
	check := func(name, got string, most int) {
		if strings.ContainsAny(got, "\n\u202e") || len([]rune(got)) > most || !strings.HasSuffix(got, "…") {
			t.Errorf("%s: got %d characters, %.30q", name, len([]rune(got)), got)
		}
	}
	e, err := event.Decode(leaf, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := e.Data.(event.RefusedData)
	check("account", got.Account, 63)
	check("code", got.Code, 64)
	check("target", got.Target.ID, 32)
	check("name", got.Target.Name, 255)
	raw, _ := json.Marshal(hostile)
	e, err = event.Decode(fmt.Appendf(nil,
		`{"v":1,"id":"e1","time":"2026-01-05T12:00:00.123Z","kind":"refused","actor":{"name":%s},"data":{"account":%s}}`, raw, raw), nil)
	if err != nil {
		t.Fatal(err)
	}
	check("name read", e.Actor.Name, 255)
	check("account read", e.Data.(event.RefusedData).Account, 63)
}

func TestWhatCannotBeWrittenIsRefused(t *testing.T) {
	for name, e := range map[string]event.Event{
		"no data":     {ID: "e1", Time: noon},
		"no ID":       {Time: noon, Data: event.WhoData{}},
		"other kind":  {ID: "e1", Time: noon, Kind: event.Paused, Data: event.WhoData{}},
		"negative":    of(event.IntentData{Act: event.Act{Seconds: -1}}),
		"far number":  of(event.IntentData{Act: event.Act{Seconds: 1 << 53}}),
		"far time":    of(event.LockedOutData{Until: event.At(noon.AddDate(9000, 0, 0))}),
		"unknown one": of(event.Other{Of: "to_come", Raw: []byte(`1`)}),
	} {
		if leaf, _, err := e.Encode(); err == nil {
			t.Errorf("%s: got %s, want it refused", name, leaf)
		}
	}
}

func TestAttemptsAreOfIntentsAndWhatClosesThem(t *testing.T) {
	for _, p := range event.Payloads() {
		e := of(filled(p))
		want := e.Kind == event.Intent || event.Closes(e.Kind)
		if got := e.Attempt() != ""; got != want {
			t.Errorf("%s: got an attempt %t, want %t", e.Kind, got, want)
		}
	}
}

func TestNoFieldHoldsASecret(t *testing.T) {
	var look func(t *testing.T, in reflect.Type, path string)
	look = func(t *testing.T, in reflect.Type, path string) {
		if in.PkgPath() != "" && in.PkgPath() != "time" && in.PkgPath() != reflect.TypeFor[event.Event]().PkgPath() {
			t.Errorf("%s is a %s: a payload holds plain facts alone", path, in)
			return
		}
		switch in.Kind() {
		case reflect.Struct:
			if in == reflect.TypeFor[event.Text]() || in == reflect.TypeFor[event.Time]() {
				return
			}
			for i := range in.NumField() {
				f := in.Field(i)
				for _, word := range []string{"secret", "token", "password", "response_url", "otp", "mfa_code"} {
					if strings.Contains(strings.ToLower(f.Tag.Get("json")), word) {
						t.Errorf("%s.%s is named like a secret", path, f.Name)
					}
				}
				look(t, f.Type, path+"."+f.Name)
			}
		case reflect.Slice, reflect.Pointer:
			look(t, in.Elem(), path)
		case reflect.Map, reflect.Interface, reflect.Func, reflect.Chan:
			t.Errorf("%s is a %s: it may hold anything", path, in)
		default:
		}
	}
	for _, p := range event.Payloads() {
		look(t, reflect.TypeOf(p), string(p.Kind()))
	}
}

// What is empty in an Event may not make an entry that nobody can read: no replica would get past it.
func TestAnEventIsReadAgainWhereItsFieldsAreEmpty(t *testing.T) {
	for _, p := range event.Payloads() {
		v := reflect.New(reflect.TypeOf(p)).Elem()
		hollow(v)
		leaf, aside, err := of(v.Interface().(event.Payload)).Encode()
		if err != nil {
			continue // refused, so it is no entry
		}
		if _, err := event.Decode(leaf, aside); err != nil {
			t.Errorf("%s: written, and not read again: %v", leaf, err)
		}
	}
}

// hollow sets every pointer and gives every list one element, all of them zero.
func hollow(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() {
				hollow(f)
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		hollow(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		hollow(v.Index(0))
	}
}

func TestTooLargeIsNeverCut(t *testing.T) {
	if _, _, err := of(event.MembershipData{Group: "S1", Added: ids(5000)}).Encode(); !errors.Is(err, event.ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
}

func ids(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("U%09d", i)
	}
	return out
}

func FuzzDecode(f *testing.F) {
	for _, p := range event.Payloads() {
		if leaf, aside, err := of(filled(p)).Encode(); err == nil {
			f.Add(leaf, aside)
		}
	}
	f.Fuzz(func(t *testing.T, leaf, aside []byte) {
		e, err := event.Decode(leaf, aside)
		if err != nil {
			return
		}
		again, besides, err := e.Encode()
		if err != nil || e.V != event.Version {
			return // it grew over the bound, or is not ours to write
		}
		got, err := event.Decode(again, besides)
		if err != nil {
			t.Fatalf("%s: %v", again, err)
		}
		if other, ok := e.Data.(event.Other); ok { // the blanks between its parts are not kept
			var raw bytes.Buffer
			if err := json.Compact(&raw, other.Raw); err != nil {
				t.Fatal(err)
			}
			other.Raw = raw.Bytes()
			e.Data = other
		}
		if diff := cmp.Diff(e, got); diff != "" && !strings.Contains(diff, "state") && e.Stop == got.Stop {
			t.Errorf("read, written and read again: %s", diff)
		}
	})
}
