package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker/event"
)

func TestParseConfigReadsWhoIsToldTheRecord(t *testing.T) {
	got, err := Parse("etc/config.yaml", []byte(recordKeys("sinks:\n"+
		"- {name: disk, file: audit.jsonl}\n"+
		"- {name: disk-2, file: /var/log/audit.jsonl, rotate_mb: 5, keep: 3}\n"+
		"- {name: shipper, stdout: true}\n"+
		"- {name: siem, webhook: 'https://siem.example/x?y=z', secret_env: SIEM_KEY, format: ocsf}")), files{}.read)
	if err != nil {
		t.Fatal(err)
	}
	want := []Sink{
		{Name: "disk", File: "etc/audit.jsonl", Size: 100 << 20, Keep: 10},
		{Name: "disk-2", File: "/var/log/audit.jsonl", Size: 5 << 20, Keep: 3},
		{Name: "shipper", Stdout: true},
		{Name: "siem", Webhook: "https://siem.example/x?y=z", Secret: "SIEM_KEY", OCSF: true},
	}
	if diff := cmp.Diff(want, got.Record.Sinks); diff != "" {
		t.Errorf("sinks (-want +got):\n%s", diff)
	}
}

func TestParseConfigRefusesASinkThatCannotBe(t *testing.T) {
	runProblemTests(t, []problemTest{
		{"none", recordKeys("sinks: []"), nil, []string{"5:10 sinks is empty: nobody would be told"}},
		{"no name", recordKeys("sinks: [{stdout: true}]"), nil, []string{"5:11 name is missing from this sink: add what it is called, such as siem"}},
		{"a wrong name", recordKeys("sinks: [{name: My sink, stdout: true}]"), nil, []string{`5:18 name "My sink": write small letters, digits and -`}},
		{"the bot's own name", recordKeys("sinks: [{name: follow-ups, stdout: true}]"), nil, []string{`5:18 name "follow-ups": write small letters`}},
		{"twice", recordKeys("sinks:\n- {name: a, stdout: true}\n- {name: a, file: x}"), nil, []string{`7:12 sink "a" is already on line 6`}},
		{"nowhere", recordKeys("sinks: [{name: a}]"), nil, []string{`5:18 sink "a": write one of file, stdout: true and webhook`}},
		{"two ways", recordKeys("sinks: [{name: a, file: x, stdout: true}]"), nil, []string{`5:18 sink "a": write one of file`}},
		{"not to standard output", recordKeys("sinks: [{name: a, stdout: false}]"), nil, []string{"5:29 stdout is false: remove this sink"}},
		{"a URL as a file", recordKeys("sinks: [{name: a, file: 's3://b/x'}]"), nil, []string{`5:27 file "s3://b/x": write the path of a file`}},
		{"sizes", recordKeys("sinks: [{name: a, file: x, rotate_mb: 0, keep: 1001}]"), nil, []string{
			"5:41 rotate_mb is 0: write 1 to 10000", "5:50 keep is 1001: write 1 to 1000"}},
		{"in clear", recordKeys("sinks: [{name: a, webhook: 'http://siem.example', secret_env: K}]"), nil, []string{
			"5:30 webhook: what is recorded would go over the network in clear: write https"}},
		{"unsigned", recordKeys("sinks: [{name: a, webhook: 'https://siem.example'}]"), nil, []string{"5:30 webhook without secret_env: name the variable"}},
		{"the key itself", recordKeys("sinks: [{name: a, webhook: 'https://siem.example', secret_env: 'c2VjcmV0LXNlY3JldA=='}]"), nil, []string{
			"5:66 secret_env is "}},
		{"a format", recordKeys("sinks: [{name: a, webhook: 'https://siem.example', secret_env: K, format: cef}]"), nil, []string{
			`5:77 format "cef": write entries or ocsf`}},
	})
}

func TestWhoIsToldTheRecordCountsFromTheNextStart(t *testing.T) {
	before := mustParse(t, recordKeys("sinks: [{name: disk, file: a.jsonl}]"), nil).Summary
	after := mustParse(t, recordKeys("sinks: [{name: siem, webhook: 'https://siem.example/token', secret_env: SIEM_KEY}]"), nil).Summary
	want := []string{
		"record.sinks gained siem: a webhook (" + digest("https://siem.example/token")[:12] + ") as entries, signed with SIEM_KEY, " +
			`lost disk: the file "a.jsonl", 100 MB each, 10 full ones (from the next start)`,
	}
	if diff := cmp.Diff(want, event.Lines(Changes(before, after, true))); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}
