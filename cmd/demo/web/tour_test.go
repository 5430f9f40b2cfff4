package web

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	recordlog "github.com/assumebot/assumebot/broker/record"
)

// entries are a record that counts what is read of it.
type entries struct {
	events []event.Event
	read   int
}

func (e *entries) Size() int64 { return int64(len(e.events)) }

func (e *entries) Read(_ context.Context, from int64, limit int) (found []recordlog.Followed, missed int64, err error) {
	for i := from; i < e.Size() && len(found) < limit; i++ {
		found = append(found, recordlog.Followed{Number: i, Event: e.events[i]})
	}
	e.read += len(found)
	return found, 0, nil
}

func TestPagesThatComeReadNoEntryAgain(t *testing.T) {
	alice := event.Actor{User: "U01ALICE", Name: "alice@example.com"}
	long := &entries{events: []event.Event{{Actor: alice, Data: event.KeyChangedData{Act: event.Act{KeyChange: "set"}}}}}
	for range 3 * feedLength {
		long.events = append(long.events, event.Event{Actor: alice, Data: event.GrantedData{Act: event.Act{Account: "prod"}}})
	}
	tours := newTours(long, nil, nil)
	at := func(page string) tourView {
		t.Helper()
		v, err := tours.data(t.Context(), paneView{Page: page, Zone: time.UTC})
		if err != nil {
			t.Fatal(err)
		}
		return v.(tourView)
	}
	for _, page := range []string{"a", "b", "c", "a"} {
		if now := at(page).Now; now == nil || now.ID != "credentials" || now.Done {
			t.Fatalf("page %s: got %+v, want it at the first step", page, now)
		}
	}
	if err := tours.move(t.Context(), nil, url.Values{"page": {"d"}, "to": {"sealed"}}); err != nil {
		t.Fatal(err)
	}
	if size := len(long.events); long.read != size {
		t.Errorf("got %d entries read for four pages, want %d, each once", long.read, size)
	}
	long.events = append(long.events, event.Event{Actor: alice, Data: event.GrantedData{Act: event.Act{Account: "prod"}}})
	if now := at("d").Now; now != nil {
		t.Errorf("got the tour at %s, want it over: her key was set before the page came", now.ID)
	}
	if now := at("a").Now; now == nil || now.ID != "wrong-code" {
		t.Errorf("got %+v, want the other page at its second step", now)
	}
}
