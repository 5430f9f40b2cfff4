package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker/policy"
)

func TestParseConfigReadsAdminsAndLimits(t *testing.T) {
	rest := goodSlack + goodUsers + goodAccount
	got := mustParse(t, rest+"admins: [U09ADMIN, W08ADMIN, S09ADMINS]\nlimits: {requests: 5, sts_calls: 1000}\n", nil).Broker
	if diff := cmp.Diff([]string{"U09ADMIN", "W08ADMIN", "S09ADMINS"}, got.Admins); diff != "" {
		t.Errorf("admins (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"S09ADMINS"}, got.UserGroups()); diff != "" {
		t.Errorf("user groups that are watched (-want +got):\n%s", diff)
	}
	if want := (policy.Limits{Requests: 5, STSCalls: 1000}); got.Limits != want {
		t.Errorf("got %+v, want %+v", got.Limits, want)
	}
	for written, want := range map[string]policy.Limits{
		"": {Requests: 30, STSCalls: 100}, "limits: {requests: 1}\n": {Requests: 1, STSCalls: 100}, "limits: {sts_calls: 7}\n": {Requests: 30, STSCalls: 7},
	} {
		if got := mustParse(t, rest+written, nil).Broker; got.Limits != want || got.Admins != nil {
			t.Errorf("%q: got %+v and admins %v, want %+v and none", written, got.Limits, got.Admins, want)
		}
	}
}

func TestParseConfigRefusesWrongAdminsAndLimits(t *testing.T) {
	rest := goodSlack + goodUsers + goodAccount
	runProblemTests(t, []problemTest{
		{"everybody", rest + "admins: [\"*\"]\n", nil, []string{`4:10 admins: "*" is not taken here`}},
		{"a display name", rest + "admins: [\"@root\"]\n", nil, []string{"4:10 is a display name"}},
		{"a channel", rest + "admins: [C0AUDIT]\n", nil, []string{"4:10 C0AUDIT"}},
		{"small letters", rest + "admins: [u09admin]\n", nil, []string{"4:10 write U09ADMIN"}},
		{"twice", rest + "admins: [U09ADMIN, U09ADMIN]\n", nil, []string{"4:20 already in admins"}},
		{"no list", rest + "admins: U09ADMIN\n", nil, []string{"4:9 must be a list"}},
		{"empty", rest + "admins: []\n", nil, []string{"4:9 admins is empty"}},
		{"no limit", rest + "limits: {requests: 0}\n", nil, []string{"4:20 limits.requests is 0: write 1 to 1000"}},
		{"too much", rest + "limits: {sts_calls: 1001}\n", nil, []string{"4:21 limits.sts_calls is 1001"}},
		{"negative", rest + "limits: {requests: -1}\n", nil, []string{"4:20 limits.requests is -1"}},
		{"a word", rest + "limits: {requests: many}\n", nil, []string{"4:20 a whole number"}},
		{"unknown", rest + "limits: {request: 5}\n", nil, []string{"4:10 unknown key"}},
		{"no map", rest + "limits: 30\n", nil, []string{"4:9 limits must be a map"}},
	})
}
