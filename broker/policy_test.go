package broker

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
)

// everyWhy is each reason of policy to deny, and one that it may have some day.
func everyWhy(t *testing.T) []policy.Why {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "policy/decide.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	all := []policy.Why{"one that is new"}
	ast.Inspect(f, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 && isNamed(spec.Type, "Why") {
			why, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, policy.Why(why))
		}
		return true
	})
	return all
}

func TestEveryReasonToDenyIsSaidInItsOwnWords(t *testing.T) {
	b := New(Deps{Config: &policy.Config{}})
	office := &policy.Hours{Days: [7]bool{time.Monday: true}, From: 9 * time.Hour, To: 17 * time.Hour, Zone: time.UTC}
	prod := policy.Account{Name: "prod", MaxDuration: 2 * time.Hour, Rules: policy.Rules{
		Channels: []string{"C0OPS"}, Hours: office, Reason: policy.ReasonPolicy{Pattern: regexp.MustCompile("OPS-[0-9]+")},
	}}
	type said struct {
		code Code
		what string
	}
	no := said{CodeNotAllowed, "You may not have prod."}
	want := map[policy.Why]said{
		"one that is new":     no,
		policy.UnknownAccount: no,
		policy.NotAllowed:     no,
		policy.TooShort:       no, // no Decision has it
		policy.UnknownGroups:  {CodeDirectory, "Slack cannot say right now which user groups you are in, so the answer is no."},
		policy.TooLong:        {CodeTooLong, "prod is issued to you for 1h at most."},
		policy.WrongChannel:   {CodeChannel, "prod may be asked for only from certain Slack channels, and this is none of them."},
		policy.OutsideHours:   {CodeHours, "prod may be had only Mon 09:00–17:00 (UTC)."},
		policy.NeedsReason:    {CodeReason, "prod needs a reason that matches OPS-[0-9]+."},
	}
	for _, why := range everyWhy(t) {
		e := b.Policy.denied(prod, Request{}, policy.Decision{Effect: policy.Deny, Why: why, Rule: "the rule", Max: time.Hour})
		if got := (said{e.Code, prose.Plain(e.What)}); got != want[why] {
			t.Errorf("%s: got %q, want %q", why, got, want[why])
		}
		if e.Rule != "the rule" || len(e.Hint) == 0 {
			t.Errorf("%s: got rule %q, hint %q, want both", why, e.Rule, prose.Plain(e.Hint))
		}
	}
}

// TestADurationIsIssuedOnlyWhereNothingIsWrongWithIt: what is wrong need not be known here.
func TestADurationIsIssuedOnlyWhereNothingIsWrongWithIt(t *testing.T) {
	want := map[policy.Why]Code{policy.TooShort: CodeTooShort, policy.TooLong: CodeTooLong}
	prod := policy.Account{Name: "prod", DefaultDuration: time.Hour, MaxDuration: 2 * time.Hour}
	for _, why := range everyWhy(t) {
		code := want[why]
		if code == "" {
			code = CodeInternal
		}
		if got := codeOf(notForSoLong(prod, why)); got != code {
			t.Errorf("%s: got %q, want %q", why, got, code)
		}
	}
	for d, want := range map[time.Duration]time.Duration{0: time.Hour, time.Minute: 0, 2 * time.Hour: 2 * time.Hour, 3 * time.Hour: 0} {
		if got, err := durationOf(prod, d); got != want || (err == nil) != (want > 0) {
			t.Errorf("%s: got %s, %v, want %s", d, got, err, want)
		}
	}
}
