package broker_test

import (
	"testing"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/event"
)

// The record's order decides: what stands on it before the Event that a person is shown
// something by counts, though the store had not told yet of it when it was asked first.

// before has do done right before an Event of that kind is recorded, once.
func (b *bench) before(kind event.Kind, do func()) {
	b.onRecord = func(k event.Kind) {
		if k == kind {
			b.onRecord = nil
			do()
		}
	}
}

func TestWhatStandsBeforeItKeepsKeptCredentialsFromBeingUsed(t *testing.T) {
	for what, c := range map[string]struct {
		do   func(b *bench, grant string)
		want broker.Code
	}{
		"a block": {func(b *bench, _ string) { anOrder[broker.CodeBlocked](&b.orders) }, broker.CodeBlocked},
		"a pause": {func(b *bench, _ string) { anOrder[broker.CodePaused](&b.orders) }, broker.CodePaused},
		"its end": {func(b *bench, _ string) { clear(b.grants) }, broker.CodeGrantGone},
		"its credentials were forgotten": {func(b *bench, grant string) {
			if err := b.ForgetCredentials(t.Context(), "U01ALICE", grant); err != nil {
				t.Error(err)
			}
		}, broker.CodeGrantGone},
	} {
		for name, use := range map[event.Kind]func(b *bench, grant string) error{
			event.Shown: func(b *bench, grant string) error {
				return second(b.Holding.Reveal(t.Context(), b.request("prod", ""), grant))
			},
			event.Listing: func(b *bench, _ string) error {
				return second(b.Lists.Buckets(t.Context(), b.request("prod", ""), ""))
			},
		} {
			b := newBench(t)
			issued, err := b.Issue(t.Context(), b.request("prod", b.device.Code()))
			if err != nil {
				t.Fatal(err)
			}
			calls := len(b.aws.Calls())
			b.before(name, func() { c.do(b, issued.Grant.ID) })
			t.Run(what+"/"+string(name), func(t *testing.T) { wantCode(t, use(b, issued.Grant.ID), c.want) })
			if got := len(b.aws.Calls()) - calls; got != 0 {
				t.Errorf("%s: AWS was asked %d times, want not at all", what, got)
			}
		}
	}
}

func TestAnApprovalThatAnEarlierIntentHasIsNotUsedASecondTime(t *testing.T) {
	b := newVault(t, 1)
	a := b.approve(t, b.ask(t), "U02BOB")
	b.before(event.Intent, func() {
		kept := b.approvals[a.ID]
		kept.UsedBy = "an earlier one"
		b.approvals[a.ID] = kept
	})
	e := wantCode(t, second(b.Issue(t.Context(), b.request("prod", b.device.Code()))), broker.CodeApprovalGone)
	if e.Use != broker.UseUnused || len(b.aws.Calls()) != 0 {
		t.Errorf("got use %v and %d calls to AWS, want that it was not asked", e.Use, len(b.aws.Calls()))
	}
	if last := b.last(t); last.Kind != event.Failed || last.Code != broker.CodeApprovalGone {
		t.Errorf("got %+v on the record, want the outcome", last)
	}
	if kept := b.approvals[a.ID]; kept.State != approval.Used || kept.UsedBy != "an earlier one" {
		t.Errorf("got %+v, want that the other has it still", kept)
	}
}

// TestWhatTheStoreDoesNotHaveIsEndedOnTheRecord: it may be put back there.
func TestWhatTheStoreDoesNotHaveIsEndedOnTheRecord(t *testing.T) {
	b := newSessionBench(t)
	_, err := b.Holding.End(t.Context(), b.request("", ""), "g1")
	wantCode(t, err, broker.CodeGrantGone)
	if _, there, err := b.MFASessions.EndMFASession(t.Context(), b.request("", "")); there || err != nil {
		t.Errorf("got %t, %v, want that there was none", there, err)
	}
	ended := map[string]broker.Purpose{}
	for _, e := range b.events {
		if e.Kind == event.Ended {
			ended[e.Grant] = e.Purpose
		}
	}
	if _, ok := ended["g1"]; !ok || ended[""] != broker.PurposeMFASession {
		t.Errorf("got %v on the record, want both", ended)
	}
}
