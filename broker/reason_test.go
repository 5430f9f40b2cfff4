package broker_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
)

func TestAReasonThatShowsNothingIsNone(t *testing.T) {
	rules := func(change func(*broker.Rules)) *broker.Config {
		r := broker.Rules{Allow: []broker.Rule{{Who: []string{"U01ALICE"}}}, BreakGlass: []string{"U01ALICE"}}
		change(&r)
		return &broker.Config{Accounts: broker.Accounts(broker.Account{Name: "prod", MaxDuration: broker.DefaultDuration, Rules: r})}
	}
	required := rules(func(r *broker.Rules) { r.Reason.Required = true })
	anything := rules(func(r *broker.Rules) {
		r.Reason = broker.ReasonPolicy{Required: true, Pattern: regexp.MustCompile(".")}
	})
	ask := broker.Request{Caller: broker.Caller{User: "U01ALICE"}, Account: "prod"}
	for name, text := range blanks {
		for _, glass := range []bool{false, true} {
			ask.Reason, ask.BreakGlass = text+text, glass
			for _, c := range []*broker.Config{required, anything} {
				if d := broker.Decide(c, nil, ask, time.Unix(0, 0)); d.Code != broker.CodeReason {
					t.Errorf("%s, break-glass %t: got %s, %s, want that a reason is needed", name, glass, d.Effect, d.Code)
				}
				ask.Reason += "x"
				if d := broker.Decide(c, nil, ask, time.Unix(0, 0)); d.Effect != broker.Allow {
					t.Errorf("%s and a letter: got %s, %s, want it allowed", name, d.Effect, d.Code)
				}
				ask.Reason = text
			}
		}
	}
}
