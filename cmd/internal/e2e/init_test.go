package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/cmd/internal/config"
	"github.com/assumebot/assumebot/cmd/internal/setup"
)

// TestWhatInitWritesServes has the fake AWS enforce the policies that init writes, and
// the bot serve by its config: the first request is granted, and taken back.
func TestWhatInitWritesServes(t *testing.T) {
	t.Parallel()
	var a setup.Answers
	for _, q := range setup.Questions() {
		answer, ok := map[string]string{
			"workspace": "T0123", "channel": "C0AUDIT", "slack-user": "U01ALICE",
			"iam-user": "arn:aws:iam::111111111111:user/alice", "role": "arn:aws:iam::222222222222:role/Deploy",
			"revoker": "arn:aws:iam::222222222222:role/DeployRevoker", "bot-identity": "arn:aws:iam::111111111111:user/assumebot",
		}[q.Flag]
		if !ok {
			continue
		}
		if _, err := a.Set(q, answer); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Fill(); err != nil {
		t.Fatal(err)
	}
	files, err := a.Files()
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	if err := setup.Write(w.dir, files, false); err != nil {
		t.Fatal(err)
	}
	policy := func(name string) string {
		text, err := os.ReadFile(filepath.Join(w.dir, "iam", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	w.aws.AddUser(awstest.User{Account: "111111111111", Name: "alice", AccessKeyID: aliceKeyID, SecretAccessKey: aliceSecret, Policy: policy("user-policy.json")})
	w.aws.AddUser(awstest.User{Account: "111111111111", Name: "assumebot", AccessKeyID: botKeyID, SecretAccessKey: botSecret, Policy: policy("bot-policy.json")})
	w.aws.PutSecret("111111111111", "assumebot/alice", `{"access_key_id":"`+aliceKeyID+`","secret_access_key":"`+aliceSecret+`"}`)
	w.aws.AddRole(awstest.Role{
		Account: "222222222222", Name: "Deploy", Trust: awstest.Trust{Policy: policy("role-trust-policy.json")},
		Boundary: "arn:aws:iam::222222222222:policy/DeployBoundary",
	})
	w.aws.AddRole(awstest.Role{
		Account: "222222222222", Name: "DeployRevoker", Policy: policy("revoker-policy.json"),
		Trust: awstest.Trust{Policy: policy("revoker-trust-policy.json")},
	})
	w.launch(filepath.Join(w.dir, config.FileName), w.settings(), w.now)

	issued := w.says("U01ALICE", "/assume", "prod "+w.alice.Code())
	client := w.pasted(issued)
	if w.refuses(client) {
		t.Error("AWS refuses the credentials that were issued")
	}
	if got := w.says("U02BOB", "/assume", "prod "+w.bob.Code()).Plain(); strings.Contains(got, "AWS_SECRET_ACCESS_KEY") {
		t.Errorf("bob, who is nowhere in the config, got %s", got)
	}
	if got := w.says("U01ALICE", "/assume", "revoke prod").Plain(); !w.refuses(client) {
		t.Errorf("revoked, and AWS still takes it: %s", got)
	}
}
