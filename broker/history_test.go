package broker_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/history"
)

// Size, Leaves and Texts are of what was recorded.
func (m *memory) Size() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return int64(len(m.events))
}

func (m *memory) Leaves(_ context.Context, from, below int64) ([]history.Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []history.Entry
	for n := from; n < min(below, int64(len(m.events))); n++ {
		all = append(all, history.Entry{Number: n, Event: m.events[n].whole})
	}
	return all, m.pastErr
}

func (m *memory) Texts(_ context.Context, of []history.Entry) ([]history.Entry, error) {
	return of, nil
}

// happened has alice granted, bob granted, and alice blocked by the admin.
func happened(t *testing.T, b *bench) {
	t.Helper()
	granted := func(user, account string) event.Event {
		return event.Event{
			ID: broker.NewID(), Time: b.now(), Kind: event.Granted, Actor: event.Actor{User: user}, Data: event.GrantedData{Act: event.Act{Account: account}},
		}
	}
	block := event.Event{
		ID: broker.NewID(), Time: b.now(), Kind: event.Blocked, Actor: event.Actor{User: adminID},
		Data: event.BlockedData{Order: event.Order{Target: event.Person{ID: "U01ALICE"}}},
	}
	for _, e := range []event.Event{granted("U01ALICE", "prod"), granted("U02BOB", "prod"), granted("U02BOB", "hub"), block} {
		if _, err := b.memory.Record(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
}

// pageOf is who did what of a page, the newest first.
func pageOf(p broker.Past) string {
	var said []string
	for _, e := range p.Entries {
		said = append(said, e.Event.Actor.User+" "+string(e.Event.Kind)+" "+e.Event.About().Account)
	}
	return strings.Join(said, ", ")
}

func TestWhoIsNoAdminSeesTheirOwnAlone(t *testing.T) {
	for name, test := range map[string]struct {
		look broker.Look
		want string
	}{
		"all":                     {broker.Look{}, "U09ADMIN blocked , U01ALICE granted prod"},
		"by name":                 {broker.Look{Person: "U01ALICE"}, "U09ADMIN blocked , U01ALICE granted prod"},
		"of an account":           {broker.Look{Account: "prod"}, "U01ALICE granted prod"},
		"of a kind":               {broker.Look{What: history.Orders}, "U09ADMIN blocked "},
		"of what she cannot have": {broker.Look{Account: "hub"}, ""},
	} {
		b := newAdminBench(t)
		happened(t, b)
		before := b.memory.Size()
		p, err := b.Histories.History(t.Context(), by(b, "U01ALICE"), test.look, 15)
		if err != nil || pageOf(p) != test.want || !p.Filter.Own {
			t.Errorf("%s: got %q, %v, want %q", name, pageOf(p), err, test.want)
		}
		if b.memory.Size() != before {
			t.Errorf("%s: what one sees of oneself was recorded", name)
		}
	}
	for name, look := range map[string]broker.Look{"bob": {Person: "U02BOB"}, "everybody": {Everybody: true}, "bob in prod": {Person: "U02BOB", Account: "prod"}} {
		b := newAdminBench(t)
		happened(t, b)
		p, err := b.Histories.History(t.Context(), by(b, "U01ALICE"), look, 15)
		wantCode(t, err, broker.CodeNotAdmin)
		last := b.last(t)
		if last.Kind != event.Refused || last.Target.ID != look.Person || last.Account != look.Account || len(p.Entries) > 0 {
			t.Errorf("%s: got %+v on the record and %s, want the refusal", name, last, pageOf(p))
		}
	}
}

func TestWhatAnAdminSeesOfOthersIsOnTheRecordFirst(t *testing.T) {
	for name, test := range map[string]struct {
		look broker.Look
		want string
		said event.HistoryData
	}{
		"everybody": {broker.Look{Everybody: true, What: history.Granted}, "U02BOB granted hub, U02BOB granted prod, U01ALICE granted prod",
			event.HistoryData{What: "granted"}},
		"an account":     {broker.Look{Account: "prod"}, "U02BOB granted prod, U01ALICE granted prod", event.HistoryData{Account: "prod"}},
		"a person":       {broker.Look{Person: "U02BOB", Before: 2}, "U02BOB granted prod", event.HistoryData{Target: event.Person{ID: "U02BOB"}, Before: 2}},
		"since a minute": {broker.Look{Everybody: true, Since: time.Minute, What: history.Approvals}, "", event.HistoryData{What: "approvals"}},
	} {
		b := newAdminBench(t)
		b.still = time.Now() // a look is recorded with when it goes back to
		happened(t, b)
		p, err := b.Histories.History(t.Context(), by(b, adminID), test.look, 15)
		if err != nil || pageOf(p) != test.want {
			t.Errorf("%s: got %q, %v, want %q", name, pageOf(p), err, test.want)
		}
		got, _ := b.memory.events[len(b.memory.events)-1].whole.Data.(event.HistoryData)
		got.Target.Name = ""
		if test.look.Since > 0 {
			test.said.Since = event.At(b.now().Add(-test.look.Since))
		}
		if got != test.said {
			t.Errorf("%s: got %+v on the record, want %+v", name, got, test.said)
		}
	}
	b := newAdminBench(t)
	happened(t, b)
	before := b.memory.Size()
	if p, err := b.Histories.History(t.Context(), by(b, adminID), broker.Look{}, 15); err != nil || pageOf(p) != adminID+" blocked " || b.memory.Size() != before {
		t.Errorf("got %q, %v, want the admin's own, and nothing recorded", pageOf(p), err)
	}
	b.failOn[event.History] = true
	_, err := b.Histories.History(t.Context(), by(b, adminID), broker.Look{Everybody: true}, 15)
	wantCode(t, err, broker.CodeRecord)
}

func TestARecordThatCannotBeReadIsSaid(t *testing.T) {
	b := newAdminBench(t)
	happened(t, b)
	b.pastErr = errDown
	before := b.memory.Size()
	_, err := b.Histories.History(t.Context(), by(b, "U01ALICE"), broker.Look{}, 15)
	wantCode(t, err, broker.CodeRecord)
	if b.memory.Size() != before {
		t.Error("it was recorded as a refusal")
	}
}
