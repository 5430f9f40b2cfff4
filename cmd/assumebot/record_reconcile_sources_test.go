package main

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/store"
)

// from is a record of which two entries are kept, an hour apart, from one number on.
type from struct {
	audit.Source
	first, next int64
	begins      time.Time
	err         error
}

func (f *from) Bounds(context.Context) (first, next int64, err error) { return f.first, f.next, f.err }

func (f *from) Read(_ context.Context, n int64, _ int) (found []entry.Entry, err error) {
	for ; n < f.next; n++ {
		e := event.Event{ID: "id", Time: f.begins.Add(time.Duration(n-f.first) * time.Hour), Data: event.ResumedData{}}
		leaf, _, err := e.Encode()
		if err != nil {
			return nil, err
		}
		found = append(found, entry.Entry{Number: n, Sealed: entry.Sealed{Leaf: leaf}})
	}
	return found, f.err
}

// TestTheArchiveIsReadWhereTheStoreDoesNotReachBack, and nothing is read twice where it does.
func TestTheArchiveIsReadWhereTheStoreDoesNotReachBack(t *testing.T) {
	now := time.Now()
	archived := &from{}
	for name, c := range map[string]struct {
		store *from
		alone bool // there is no archive
		since time.Time
		both  bool
	}{
		"the store has all of it":              {store: &from{first: 0, next: 2, begins: now}},
		"there is no archive":                  {store: &from{first: 7, next: 9, begins: now}, alone: true},
		"the store begins later":               {store: &from{first: 7, next: 9, begins: now}, both: true},
		"and what is asked for is later still": {store: &from{first: 7, next: 9, begins: now.Add(-480 * time.Hour)}, since: now.Add(-24 * time.Hour)},
		"and what is asked for is earlier":     {store: &from{first: 7, next: 9, begins: now.Add(-480 * time.Hour)}, since: now.Add(-490 * time.Hour), both: true},
		"the store has nothing":                {store: &from{first: 7, next: 7}, since: now.Add(-time.Hour), both: true},
	} {
		at := &app.RecordReader{Source: c.store, Store: &store.Store{}, Archived: archived}
		want := []audit.Source{c.store}
		if c.alone {
			at.Archived = nil
		} else if c.both {
			want = []audit.Source{archived, c.store}
		}
		got, err := recordSources(t.Context(), at, c.since)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, want)
		}
	}
	down := errors.New("down")
	at := &app.RecordReader{Source: &from{err: down}, Store: &store.Store{}, Archived: archived}
	if got, err := recordSources(t.Context(), at, now); !errors.Is(err, down) || got != nil {
		t.Errorf("a store that is down: got %v, %v", got, err)
	}
}
