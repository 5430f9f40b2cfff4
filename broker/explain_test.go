package broker_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
)

func (b *bench) explain(t *testing.T, account string, d time.Duration) broker.Explanation {
	t.Helper()
	r := b.request(account, "")
	r.Duration = d
	e, err := b.Explaining.Explain(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestExplainNamesTheRule(t *testing.T) {
	b := newBench(t)
	b.groups["S01ALL"] = []string{"U01ALICE"}
	b.config.Accounts.Add("open",
		policy.Account{Name: "open", RoleARN: "arn:aws:iam::222222222222:role/OnCall", Rules: allow("*"), MFA: policy.MFANone,
			DefaultDuration: time.Hour, MaxDuration: time.Hour})
	b.config.Accounts.Add("vault",
		policy.Account{Name: "vault", RoleARN: "arn:aws:iam::222222222222:role/Vault", Rules: allow("S02NONE"), MFA: policy.MFAFresh})
	for _, test := range []struct {
		account string
		want    policy.Decision
	}{
		{"prod", policy.Decision{Effect: policy.Allow, Rule: "allow U01ALICE", By: policy.Match{Yes: true, Entry: "U01ALICE"}, Max: 12 * time.Hour}},
		{"hub", policy.Decision{Effect: policy.Allow, Rule: "allow S01ALL", By: policy.Match{Yes: true, Entry: "S01ALL"}, Max: 36 * time.Hour}},
		{"open", policy.Decision{Effect: policy.Allow, Rule: "allow *", By: policy.Match{Yes: true, Entry: "*"}, Max: time.Hour}},
		{"vault", policy.Decision{Effect: policy.Deny, Rule: "default deny", Why: policy.NotAllowed}},
	} {
		if diff := cmp.Diff(test.want, b.explain(t, test.account, 0).Decision); diff != "" {
			t.Errorf("%s: decision (-want +got):\n%s", test.account, diff)
		}
	}
	if got := b.kinds(); len(got) > 0 || len(b.aws.Calls()) > 0 {
		t.Errorf("got %v on the record and %d calls to AWS, want neither", got, len(b.aws.Calls()))
	}
}

func TestExplainTellsHowItWouldGo(t *testing.T) {
	b := newBench(t)
	e := b.explain(t, "prod", 90*time.Minute)
	if e.Duration != 90*time.Minute || prose.Plain(e.Way) != "AssumeRole with your MFA code" || e.NeedsCode == nil || e.Problem != nil {
		t.Errorf("got %+v, want AssumeRole with a code for 90m", e)
	}
	if e := b.explain(t, "prod", 0); e.Duration != time.Hour {
		t.Errorf("got %v, want the account's default of 1h", e.Duration)
	}
	e = b.explain(t, "prod", 13*time.Hour)
	if e.Problem == nil || e.Problem.Code != broker.CodeTooLong || strings.Contains(prose.Plain(e.Problem.Hint), "Your code") {
		t.Errorf("got problem %v, want that it is too long, and nothing of a code", e.Problem)
	}
	b.config.Accounts.Find("prod").MFA = policy.MFANone
	e = b.explain(t, "prod", 0)
	if way := prose.Plain(e.Way); e.NeedsCode != nil || !strings.Contains(way, "without MFA") || strings.Contains(way, "your code") {
		t.Errorf("got %v and %q, want that no code is needed", e.NeedsCode, way)
	}
}

func TestExplainTellsNothingOfWhatIsDenied(t *testing.T) {
	b := newBench(t)
	b.groupErr = errDown
	e := b.explain(t, "hub", 0)
	if e.Decision.Effect != policy.Deny || !errors.Is(e.Decision.Err, errDown) {
		t.Errorf("got %+v, want deny while membership is unknown", e.Decision)
	}
	b.groupErr = nil
	e = b.explain(t, "hub", 0)
	want := broker.Explanation{
		Account:  policy.Account{Name: "hub"},
		Decision: policy.Decision{Effect: policy.Deny, Rule: "default deny", Why: policy.NotAllowed},
		Contact:  prose.Say("Ask in #help-aws."),
	}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Errorf("explanation (-want +got):\n%s", diff)
	}
}

func TestExplainAnswersStrangersAndTypingMistakesAsEverywhere(t *testing.T) {
	b := newBench(t)
	_, err := b.Explaining.Explain(t.Context(), b.request("prd", ""))
	e := wantCode(t, err, broker.CodeUnknownAccount)
	if prose.Plain(e.Hint) != "Did you mean prod?" {
		t.Errorf("got hint %q, want the suggestion alone", prose.Plain(e.Hint))
	}
	r := b.request("prod", "")
	r.Caller.User = "U03CAROL"
	_, err = b.Explaining.Explain(t.Context(), r)
	e = wantCode(t, err, broker.CodeNotUser)
	if strings.Contains(prose.Plain(e.What)+prose.Plain(e.Hint), "prod") {
		t.Errorf("got %q and %q, want nothing of the account", prose.Plain(e.What), prose.Plain(e.Hint))
	}
	if diff := cmp.Diff([]event.Kind{event.Refused}, b.kinds()); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
}

// TestExplainSpeaksOfNoCode: none was given, so none was not used.
func TestExplainSpeaksOfNoCode(t *testing.T) {
	for code, lay := range anOrder {
		b := newBench(t)
		b.config.Accounts.Find("prod").Reason.Required = true
		lay(&b.orders)
		e, err := b.Explaining.Explain(t.Context(), b.request("prod", ""))
		if err != nil || len(e.Unmet) != 2 || e.Unmet[1].Code != code {
			t.Fatalf("%s: got %+v, %v, want the reason and the order", code, e.Unmet, err)
		}
		for _, unmet := range e.Unmet {
			if prose.Plain(unmet.Hint) == "" || unmet.Use != broker.UseNone {
				t.Errorf("%s: got hint %q", unmet.Code, prose.Plain(unmet.Hint))
			}
		}
	}
}
