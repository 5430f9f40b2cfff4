package e2e

import (
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/awstest"
)

// What deploy/docs/operations.md says of the time in which something is down.

func TestRedisThatComesBackIsGoneOnWithByTheSameBot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	redis := miniredis.RunT(t)
	w.run(worldConfig, w.settingsOn("redis://"+redis.Addr()))
	before := w.pasted(w.says("U01ALICE", "/assume", "staging "+w.alice.Code()))

	redis.Close()
	for _, command := range []string{"help", "accounts", "prod 123456", "revoke staging"} {
		wantText(t, w.says("U01ALICE", "/assume", command), "store is not answering", "nothing was done")
	}
	if w.refuses(before) {
		t.Error("what was issued before works no more")
	}

	if err := redis.Restart(); err != nil {
		t.Fatal(err)
	}
	w.await("the bot serves again", func() bool {
		return !strings.Contains(w.says("U01ALICE", "/assume", "open").Plain(), "store is not answering")
	})
	w.auditTells("Granted", "open", "alice@example.com (U01ALICE)")
}

func TestSlackThatComesBackIsGoneOnWithByTheSameBot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	before := w.pasted(w.says("U01ALICE", "/assume", "staging "+w.alice.Code()))
	for _, method := range []string{"apps.connections.open", "chat.postMessage"} {
		w.slack.Inject(slacktest.Fault{Method: method, Status: 503, Times: 2})
	}
	w.slack.Drop()
	w.await("no socket is left", func() bool { return len(w.slack.Connections()) == 0 })
	if w.refuses(before) {
		t.Error("what was issued before works no more")
	}
	w.await("the sockets are there again", func() bool { return len(w.slack.Connections()) == 2 })
	wantText(t, w.says("U01ALICE", "/assume", "open"), "open is yours until")
	w.auditTells("Granted", "open", "alice@example.com (U01ALICE)")
}

// TestASecondRegionServesWhoNeedsNoCode has the first do its work and say nothing.
func TestASecondRegionServesWhoNeedsNoCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.settings()
	s.AWSFallback = "eu-central-1"
	w.run(worldConfig, s)
	heal := w.aws.Inject(awstest.Fault{Action: "AssumeRole", Region: "eu-west-1", LoseAnswer: true})
	const twice = "in eu-central-1, since AWS STS in eu-west-1 did not answer; if that issued credentials too, nobody has them."
	m := w.says("U01ALICE", "/assume", "open")
	wantText(t, m, "open is yours until", twice)
	if w.refuses(w.pasted(m)) {
		t.Error("what the second region issued does not work")
	}
	w.auditTells("Granted", "open", "in eu-central-1", "perhaps issued before, unanswered, in eu-west-1")
	wantText(t, w.says("U01ALICE", "/assume", "staging "+w.alice.Code()), "the answer was lost on the way, so nobody knows")
	heal()
	if m := w.says("U01ALICE", "/assume", "open"); strings.Contains(m.Plain(), "eu-central-1") {
		t.Errorf("healed: got %s, want the first region", m.Plain())
	}
}
