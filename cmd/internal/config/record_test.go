package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/event"
)

// Public keys of witnesses, made for these tests; the last has the name of the first.
const (
	witnessKey1     = "witness.example/w1+91281725+BGofMSTa3PME0cBGYC2z6fDyASegyilFt/rHFhN+dcn/"
	witnessKey2     = "witness.example/w2+7cdd5a01+BMH3mJP+qVIzrJvELFJgFU6CKcHuvPGBU96r8NZt0eaJ"
	witnessKey1Anew = "witness.example/w1+d863d974+BFK6+2Hr9jWDT34KxVZ5ikXhdX1UKyn2VaZic37mmsoq"
)

// recordKeys puts keys into record of an otherwise good file. Their first line is line 5.
func recordKeys(keys string) string {
	return goodSlack + goodUsers + goodAccount + "record:\n  " + strings.ReplaceAll(strings.TrimSpace(keys), "\n", "\n  ") + "\n"
}

func TestParseConfigReadsHowTheRecordIsKept(t *testing.T) {
	const witnesses = "witnesses:\n- {url: 'https://witness.example/x', key: " + witnessKey1 + "}\n- {url: 'http://127.0.0.1:1', key: " + witnessKey2 + "}\n"
	both := []Witness{{"https://witness.example/x", witnessKey1}, {"http://127.0.0.1:1", witnessKey2}}
	for text, want := range map[string]Record{
		goodSlack + goodUsers + goodAccount:         {},
		recordKeys("replicas: 0"):                   {},
		recordKeys("origin: example.com/assumebot"): {Origin: "example.com/assumebot"},
		recordKeys("replicas: 5"):                   {Replicas: 5},
		recordKeys("archive: /var/lib/record"):      {Archive: "/var/lib/record"},
		recordKeys("archive: ./a/../record"):        {Archive: "etc/record"},
		recordKeys("archive: ../record"):            {Archive: "record"},
		recordKeys("archive: s3://my-bucket/a/b"):   {Archive: "s3://my-bucket/a/b"},
		recordKeys("archive: s3://my-bucket/a\nobject_lock: {mode: COMPLIANCE, days: 400}"): {
			Archive: "s3://my-bucket/a", ObjectLock: awsapi.ObjectLock{Mode: "COMPLIANCE", For: 400 * 24 * time.Hour}},
		recordKeys("archive: record\nrequire: [archive]"): {Archive: "etc/record", RequireArchive: true},
		recordKeys(witnesses):                             {Witnesses: both},
		recordKeys(witnesses + "require: [witnesses]"):    {Witnesses: both, RequireWitnesses: true},
	} {
		cfg, err := Parse("etc/config.yaml", []byte(text), files{}.read)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if diff := cmp.Diff(want, cfg.Record); diff != "" {
			t.Errorf("%s: record (-want +got):\n%s", text, diff)
		}
	}
}

func TestParseConfigRefusesAWrongRecord(t *testing.T) {
	runProblemTests(t, []problemTest{
		{"no map", goodSlack + goodUsers + goodAccount + "record: s3://b\n", nil,
			[]string{"4:9 record must be a map, not text: write record: {origin: example.com/assumebot}"}},
		{"origin with a space", recordKeys("origin: my record"), nil, []string{
			"5:11 origin \"my record\": the name of a record is printable text without white space"}},
		{"replicas", recordKeys("replicas: 6"), nil, []string{"5:13 replicas is 6: write 0 to 5"}},
		{"no replicas", recordKeys("replicas: -1"), nil, []string{"5:13 replicas is -1: write 0 to 5"}},
		{"another store", recordKeys("archive: gs://bucket/x"), nil, []string{`5:12 archive "gs://bucket/x": write a directory, or s3://BUCKET/PREFIX`}},
		{"S3 with a capital", recordKeys("archive: S3://bucket/x"), nil, []string{`5:12 archive "S3://bucket/x": write a directory, or s3://BUCKET/PREFIX`}},
		{"S3 with one slash", recordKeys("archive: s3:/bucket/x"), nil, []string{`5:12 archive "s3:/bucket/x": write a directory`}},
		{"S3 with none", recordKeys("archive: s3:bucket"), nil, []string{`5:12 archive "s3:bucket": write a directory`}},
		{"no bucket", recordKeys("archive: s3://Bucket/x"), nil, []string{"5:12 archive names no bucket of S3"}},
		{"a lock of a directory", recordKeys("archive: x\nobject_lock: {mode: COMPLIANCE, days: 400}"), nil, []string{
			"6:16 object_lock is for an archive in S3: write s3://BUCKET/PREFIX in archive, or remove object_lock"}},
		{"a lock of nothing", recordKeys("object_lock: {mode: COMPLIANCE, days: 400}"), nil, []string{"5:16 object_lock is for an archive in S3"}},
		{"a lock of an unknown mode", recordKeys("archive: s3://my-bucket\nobject_lock: {mode: compliance, days: 400}"), nil, []string{
			`6:23 mode is "compliance": write mode: COMPLIANCE`}},
		{"a lock for no time", recordKeys("archive: s3://my-bucket\nobject_lock: {mode: COMPLIANCE, days: 0}"), nil, []string{"6:41 days is 0: write 1 to 36500"}},
		{"a lock for too long", recordKeys("archive: s3://my-bucket\nobject_lock: {mode: GOVERNANCE, days: 36501}"), nil, []string{
			"6:41 days is 36501: write 1 to 36500"}},
		{"half a lock", recordKeys("archive: s3://my-bucket\nobject_lock: {}"), nil, []string{
			"6:16 mode is missing from object_lock: add COMPLIANCE", "6:16 days is missing from object_lock: add how long"}},
		{"a word for a lock", recordKeys("archive: s3://my-bucket\nobject_lock: COMPLIANCE"), nil, []string{
			"6:16 object_lock must be a map, not text: write object_lock: {mode: COMPLIANCE, days: 400}"}},
		{"require of nothing", recordKeys("require: [archive, witnesses, redis]"), nil, []string{
			"5:13 require names archive, and record has none: add archive, or remove it here",
			"5:22 require names witnesses, and record has none: add witnesses, or remove it here",
			`5:33 require "redis": write archive, witnesses or both`,
		}},
		{"nothing required", recordKeys("require: []"), nil, []string{"5:12 require is empty: nothing would be required"}},
		{"required twice", recordKeys("archive: x\nrequire: [archive, archive]"), nil, []string{`6:22 "archive" is already in require, on line 6`}},
		{"nobody", recordKeys("witnesses: []"), nil, []string{"5:14 witnesses is empty: nobody would cosign"}},
		{"witness without address and key", recordKeys("witnesses: [{}]"), nil, []string{
			"5:15 url is missing from this witness: add where", "5:15 key is missing from this witness: add the public key"}},
		{"witness in clear", recordKeys("witnesses: [{url: 'http://witness.example', key: " + witnessKey1 + "}]"), nil, []string{"5:21 url is not https"}},
		{"witness with a password", recordKeys("witnesses: [{url: 'https://a:b@witness.example', key: " + witnessKey1 + "}]"), nil, []string{
			"5:21 url is not a scheme, a host and a path alone"}},
		{"damaged key", recordKeys("witnesses: [{key: " + witnessKey1[:len(witnessKey1)-4] + "AAAA, url: 'https://w.example'}]"), nil, []string{
			"5:21 key: the public key of witness witness.example/w1 is damaged, or is none for cosignatures: copy the key that the witness publishes"}},
		{"no key", recordKeys("witnesses: [{key: w1, url: 'https://w.example'}]"), nil, []string{"5:21 key: public key of a witness: "}},
		{"two of one name", recordKeys("witnesses:\n- {url: 'https://a.example', key: " + witnessKey1 + "}\n" +
			"- {url: 'https://b.example', key: " + witnessKey1Anew + "}"), nil,
			[]string{`7:37 witness "witness.example/w1" is already on line 6: remove one of the two`}},
		{"an unknown key", recordKeys("orign: x"), nil, []string{`5:3 unknown key "orign" in record: did you mean origin?`}},
		{"a secret", recordKeys("record_key: x"), nil, []string{`5:3 unknown key "record_key" in record: secrets do not belong in this file`}},
	})
}

func TestHowTheRecordIsKeptCountsFromTheNextStart(t *testing.T) {
	before := mustParse(t, recordKeys("origin: a.example\narchive: x\nrequire: [archive]"), nil).Summary
	after := mustParse(t, recordKeys("replicas: 1\nwitnesses: [{url: 'https://w.example/x', key: "+witnessKey1+"}]\nrequire: [witnesses]"), nil).Summary
	want := []string{
		"record.require gained witnesses, lost archive (from the next start)",
		`record.witnesses gained "witness.example/w1" at "https://w.example/x" (key ` + digest(witnessKey1)[:12] + ") (from the next start)",
		`record.archive "x" → none (from the next start)`,
		"record.origin a.example → none (from the next start)",
		"record.replicas none → 1 (from the next start)",
	}
	if diff := cmp.Diff(want, event.Lines(Changes(before, after, true))); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if lines := Changes(before, after.WithFixed(before), true); len(lines) > 0 {
		t.Errorf("a running process goes on with other than it began with: %v", lines)
	}
}
