package config

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/bot/weekly"
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
		{"summary without a day", rest + "summary: {time: '09:00'}\n", nil, []string{"4:10 day is missing from summary: add the day on which"}},
		{"summary without a time", rest + "summary: {day: mon}\n", nil, []string{"4:10 time is missing from summary: add the time at which"}},
		{"summary of no day", rest + "summary: {day: monday, time: 09:00}\n", nil, []string{`4:16 day is "monday": write mon, tue, wed, thu, fri, sat or sun`}},
		{"summary at no time", rest + "summary: {day: mon, time: 9am}\n", nil, []string{`4:27 time is "9am": write it as 09:00, from 00:00 to 23:59`}},
		{"summary too late", rest + "summary: {day: mon, time: '24:00'}\n", nil, []string{`4:27 time is "24:00": write it as 09:00`}},
		{"summary nowhere", rest + "summary: {day: mon, time: 09:00, zone: Mars/Base}\n", nil, []string{`4:40 zone "Mars/Base" is not a time zone`}},
		{"summary of more", rest + "summary: {day: mon, time: 09:00, channel: C1}\n", nil, []string{"4:34 unknown key"}},
		{"summary as a word", rest + "summary: mon\n", nil, []string{"4:10 summary must be a map"}},
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

func TestASummaryIsWhenTheFileSaysAndNeverOtherwise(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]*weekly.Schedule{
		"": nil,
		"summary: {day: mon, time: 09:00, zone: Europe/Berlin}": {Day: time.Monday, At: 9 * time.Hour, Zone: berlin},
		"summary: {day: sun, time: '23:59'}":                    {Day: time.Sunday, At: 23*time.Hour + 59*time.Minute, Zone: time.UTC},
		"summary: {time: 00:00, day: sat}":                      {Day: time.Saturday, Zone: time.UTC},
	} {
		got := mustParse(t, goodSlack+goodUsers+goodAccount+text+"\n", nil).Weekly
		if (got == nil) != (want == nil) || got != nil && (got.Day != want.Day || got.At != want.At || got.Zone.String() != want.Zone.String()) {
			t.Errorf("%q: got %+v, want %+v", text, got, want)
		}
	}
}
