package broker_test

import (
	"testing"

	"github.com/assumebot/assumebot/broker"
)

// A person who was a full member when the Visit came is one until it is answered,
// and who was none stays none: two steps of one Visit never disagree.
func TestAVisitLooksThePersonUpOnce(t *testing.T) {
	b := newBench(t)
	r := b.request("prod", b.device.Code())
	r.Visit = new(broker.Visit)
	if _, err := b.Policy.Accounts(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	b.memory.standing = &broker.Standing{Team: "T0123", Guest: true}
	if _, err := b.Issue(t.Context(), r); err != nil {
		t.Errorf("got %v, want that the Visit goes on as it began", err)
	}
	r.Visit = new(broker.Visit)
	_, err := b.Policy.Accounts(t.Context(), r)
	wantCode(t, err, broker.CodeNotAMember)
	b.memory.standing = nil
	_, err = b.Holding.Reveal(t.Context(), r, r.ID)
	wantCode(t, err, broker.CodeNotAMember)
	_, err = b.Holding.Reveal(t.Context(), b.request("prod", ""), r.ID)
	if err != nil {
		t.Errorf("got %v of a new Visit, want the credentials", err)
	}
}
