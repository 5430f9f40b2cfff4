package broker_test

import (
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/prose"
)

// TestARequestThatNamesNoDurationGetsWhatItsRuleGives, where that is less than is
// usual.
func TestARequestThatNamesNoDurationGetsWhatItsRuleGives(t *testing.T) {
	b := newBench(t)
	b.config.Accounts.Find("prod").Allow[0].Max = 30 * time.Minute
	if _, err := b.Issue(t.Context(), b.request("prod", b.device.Code())); err != nil {
		t.Fatal(err)
	}
	if got := b.last(t).Seconds; got != 1800 {
		t.Errorf("got %d s, want 1800", got)
	}
}

func TestWhoAsksForTooLongIsToldWhetherThatIsTheirLimitOrTheAccounts(t *testing.T) {
	b := newBench(t)
	r := b.request("prod", b.device.Code())
	r.Duration = 13 * time.Hour
	if e := wantCode(t, second(b.Issue(t.Context(), r)), broker.CodeTooLong); prose.Plain(e.What) != "prod is issued for 12h at most." {
		t.Errorf("got %q, want the account's maximum", prose.Plain(e.What))
	}
	b.config.Accounts.Find("prod").Allow[0].Max = 30 * time.Minute
	if e := wantCode(t, second(b.Issue(t.Context(), r)), broker.CodeTooLong); prose.Plain(e.What) != "prod is issued to you for 30m at most." {
		t.Errorf("got %q, want that of the rule", prose.Plain(e.What))
	}
}

// TestAccountsThatOnlyAGroupCouldGiveAreSaidToBeMissing while Slack is away.
func TestAccountsThatOnlyAGroupCouldGiveAreSaidToBeMissing(t *testing.T) {
	b := newBench(t)
	b.groups["S01ALL"] = []string{"U01ALICE"}
	for _, down := range []error{nil, errDown} {
		b.groupErr = down
		got, err := b.Policy.Accounts(t.Context(), b.request("", ""))
		want := 2
		if down != nil {
			want = 1
		}
		if err != nil || got.Len() != want || got.Complete != (down == nil) {
			t.Errorf("Slack says %v: got %d accounts, complete %t, %v, want %d", down, got.Len(), got.Complete, err, want)
		}
	}
}

func TestWhatBreakGlassGaveIsShownAgainWhileItIsAllowed(t *testing.T) {
	b := newVault(t, 1)
	b.config.Accounts.Find("prod").BreakGlass = []string{"S03SENIORS"}
	b.groups["S03SENIORS"] = []string{"U01ALICE"}
	r := b.request("prod", b.device.Code())
	r.BreakGlass, r.Reason = true, "down"
	issued, err := b.Issue(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Holding.Reveal(t.Context(), b.request("", ""), issued.Grant.ID); err != nil {
		t.Errorf("show again: %v", err)
	}
	b.groups["S03SENIORS"] = nil
	wantCode(t, second(b.Holding.Reveal(t.Context(), b.request("", ""), issued.Grant.ID)), broker.CodeNotAllowed)
}

func TestWhatIsShownAgainHasTheReasonThatItWasGivenFor(t *testing.T) {
	b := newBench(t)
	b.config.Accounts.Find("prod").Reason.Required = true
	r := b.request("prod", b.device.Code())
	r.Reason = "INC-42"
	issued, err := b.Issue(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Holding.Reveal(t.Context(), b.request("", ""), issued.Grant.ID); err != nil {
		t.Errorf("show again: %v", err)
	}
}
