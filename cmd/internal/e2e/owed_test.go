package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/store"
	"github.com/assumebot/assumebot/store/storetest"
)

// toldByDM waits until one direct message to Alice holds all parts.
func (w *world) toldByDM(parts ...string) slacktest.Message {
	w.t.Helper()
	var found slacktest.Message
	w.await(fmt.Sprintf("a direct message with %q", parts), func() bool {
		for _, m := range w.directMessages("U01ALICE") {
			if holdsAll(m.Plain(), parts) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

// posts counts what was sent to a method, taken or not.
func (w *world) posts(method string) int {
	n := 0
	for _, c := range w.slack.Calls() {
		if c.Method == method {
			n++
		}
	}
	return n
}

// TestWhoeverCannotBeReachedAtOnceIsToldLater: Slack takes neither the reply nor
// a direct message for a while, or asks to wait for it.
func TestWhoeverCannotBeReachedAtOnceIsToldLater(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string][]slacktest.Fault{
		"down": {
			{Method: "response_url", Status: 503, Times: -1},
			{Method: "conversations.open", Status: 503, Times: 3},
		},
		"cut": {
			{Method: "response_url", Drop: true, Times: -1},
			{Method: "conversations.open", Drop: true, Times: 3},
		},
		"limited": {
			{Method: "response_url", Status: 429, RetryAfter: 30 * time.Second, Times: -1},
			{Method: "conversations.open", Error: "ratelimited", RetryAfter: 30 * time.Second, Times: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			settings, url := w.realRedis()
			r := w.run(worldConfig, settings)
			for _, f := range faults {
				w.slack.Inject(f)
			}
			w.command("U01ALICE", "/assume", "prod "+w.alice.Code())
			w.await("it is owed", func() bool { return strings.Contains(w.logs.String(), "not told yet of credentials") })
			if name == "limited" {
				if got := w.posts("conversations.open"); got != 1 {
					t.Errorf("got %d calls while Slack asked to wait, want 1", got)
				}
				w.later(r, 31*time.Second)
			}
			m := w.toldByDM("AWS issued credentials for prod", "Reference:", "[Show again]")
			if len(m.Preformatted()) > 0 {
				t.Error("the credentials went out by direct message")
			}
			dueEntries(t, url, "owed", 0, "")
			w.auditTells("hown to alice@example.com", "prod")
			for key, text := range storetest.Dump(t, url) {
				if strings.Contains(text, "Slack did not") {
					t.Errorf("%s holds an answer in clear", key)
				}
			}
			if got := len(w.directMessages("U01ALICE")); got != 1 {
				t.Errorf("got %d direct messages, want one", got)
			}
		})
	}
}

func TestARefusalThatSlackDoesNotTakeIsToldLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, url := w.realRedis()
	first := w.run(worldConfig, settings)
	w.slack.Inject(slacktest.Fault{Method: "response_url", Status: 404, Times: -1})
	w.slack.Inject(slacktest.Fault{Method: "conversations.open", Error: "ratelimited", RetryAfter: time.Minute})
	w.command("U01ALICE", "/assume", "nowhere 123456")
	dueEntries(t, url, "owed", 1, "no account of that name")
	if err := first.stop(); err != nil { // it survives the process
		t.Fatal(err)
	}
	r := w.run(worldConfig, settings)
	w.run(worldConfig, settings)
	w.later(r, time.Minute)
	m := w.toldByDM("Slack did not take this answer at once", "no account of that name")
	if m.Edits > 0 || len(w.directMessages("U01ALICE")) != 1 {
		t.Errorf("got %d direct messages, want one", len(w.directMessages("U01ALICE")))
	}
	dueEntries(t, url, "owed", 0, "")
}

func TestAnAnswerIsNotOwedForEver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, url := w.realRedis()
	r := w.run(worldConfig, settings)
	w.slack.Inject(slacktest.Fault{Method: "response_url", Status: 404, Times: -1})
	w.slack.Inject(slacktest.Fault{Method: "conversations.open", Status: 503, Times: -1})
	w.command("U01ALICE", "/assume", "nowhere 123456")
	dueEntries(t, url, "owed", 1, "")
	w.later(r, 31*time.Minute)
	dueEntries(t, url, "owed", 0, "")
	w.await("the log", func() bool { return strings.Contains(w.logs.String(), "Slack did not take an answer in time") })
}

// TestAFormThatSlackDoesNotShowAgainIsTold: views.update fails, and at first the
// direct message too.
func TestAFormThatSlackDoesNotShowAgainIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.command("U01ALICE", "/assume", "prod")
	form := w.modal("U01ALICE", "prod")
	w.slack.Inject(slacktest.Fault{Method: "views.update", Error: "internal_error", Times: -1})
	w.slack.Inject(slacktest.Fault{Method: "conversations.open", Status: 503, Times: 2})
	w.acked(w.slack.Submit("U01ALICE", form.ID, map[string]string{"code": w.alice.Code()}))
	w.toldByDM("AWS issued credentials for prod", "[Show again]")
	w.auditTells("Granted prod")
}

// TestASlowReplyIsPostedOnce: it is taken after the bot gave up, and the person
// is told that nobody knows.
func TestASlowReplyIsPostedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.slack.Inject(slacktest.Fault{Method: "response_url", LoseAnswer: true, Times: -1})
	m := w.says("U01ALICE", "/assume", "prod "+w.alice.Code())
	wantText(t, m, "prod is yours until")
	w.toldByDM("Slack did not say whether it showed them to you", "[Show again]")
	if got := len(w.private("U01ALICE")); got != 1 {
		t.Errorf("got %d copies of the credentials, want one", got)
	}
	w.auditTells("Perhaps not shown")
}

func TestNothingIsOwedOnceItIsDelivered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, url := w.realRedis()
	r := w.run(dmConfig, settings)
	w.sentByDM()
	wantText(t, w.says("U01ALICE", "/assume", "open"), "open is yours")
	dueEntries(t, url, "owed", 0, "")
	before := len(w.directMessages("U01ALICE"))
	w.later(r, time.Minute)
	wantText(t, w.says("U01ALICE", "/assume", "help"), "/assume")
	if got := len(w.directMessages("U01ALICE")); got != before {
		t.Errorf("got %d direct messages more, want none", got-before)
	}
}

// childEnv has the test binary be a bot in a process of its own, which a test can
// kill.
const childEnv = "ASSUMEBOT_TEST_CHILD"

// TestChild is no test: it is that process.
func TestChild(t *testing.T) {
	if os.Getenv(childEnv) == "" {
		t.Skip("it is run by other tests, as a process of its own")
	}
	w := &world{t: t, dir: os.Getenv("ASSUMEBOT_TEST_DIR"), logs: &syncBuffer{}, env: worldEnv(), place: os.Getenv("ASSUMEBOT_TEST_AWS")}
	w.launch(filepath.Join(w.dir, "config.yaml"), app.Settings{
		SlackAppToken: secret.New(os.Getenv("ASSUMEBOT_TEST_APP_TOKEN")), SlackBotToken: secret.New(os.Getenv("ASSUMEBOT_TEST_BOT_TOKEN")),
		SlackAPIURL: os.Getenv("ASSUMEBOT_TEST_SLACK"), AWSRegion: "eu-west-1",
		RedisURL: secret.New(os.Getenv("ASSUMEBOT_TEST_REDIS")), SealKeys: []secret.Text{storetest.KeyOne}, RecordKeys: []secret.Text{secret.New(recordKey)},
	}, time.Now)
	for range time.Tick(100 * time.Millisecond) { // until it is killed
		w.put("child.log", w.logs.String())
	}
}

// killedOver starts a bot in a process of its own, has Alice ask it for prod, and kills
// it once done says so.
func (w *world) killedOver(config, redisURL string, done func() bool) {
	w.t.Helper()
	w.writes(config)
	cmd := exec.Command(os.Args[0], "-test.run=^TestChild$", "-test.timeout=5m")
	cmd.Env = append(os.Environ(), childEnv+"=1", "ASSUMEBOT_TEST_DIR="+w.dir, "ASSUMEBOT_TEST_REDIS="+redisURL, "ASSUMEBOT_TEST_AWS="+w.place,
		"ASSUMEBOT_TEST_SLACK="+w.slack.APIURL(), "ASSUMEBOT_TEST_APP_TOKEN="+w.slack.AppToken(), "ASSUMEBOT_TEST_BOT_TOKEN="+w.slack.BotToken())
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	w.t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	w.await("the other process connects", func() bool {
		said, _ := os.ReadFile(filepath.Join(w.dir, "child.log"))
		return strings.Count(string(said), "socket open") >= 2
	})
	w.t.Cleanup(func() {
		if w.t.(*testing.T).Failed() {
			said, _ := os.ReadFile(filepath.Join(w.dir, "child.log"))
			w.t.Logf("the other process said: %s", said)
		}
	})
	w.await("the command is taken", func() bool {
		_, err := w.slack.Command("U01ALICE", "C0GENERAL", "/assume", "prod "+w.alice.Code())
		return err == nil
	})
	w.await("the moment to kill it", done)
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		w.t.Fatal(err)
	}
	<-ended
}

// TestAKilledProcessOwesItsAnswer: the record says granted, and the process that
// was about to show it is killed; the next one tells.
func TestAKilledProcessOwesItsAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, url := w.realRedis()
	w.slack.Inject(slacktest.Fault{Method: "response_url", Latency: time.Minute, Drop: true, Times: -1})
	st := storeAt(t, url)
	w.killedOver(worldConfig, url, func() bool { return owes(t, st, "") })
	r := w.run(worldConfig, settings)
	w.later(r, time.Minute)
	m := w.toldByDM("AWS issued credentials for prod, but the bot was stopped before it knew", "[Show again]", "Reference:")
	w.auditTells("Perhaps not shown to alice@example.com")
	dueEntries(t, url, "owed", 0, "")
	w.slack.ClearFaults()
	before := len(w.private("U01ALICE"))
	w.acked(w.slack.Press("U01ALICE", m.Ref(), "", "show"))
	w.await("the credentials", func() bool { return len(w.private("U01ALICE")) > before })
	wantText(t, w.private("U01ALICE")[before], "prod is yours until", "AWS_SESSION_TOKEN")
}

// TestAKilledProcessLeavesNoPromise: it is killed after it posted that credentials
// are about to appear, before and after Slack said what that message is called.
func TestAKilledProcessLeavesNoPromise(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault slacktest.Fault
		holds string
	}{
		"named":   {slacktest.Fault{Method: "chat.update", Latency: time.Minute, Drop: true, Times: -1}, `"ts":"`},
		"unnamed": {slacktest.Fault{Method: "chat.postMessage", SlowAnswer: time.Minute, Times: -1}, `"message":{`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			settings, url := w.realRedis()
			w.slack.Inject(test.fault)
			promised := func() bool {
				list := w.directMessages("U01ALICE")
				return len(list) > 0 && strings.Contains(list[0].Plain(), "are about to appear here")
			}
			st := storeAt(t, url)
			w.killedOver(dmConfig, url, func() bool { return promised() && owes(t, st, test.holds) })
			w.slack.ClearFaults()
			r := w.run(dmConfig, settings)
			w.later(r, time.Minute)
			w.toldByDM("AWS issued credentials for prod, but the bot was stopped before it knew")
			if promised() {
				t.Error("it still says that credentials are about to appear")
			}
			dueEntries(t, url, "owed", 0, "")
		})
	}
}

// owes reports whether an answer is owed that holds the text.
func owes(t *testing.T, st *store.Store, text string) bool {
	t.Helper()
	return slices.ContainsFunc(dueTexts(t, st, "owed"), func(e string) bool { return strings.Contains(e, text) })
}
