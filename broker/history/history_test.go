package history_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/history"
)

var began = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// A shelf is a record of so many entries, one a minute, of which the first ones are gone.
type shelf struct {
	entries int64
	first   int64
	of      func(n int64) event.Event
	reads   [][2]int64
	texts   int
	err     error
}

func (s *shelf) Size() int64 { return s.entries }

func (s *shelf) Leaves(_ context.Context, from, below int64) ([]history.Entry, error) {
	s.reads = append(s.reads, [2]int64{from, below})
	var out []history.Entry
	for n := max(from, s.first); n < below; n++ {
		e := s.of(n)
		out = append(out, history.Entry{Number: n, Event: e, Broken: e.Data == nil})
	}
	return out, s.err
}

func (s *shelf) Texts(_ context.Context, of []history.Entry) ([]history.Entry, error) {
	s.texts += len(of)
	return of, nil
}

func at(n int64) time.Time { return began.Add(time.Duration(n) * time.Minute) }

// byBob has bob granted at each number that every divides; the others are alice's.
func byBob(every int64) func(int64) event.Event {
	return func(n int64) event.Event {
		e := event.Event{Time: at(n), Kind: event.Granted, Actor: event.Actor{User: "U01ALICE"}, Data: event.GrantedData{Act: event.Act{Account: "hub"}}}
		if n%every == 0 {
			e.Actor.User, e.Data = "U02BOB", event.GrantedData{Act: event.Act{Account: "prod"}}
		}
		return e
	}
}

func numbers(p history.Page) (all []int64) {
	for _, e := range p.Entries {
		all = append(all, e.Number)
	}
	return all
}

func never() bool { return false }

func TestAPageIsTheNewestAndTheNextGoesOnFromThere(t *testing.T) {
	s := &shelf{entries: 1000, of: byBob(100)}
	look := history.Look{Filter: history.Filter{Person: "U02BOB"}, Most: 4, Until: never}
	var got [][]int64
	for {
		p, err := history.Find(t.Context(), s, look)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, numbers(p))
		if look.Before = p.Next; p.End != history.Full {
			if p.End != history.Begins || p.Next != 0 {
				t.Errorf("got the end %s at %d, want the beginning", p.End, p.Next)
			}
			break
		}
	}
	if diff := cmp.Diff([][]int64{{900, 800, 700, 600}, {500, 400, 300, 200}, {100, 0}}, got); diff != "" {
		t.Error(diff)
	}
	if s.texts != 10 {
		t.Errorf("got the texts of %d entries read, want those that are shown", s.texts)
	}
	for _, r := range s.reads {
		if r[0]/history.Bundle != (r[1]-1)/history.Bundle {
			t.Errorf("read %v, which is more than one bundle", r)
		}
	}
}

func TestOneLookReadsNoMoreThanItMay(t *testing.T) {
	s := &shelf{entries: 1_000_000, of: byBob(2_000_000)}
	look := history.Look{Filter: history.Filter{Person: "U03CAROL"}, Most: 15, Until: never}
	p, err := history.Find(t.Context(), s, look)
	if err != nil || p.End != history.Stopped || len(s.reads) > history.ReadMost/history.Bundle+1 {
		t.Errorf("got %s after %d reads, %v", p.End, len(s.reads), err)
	}
	if want := s.entries - history.ReadMost; p.Next > want || p.Next < want-history.Bundle {
		t.Errorf("got that it goes on from %d, want about %d", p.Next, want)
	}
	s.reads = nil
	look.Until = func() bool { return true }
	if p, err = history.Find(t.Context(), s, look); err != nil || p.End != history.Stopped || len(s.reads) != 1 || p.From.IsZero() {
		t.Errorf("got %s after %d reads, %v, want one where there is no time left", p.End, len(s.reads), err)
	}
}

func TestWhatIsNotKeptIsSaidToBeGone(t *testing.T) {
	for _, first := range []int64{300, 512, 999, 1000} {
		s := &shelf{entries: 1000, first: first, of: byBob(7)}
		p, err := history.Find(t.Context(), s, history.Look{Filter: history.Filter{Account: "nowhere"}, Most: 5, Until: never})
		if err != nil || p.End != history.Gone || p.Next != first {
			t.Errorf("first %d: got %s at %d, %v", first, p.End, p.Next, err)
		}
	}
}

func TestALookEndsWhereNobodyAskedForMore(t *testing.T) {
	s := &shelf{entries: 5000, of: byBob(1)}
	s.of = func(n int64) event.Event { // a replica's clock is five minutes behind
		e := byBob(1)(n)
		if n == 4000 {
			e.Time = e.Time.Add(-5 * time.Minute)
		}
		return e
	}
	p, err := history.Find(t.Context(), s, history.Look{Filter: history.Filter{Since: at(3998)}, Before: 4004, Most: 50, Until: never})
	if err != nil || p.End != history.Since {
		t.Fatalf("got %s, %v", p.End, err)
	}
	if diff := cmp.Diff([]int64{4003, 4002, 4001, 3999, 3998}, numbers(p)); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsNoNumberOfAnEntryIsTheNewest(t *testing.T) {
	s := &shelf{entries: 10, of: byBob(1)}
	for before, want := range map[int64]int64{0: 9, 11: 9, 1 << 52: 9, 10: 9, 5: 4} {
		p, err := history.Find(t.Context(), s, history.Look{Before: before, Most: 1, Until: never})
		if got := numbers(p); err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("before %d: got %v, %v, want %d", before, got, err, want)
		}
	}
	if p, err := history.Find(t.Context(), &shelf{}, history.Look{Most: 1, Until: never}); err != nil || p.End != history.Begins {
		t.Errorf("got %s, %v of an empty record", p.End, err)
	}
}

func TestABrokenEntryIsShownToWhoSeesAllAndAnErrorIsOne(t *testing.T) {
	s := &shelf{entries: 3, of: func(n int64) event.Event {
		if n == 1 {
			return event.Event{}
		}
		return byBob(1)(n)
	}}
	if p, _ := history.Find(t.Context(), s, history.Look{Most: 9, Until: never}); len(p.Entries) != 3 || !p.Entries[1].Broken {
		t.Errorf("got %v", numbers(p))
	}
	if p, _ := history.Find(t.Context(), s, history.Look{Filter: history.Filter{Account: "prod"}, Most: 9, Until: never}); len(p.Entries) != 2 {
		t.Errorf("got %v, want what can be read", numbers(p))
	}
	s.err = errors.New("away")
	if _, err := history.Find(t.Context(), s, history.Look{Most: 9, Until: never}); !errors.Is(err, s.err) {
		t.Errorf("got %v", err)
	}
}

func TestFiltersChoose(t *testing.T) {
	bob := event.Person{ID: "U02BOB"}
	by := func(user string, data event.Payload) event.Event {
		return event.Event{Time: began, Kind: data.Kind(), Actor: event.Actor{User: user}, Data: data}
	}
	glass := event.Act{Account: "prod", BreakGlass: true, Purpose: "console"}
	for name, test := range map[string]struct {
		f    history.Filter
		e    event.Event
		want bool
	}{
		"an intent":                 {history.Filter{}, by("U02BOB", event.IntentData{Act: glass}), false},
		"a config":                  {history.Filter{}, by("", event.ConfigData{}), false},
		"a grant":                   {history.Filter{What: history.Granted}, by("U02BOB", event.GrantedData{Act: glass}), true},
		"a grant as a refusal":      {history.Filter{What: history.Refused}, by("U02BOB", event.GrantedData{Act: glass}), false},
		"break-glass":               {history.Filter{What: history.BreakGlass}, by("U02BOB", event.GrantedData{Act: glass}), true},
		"no break-glass":            {history.Filter{What: history.BreakGlass}, by("U02BOB", event.GrantedData{}), false},
		"a sign-in":                 {history.Filter{What: history.Console}, by("U02BOB", event.GrantedData{Act: glass}), true},
		"a failure":                 {history.Filter{What: history.Refused}, by("U02BOB", event.FailedData{}), true},
		"an end":                    {history.Filter{What: history.Revoked}, by("U02BOB", event.EndedData{}), true},
		"a lock-out":                {history.Filter{What: history.Orders}, by("U02BOB", event.LockedOutData{}), true},
		"an approval":               {history.Filter{What: history.Approvals}, by("U02BOB", event.ApprovalData{}), true},
		"another's":                 {history.Filter{Person: "U01ALICE"}, by("U02BOB", event.GrantedData{}), false},
		"of bob by an admin":        {history.Filter{Person: "U02BOB"}, by("U09ADMIN", event.HistoryData{Target: bob}), true},
		"of bob, to himself":        {history.Filter{Person: "U02BOB", Own: true}, by("U09ADMIN", event.HistoryData{Target: bob}), false},
		"a block, to himself":       {history.Filter{Person: "U02BOB", Own: true}, by("U09ADMIN", event.BlockedData{Order: event.Order{Target: bob}}), true},
		"another's refusal of bob":  {history.Filter{Person: "U02BOB", Own: true}, by("U01ALICE", event.RefusedData{Target: bob}), false},
		"another account":           {history.Filter{Account: "hub"}, by("U02BOB", event.GrantedData{Act: glass}), false},
		"too old":                   {history.Filter{Since: began.Add(1)}, by("U02BOB", event.GrantedData{}), false},
		"a word that nobody knows":  {history.Filter{What: "other"}, by("U02BOB", event.GrantedData{}), false},
		"a kind of a later release": {history.Filter{}, event.Event{Kind: "later", Data: event.Other{Of: "later"}}, false},
	} {
		if got := test.f.Keeps(test.e); got != test.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestWhatGrantsWereUsedForIsReadBehindThem(t *testing.T) {
	used := func(calls int64) event.Event {
		return event.Event{Time: began, Kind: event.Used, Data: event.UsedData{Grants: []event.Usage{{Grant: "one", Calls: calls}}}}
	}
	s := &shelf{entries: 1000, of: func(n int64) event.Event {
		switch n {
		case 600:
			return used(1)
		case 700:
			return used(2)
		}
		return byBob(1)(n)
	}}
	for before, want := range map[int64]int64{0: 2, 650: 2, 750: 2, 500: 2} {
		p, err := history.Find(t.Context(), s, history.Look{Filter: history.Filter{Account: "nowhere"}, Before: before, Most: 1, Until: never})
		if err != nil || p.Uses["one"].Calls != want {
			t.Errorf("before %d: got %+v, %v, want that the last counts", before, p.Uses, err)
		}
	}
}
