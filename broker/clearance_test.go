package broker_test

import (
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
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
	if e := wantCode(t, second(b.Issue(t.Context(), r)), broker.CodeTooLong); broker.Plain(e.What) != "prod is issued for 12h at most." {
		t.Errorf("got %q, want the account's maximum", broker.Plain(e.What))
	}
	b.config.Accounts.Find("prod").Allow[0].Max = 30 * time.Minute
	if e := wantCode(t, second(b.Issue(t.Context(), r)), broker.CodeTooLong); broker.Plain(e.What) != "prod is issued to you for 30m at most." {
		t.Errorf("got %q, want that of the rule", broker.Plain(e.What))
	}
}

// TestAccountsThatOnlyAGroupCouldGiveAreSaidToBeMissing while Slack is away.
func TestAccountsThatOnlyAGroupCouldGiveAreSaidToBeMissing(t *testing.T) {
	b := newBench(t)
	b.groups["S01ALL"] = []string{"U01ALICE"}
	for _, down := range []error{nil, errDown} {
		b.groupErr = down
		got, complete, err := b.Policy.Accounts(t.Context(), b.request("", ""))
		want := 2
		if down != nil {
			want = 1
		}
		if err != nil || len(got) != want || complete != (down == nil) {
			t.Errorf("Slack says %v: got %d accounts, complete %t, %v, want %d", down, len(got), complete, err, want)
		}
	}
}

// TestOfRulesThatMatchTheOneThatGivesLongestCounts, whatever their order, and
// none gives more than the Account does.
func TestOfRulesThatMatchTheOneThatGivesLongestCounts(t *testing.T) {
	c := &broker.Config{
		Users: broker.Users(broker.User{Slack: "U01ALICE"}),
		Accounts: broker.Accounts(broker.Account{Name: "prod", DefaultDuration: time.Hour, MaxDuration: 3 * time.Hour, Rules: broker.Rules{Allow: []broker.Rule{
			{Who: []string{"*"}, Max: time.Hour}, {Who: []string{"U01ALICE"}, Max: 2 * time.Hour}, {Who: []string{"*"}, Max: 30 * time.Minute},
		}}}),
	}
	decide := func(asked time.Duration) broker.Decision {
		return broker.Decide(c, broker.Membership{}, broker.Request{Account: "prod", Caller: broker.Caller{User: "U01ALICE"}, Duration: asked}, time.Now())
	}
	if got := decide(0); got.Effect != broker.Allow || got.Rule != "allow U01ALICE" || got.Max != 2*time.Hour {
		t.Errorf("got %+v, want up to 2h", got)
	}
	if got := decide(4 * time.Hour); got.Code != broker.CodeTooLong || got.Max != 2*time.Hour {
		t.Errorf("got %+v, want that 2h is the most", got)
	}
	c.Accounts.Find("prod").Allow[1].Max = 8 * time.Hour
	if got := decide(0); got.Max != 3*time.Hour {
		t.Errorf("got up to %s, want the account's 3h", got.Max)
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
