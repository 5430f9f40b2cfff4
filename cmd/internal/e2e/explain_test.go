package e2e

import (
	"strings"
	"testing"
)

func TestExplainSaysWhatWouldHappen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	for _, test := range []struct {
		user, text string
		want       []string
		not        string
	}{
		{"U01ALICE", "prod", []string{
			"You may have prod.", "user group S01ONCALL", "OnCall in 222222222222", "AssumeRole with your MFA code", "It would last 1h", "/assume prod 123456",
		}, ""},
		{"U01ALICE", "PROD for 2 hours", []string{"It would last 2h; 1h without for.", "/assume prod 123456 for 2h"}, ""},
		{"U01ALICE", "prod for 9h", []string{"You may have prod.", "prod is issued for 4h at most"}, "code was not used"},
		{"U01ALICE", "staging", []string{"you yourself, as U01ALICE"}, ""},
		{"U01ALICE", "open", []string{"without MFA", "No code is needed", "/assume open"}, "123456"},
		{"U01ALICE", "hub", []string{`every user, by "*"`, "GetSessionToken with your MFA code", "your own IAM user"}, ""},
		{"U02BOB", "prod", []string{"You may not have prod.", "Default deny", "#help-aws"}, "222222222222"},
		{"U02BOB", "stagin", []string{"Did you mean staging?"}, "code was not used"},
		{"U01ALICE", "prod 123456", []string{"explain needs no code"}, "123456"},
		{"U03CAROL", "prod", []string{"not set up to use this bot"}, "prod"},
	} {
		m := w.says(test.user, "/assume", "explain "+test.text)
		wantText(t, m, test.want...)
		if test.not != "" && strings.Contains(m.Plain(), test.not) {
			t.Errorf("%s: got %q, want nothing of %q", test.text, m.Plain(), test.not)
		}
	}
	if n := len(w.aws.Calls()); n != 0 {
		t.Errorf("got %d calls to AWS, want none", n)
	}
	w.says("U01ALICE", "/assume", "open because it is recorded behind all of these")
	w.auditTells("behind all of these")
	for _, m := range w.slack.InChannel("C0AUDIT") {
		if strings.Contains(m.Plain(), "bob") {
			t.Errorf("an explanation is on the record: %s", m.Plain())
		}
	}
}
