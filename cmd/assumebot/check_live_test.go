package main

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/cmd/internal/doctor"
)

func TestFindingsThatAreAlikeAreOneLine(t *testing.T) {
	var out bytes.Buffer
	device := func(name string) doctor.Finding {
		return doctor.Finding{Check: "aws-mfa-device", Subject: name, State: doctor.OK, What: "there"}
	}
	err := printFindings(&out, palette{}, 1, []doctor.Finding{
		{Check: "slack-app", State: doctor.NotTold, What: "no API says", Do: "try it"},
		device("alice"), device("bob"),
		{Check: "aws-mfa-device", Subject: "carol", State: doctor.Wrong, What: "gone\x1b[31m\nok", Do: "assign one"},
		{Check: "aws-key-age", Subject: "alice", State: doctor.Warning, What: "old", Do: "make a new key"},
		device("alice"), device("bob"), device("carol"), device("dave"), device("erin"),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `not told  slack-app                        no API says: try it
ok        aws-mfa-device alice, bob        there
wrong     aws-mfa-device carol             gone\x1b[31m\nok: assign one
warning   aws-key-age alice                old: make a new key
ok        aws-mfa-device alice and 4 more  there

7 ok, 1 warning, 1 wrong, 1 not told
the config is right, with 1 warning
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
}
