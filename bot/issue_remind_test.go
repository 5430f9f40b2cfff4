package bot

import (
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/blockkit/goldentest"
	"github.com/assumebot/assumebot/broker"
)

func TestOnlyWhatIsNotRenewedIsReminded(t *testing.T) {
	g := broker.Grant{ID: "abcdefghijkl", User: "U01ALICE", Account: "prod", Issued: goldentest.Now, Expires: goldentest.Now.Add(time.Hour)}
	other := func(change func(*broker.Grant)) []broker.Grant {
		o := g
		o.ID, o.Issued, o.Expires = "other", g.Issued.Add(time.Minute), g.Expires.Add(time.Minute)
		change(&o)
		return []broker.Grant{g, o}
	}
	for name, test := range map[string]struct {
		grants []broker.Grant
		want   bool
	}{
		"alone":                {[]broker.Grant{g}, true},
		"ended":                {nil, false},
		"renewed":              {other(func(*broker.Grant) {}), false},
		"renewed for less":     {other(func(o *broker.Grant) { o.Expires = g.Expires.Add(-time.Minute) }), true},
		"an older one":         {other(func(o *broker.Grant) { o.Issued = g.Issued.Add(-time.Minute) }), true},
		"another account":      {other(func(o *broker.Grant) { o.Account = "staging" }), true},
		"one to list buckets":  {other(func(o *broker.Grant) { o.Purpose = broker.PurposeBuckets }), true},
		"one for the console":  {other(func(o *broker.Grant) { o.Purpose = broker.PurposeConsole }), false},
		"one of before v. now": {other(func(o *broker.Grant) { o.Purpose = "" }), false},
	} {
		if _, got := wantsReminder(test.grants, g.ID); got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}
