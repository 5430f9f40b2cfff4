package event

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWhatAnEventIsAboutIsReadOfEveryKind(t *testing.T) {
	bob := Person{ID: "U02BOB", Name: "bob"}
	why := Failure{Code: "not_allowed", Ref: "abcdefgh"}
	issued := Issued{AccessKeyID: "ASIAEXAMPLE", Expires: At(time.Unix(1700000000, 0))}
	for _, test := range []struct {
		data Payload
		want About
	}{
		{GrantedData{Act: Act{Account: "prod", Purpose: "console", BreakGlass: true}, Issued: issued},
			About{Account: "prod", Purpose: "console", BreakGlass: true, Issued: issued}},
		{RefusedData{Account: "prod", Target: bob, Failure: why}, About{Account: "prod", Target: bob, Failure: why}},
		{EndedData{Given: Given{Account: "hub", Issued: issued}}, About{Account: "hub", Issued: issued}},
		{ApprovalData{Asked: Asked{Account: "vault", Target: bob}, State: "denied"}, About{Account: "vault", Target: bob}},
		{BlockedData{Order{Target: bob}}, About{Target: bob}},
		{HistoryData{Target: bob, Account: "prod"}, About{Target: bob, Account: "prod"}},
		{StatusData{}, About{}},
		{Other{Of: "later"}, About{}},
	} {
		if diff := cmp.Diff(test.want, Event{Data: test.data}.About()); diff != "" {
			t.Errorf("%s: %s", test.data.Kind(), diff)
		}
	}
	for _, p := range Payloads() {
		_ = Event{Data: p}.About() // none panics
	}
	if got := (Event{}).About(); got != (About{}) {
		t.Errorf("got %+v of no event", got)
	}
}
