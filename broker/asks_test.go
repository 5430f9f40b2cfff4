package broker_test

import (
	"testing"

	"github.com/assumebot/assumebot/broker"
)

// TestAskingAgainAfterACancelPingsNobody, and is refused in the end.
func TestAskingAgainAfterACancelPingsNobody(t *testing.T) {
	b := newVault(t, 1)
	pings, refused := 0, 0
	for range 15 {
		a, _, err := b.Asking.Ask(t.Context(), b.request("prod", ""))
		if err != nil {
			wantCode(t, err, broker.CodeTooMany)
			refused++
			continue
		}
		if !a.Quiet {
			pings++
		}
		if _, err := b.Pending.CancelApprovals(t.Context(), b.request("prod", "")); err != nil {
			t.Fatal(err)
		}
	}
	if pings != 1 || refused != 10 {
		t.Errorf("got %d pings and %d refused of 15, want 1 and 10", pings, refused)
	}
}

func TestNothingIsAskedWhileNobodyCounts(t *testing.T) {
	b := newVault(t, 1)
	b.rates.err = errDown
	_, _, err := b.Asking.Ask(t.Context(), b.request("prod", ""))
	wantCode(t, err, broker.CodeStore)
}
