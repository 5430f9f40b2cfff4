package broker_test

import (
	"strings"
	"testing"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
)

// TestWhatFollowsAnMFASessionNeverKeepsItOffTheRecord: the second intent goes there with the
// first outcome, unless the record takes no intent any more.
func TestWhatFollowsAnMFASessionNeverKeepsItOffTheRecord(t *testing.T) {
	b := newSessionBench(t)
	b.onRecord = func(event.Kind) { b.held = true }
	_, err := b.Issue(t.Context(), b.request("staging", b.device.Code()))
	wantCode(t, err, broker.CodeRecord)
	if got := kindsOf(b); got != "intent granted" {
		t.Errorf("got %s on the record, want the MFA session alone", got)
	}
	b.held, b.onRecord = false, nil
	b.wantIssued(t, b.request("staging", "")) // from that
}

// TestWhatFollowsAnMFASessionThatWasClosedIsClosedToo: another replica has given the first up.
func TestWhatFollowsAnMFASessionThatWasClosedIsClosedToo(t *testing.T) {
	b := newSessionBench(t)
	b.late[event.Granted] = true
	_, err := b.Issue(t.Context(), b.request("staging", b.device.Code()))
	wantCode(t, err, broker.CodeRecord)
	if got := kindsOf(b); got != "intent granted intent failed" {
		t.Errorf("got %s on the record, want an outcome of each intent", got)
	}
	b.wantCalls(t, "GetSessionToken")
}

// kindsOf is what kinds of Events are on the record.
func kindsOf(b *bench) string {
	var kinds []string
	for _, e := range b.events {
		kinds = append(kinds, string(e.Kind))
	}
	return strings.Join(kinds, " ")
}
