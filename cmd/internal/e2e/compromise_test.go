package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/event"
)

// What deploy/docs/threat-model.md says that a thief gets, where no other test shows it.

func TestStolenLongTermKeysOpenNoRoleThatWantsMFA(t *testing.T) {
	t.Parallel()
	w := deployed(t, "role-trust-policy.json")
	for _, key := range []awstest.Credentials{
		{AccessKeyID: aliceKeyID, SecretAccessKey: aliceSecret}, {AccessKeyID: botKeyID, SecretAccessKey: botSecret},
	} {
		thief := awstest.Client{Endpoint: w.aws.URL(), Region: "eu-west-1", Credentials: key}
		for _, role := range []string{"arn:aws:iam::222222222222:role/OnCall", "arn:aws:iam::444444444444:role/Vault"} {
			if got := w.assumes(thief, "127.0.0.1", role, "alice"); got != "AccessDenied" {
				t.Errorf("%s with the key %s and no code: got %q, want AccessDenied", role, key.AccessKeyID, got)
			}
		}
	}
}

func TestAStolenSlackSessionGetsNothingThatWantsACode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	const thief = "U01ALICE" // for all that Slack can tell
	for _, account := range []string{"prod", "hub"} {
		w.acked(w.slack.Command(thief, "C0GENERAL", "/assume", account))
		w.modal(thief, "MFA code")
	}
	change := w.says(thief, "/assume", "key age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p")
	wantText(t, change, "code")
	for i := range 5 {
		wantText(t, w.says(thief, "/assume", fmt.Sprintf("prod 00000%d", i)), "AWS did not accept that code")
	}
	wantText(t, w.says(thief, "/assume", "prod "+w.alice.Code()), "locked out after too many wrong codes")
	// The five, and none for what came without a code, or once nothing goes to AWS any more.
	if got := len(w.aws.Calls()); got != 5 {
		t.Errorf("got %d calls to AWS, want the five with a wrong code", got)
	}
}

func TestTheBotTokenChangesPostsAndNotTheRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	w.says("U01ALICE", "/assume", "prod "+w.alice.Code())
	post := w.auditTells("Granted", "prod")
	resp, err := http.PostForm(w.slack.APIURL()+"chat.update", url.Values{
		"token": {w.slack.BotToken()}, "channel": {post.Channel}, "ts": {post.TS}, "text": {"nothing happened"},
	})
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	w.auditTells("nothing happened")
	if got := len(w.recorded(r, event.Granted)); got != 1 {
		t.Errorf("got %d grants on the record, want the one", got)
	}
}
