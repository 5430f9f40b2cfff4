package config

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseConfigReadsReminder(t *testing.T) {
	for written, want := range map[string]time.Duration{
		"": 5 * time.Minute, "reminder: 0": 0, "reminder: 0m": 0, `reminder: "0"`: 0,
		"reminder: 1m": time.Minute, "reminder: 15m": 15 * time.Minute, "reminder: 1h": time.Hour,
	} {
		if got := mustParse(t, goodSlack+goodUsers+goodAccount+written+"\n", nil).Reminder; got != want {
			t.Errorf("%q: got %s, want %s", written, got, want)
		}
	}
}

func TestParseConfigReadsDelivery(t *testing.T) {
	for _, test := range []struct {
		file, account string
		want          time.Duration
	}{
		{"", "", 0},
		{"", "delivery: ephemeral", 0},
		{"", "delivery: dm", 5 * time.Minute},
		{"", "delivery: dm\ndm_ttl: 1h", time.Hour},
		{"delivery: dm", "", 5 * time.Minute},
		{"delivery: dm", "delivery: ephemeral", 0},
		{"delivery: dm\ndm_ttl: 2m", "", 2 * time.Minute},
		{"delivery: dm\ndm_ttl: 2m", "dm_ttl: 3m", 3 * time.Minute},
		{"dm_ttl: 2m", "delivery: dm", 2 * time.Minute},
		{"delivery: ephemeral\ndm_ttl: 2m", "delivery: dm", 2 * time.Minute},
	} {
		cfg := mustParse(t, account("name: hub\nallow: ['*']\n"+test.account)+test.file+"\n", nil)
		if got := cfg.Broker.Accounts.Find("hub").DMLife; got != test.want {
			t.Errorf("%q, account %q: got %s, want %s", test.file, test.account, got, test.want)
		}
		if len(cfg.Warnings) > 0 {
			t.Errorf("%q, account %q: got warnings %v, want none", test.file, test.account, cfg.Warnings)
		}
	}
}

func TestParseConfigRefusesWrongDelivery(t *testing.T) {
	rest := goodSlack + goodUsers + goodAccount
	runProblemTests(t, []problemTest{
		{"reminder too short", rest + "reminder: 30s\n", nil, []string{"4:11 reminder is 30s: write between 1m and 1h, or 0 for no reminders"}},
		{"reminder too long", rest + "reminder: 61m\n", nil, []string{"4:11 reminder is 1h1m"}},
		{"reminder without a unit", rest + "reminder: 5\n", nil, []string{"4:11 a number without a unit"}},
		{"reminder of nothing", rest + "reminder:\n", nil, []string{"4:10 no value"}},
		{"delivery", rest + "delivery: mail\n", nil, []string{"4:11 write ephemeral"}},
		{"an account's delivery", account("name: hub\ndelivery: DM"), nil, []string{"5:13 write delivery: dm"}},
		{"dm_ttl too short", rest + "delivery: dm\ndm_ttl: 59s\n", nil, []string{"5:9 dm_ttl is 59s: write between 1m and 1h"}},
		{"dm_ttl too long", account("name: hub\ndelivery: dm\ndm_ttl: 2h"), nil, []string{"6:11 dm_ttl is 2h"}},
		{"dm_ttl of none", rest + "delivery: dm\ndm_ttl: 0\n", nil, []string{"5:9 a number without a unit"}},
	})
}

func TestParseConfigWarnsOfATimeThatNothingGoesBy(t *testing.T) {
	for text, want := range map[string][]string{
		account("name: hub\nallow: ['*']\ndm_ttl: 2m"): {
			"config.yaml:6:11: account hub: dm_ttl changes nothing: it is for delivery: dm",
		},
		account("name: hub\nallow: ['*']") + "dm_ttl: 2m\n": {
			"config.yaml:6:9: dm_ttl changes nothing: it is for delivery: dm, which no account has",
		},
		account("name: hub\nallow: ['*']\ndelivery: ephemeral\n") + "delivery: dm\n": nil,
	} {
		var got []string
		for _, w := range mustParse(t, text, nil).Warnings {
			got = append(got, w.String())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: warnings (-want +got):\n%s", text, diff)
		}
	}
}
