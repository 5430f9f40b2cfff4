package e2e

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/awstest"
)

var (
	exportedID     = regexp.MustCompile(`AWS_ACCESS_KEY_ID='?([A-Z0-9]+)`)
	exportedSecret = regexp.MustCompile(`AWS_SECRET_ACCESS_KEY='?([A-Za-z0-9/+=]+)`)
	exportedToken  = regexp.MustCompile(`AWS_SESSION_TOKEN='?([A-Za-z0-9/+=]+)`)
)

// pasted is an AWS client with the credentials of a message.
func (w *world) pasted(m slacktest.Message) awstest.Client {
	w.t.Helper()
	find := func(re *regexp.Regexp) string {
		found := re.FindStringSubmatch(m.Plain())
		if found == nil {
			w.t.Fatalf("no %s in %s", re, m.Plain())
		}
		return found[1]
	}
	return awstest.Client{Endpoint: w.aws.URL(), Region: "eu-west-1",
		Credentials: awstest.Credentials{AccessKeyID: find(exportedID), SecretAccessKey: find(exportedSecret), SessionToken: find(exportedToken)}}
}

func (w *world) refuses(c awstest.Client) bool {
	w.t.Helper()
	_, err := c.ListBuckets(w.t.Context())
	var refused *awstest.APIError
	if err != nil && (!errors.As(err, &refused) || refused.Code != "AccessDenied") {
		w.t.Fatal(err)
	}
	return err != nil
}

var revokerConfig = strings.Replace(worldConfig,
	"    allow: [U01ALICE, U02BOB]\n", "    allow: [U01ALICE, U02BOB]\n    revoker: arn:aws:iam::333333333333:role/Revoker\n", 1)

func TestRevokeHasAWSRefuseOnePersonsSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.aws.AddRole(awstest.Role{Account: "333333333333", Name: "Revoker", Trust: awstest.Trust{Principals: []string{"arn:aws:iam::111111111111:user/assumebot"}}})
	r := w.run(revokerConfig, w.settings())
	alice := w.pasted(w.says("U01ALICE", "/assume", "staging "+w.alice.Code()))
	bob := w.pasted(w.says("U02BOB", "/assume", "staging "+w.bob.Code()))
	if w.refuses(alice) || w.refuses(bob) {
		t.Fatal("credentials do not work to begin with")
	}
	wantText(t, w.says("U01ALICE", "/assume", "revoke staging because laptop lost"),
		"Revoked: AWS refuses your sessions of staging", "minutes until AWS", "forgotten 1 set of credentials")
	if !w.refuses(alice) {
		t.Error("the revoked credentials still work")
	}
	if w.refuses(bob) {
		t.Error("another person's credentials were revoked too")
	}
	wantText(t, w.auditTells("Revoked", "staging"), "alice@example.com (U01ALICE)", "AWS refuses this person's sessions")
	wantText(t, w.says("U01ALICE", "/sessions", ""), "You have no")
	w.later(r, time.Minute)
	if again := w.pasted(w.says("U01ALICE", "/assume", "staging "+w.alice.Code())); w.refuses(again) {
		t.Error("what was issued after the revocation is refused too")
	}
}

func TestRevokeKnowsTheSessionNameOfBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.aws.AddRole(awstest.Role{Account: "333333333333", Name: "Revoker", Trust: awstest.Trust{Principals: []string{"arn:aws:iam::111111111111:user/assumebot"}}})
	r := w.run(revokerConfig, w.settings())
	alice := w.pasted(w.says("U01ALICE", "/assume", "staging "+w.alice.Code()))
	w.writes(strings.Replace(revokerConfig, "    name: alice@example.com\n", "    name: alice@example.com\n    session_name: alice\n", 1))
	w.notices(r)
	w.later(r, time.Minute)
	renamed := w.pasted(w.says("U01ALICE", "/assume", "staging "+w.alice.Code()))
	wantText(t, w.says("U01ALICE", "/assume", "revoke staging"), "AWS refuses your sessions")
	for name, c := range map[string]awstest.Client{"before": alice, "after": renamed} {
		if !w.refuses(c) {
			t.Errorf("what was issued %s the session name changed still works", name)
		}
	}
}

func TestARevocationThatTakesLongIsAnsweredInTimeAndToldByDirectMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.aws.AddRole(awstest.Role{Account: "333333333333", Name: "Revoker", Trust: awstest.Trust{Principals: []string{"arn:aws:iam::111111111111:user/assumebot"}}})
	w.run(revokerConfig, w.settings())
	alice := w.pasted(w.says("U01ALICE", "/assume", "staging "+w.alice.Code()))
	// Longer than an answer may take: 12 s from the command on.
	w.aws.Inject(awstest.Fault{Action: "PutRolePolicy", Times: 1, Latency: 13 * time.Second})
	wantText(t, w.says("U01ALICE", "/assume", "revoke staging"), "Not revoked yet", "AWS takes long to answer about staging", "by direct message")
	w.sent("U01ALICE", "Revoked: AWS refuses your sessions of staging")
	if !w.refuses(alice) {
		t.Error("the revoked credentials still work")
	}
}

func TestRevokeSaysWhenAWSIsNotTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	alice := w.pasted(w.says("U01ALICE", "/assume", "staging "+w.alice.Code()))
	wantText(t, w.says("U01ALICE", "/assume", "revoke staging"),
		"Not revoked in AWS: copies of staging work until", "has forgotten 1 set of credentials", "names no revoker")
	if w.refuses(alice) {
		t.Error("AWS refuses what it was not told to refuse")
	}
	wantText(t, w.says("U01ALICE", "/assume", "revoke"), "Of which account?", "Nothing was revoked")
	wantText(t, w.says("U01ALICE", "/assume", "revoke nowhere"), "There is no account of that name")
	wantText(t, w.says("U03CAROL", "/assume", "revoke staging"), "You are not set up")
}

func TestRevokeSaysWhenTheRevokerRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(revokerConfig, w.settings()) // there is no such role
	w.says("U01ALICE", "/assume", "staging "+w.alice.Code())
	wantText(t, w.says("U01ALICE", "/assume", "revoke staging"),
		"Not revoked in AWS: copies of staging work until", "has forgotten 1 set of credentials", "Not complete",
		"work until they expire", "revoker role refused", "ref ")
	wantText(t, w.auditTells("Not revoked in AWS", "Not complete"), "revocation_failed")
}
