package event_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker/event"
)

func TestTheLastEventAboutAGrantSaysWhatItWasUsedFor(t *testing.T) {
	uses := event.Uses{}
	for _, p := range []event.Payload{
		event.UsedData{Grants: []event.Usage{{Grant: "a", Calls: 1}, {Grant: "b", Calls: 2}}},
		event.GrantedData{},
		event.UsedData{Grants: []event.Usage{{Grant: "a", Calls: 3}}},
	} {
		uses.Add(event.Event{Data: p})
	}
	want := event.Uses{"a": {Grant: "a", Calls: 3}, "b": {Grant: "b", Calls: 2}}
	if !cmp.Equal(uses, want) {
		t.Error(cmp.Diff(want, uses))
	}
}

// TestUsesOfManyGrantsAreSeveralEntries: a run tells as many as there are.
func TestUsesOfManyGrantsAreSeveralEntries(t *testing.T) {
	data := event.UsedData{}
	for i := range 1000 {
		u := event.Usage{Grant: fmt.Sprintf("grant-%d", i), AccessKeyID: "ASIAEXAMPLE000000000", Calls: 7}
		for s := range 8 {
			u.Services = append(u.Services, event.ServiceUsed{Name: fmt.Sprintf("service-%d.amazonaws.com", s), Calls: 1})
		}
		data.Grants = append(data.Grants, u)
	}
	all := parts(t, of(data))
	if len(all) < 2 {
		t.Fatalf("got %d parts", len(all))
	}
	uses := event.Uses{}
	for _, p := range all {
		leaf, aside, err := p.Encode()
		if err != nil || len(leaf) > event.MaxLeaf {
			t.Fatalf("got %d bytes, %v", len(leaf), err)
		}
		read, err := event.Decode(leaf, aside)
		if err != nil {
			t.Fatal(err)
		}
		uses.Add(read)
	}
	if len(uses) != 1000 || len(uses["grant-999"].Services) != 8 {
		t.Errorf("got %d Grants, %+v", len(uses), uses["grant-999"])
	}
}
