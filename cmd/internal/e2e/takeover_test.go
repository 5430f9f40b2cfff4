package e2e

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/ledger"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/store/storetest"
)

// childEnv has the test binary be a bot in a process of its own, which a test can
// kill.
const childEnv = "ASSUMEBOT_TEST_CHILD"

// unaware, as childEnv, has it take an hour to see that it was taken for dead.
const unaware = "unaware"

// TestChild is no test: it is that process.
func TestChild(t *testing.T) {
	if os.Getenv(childEnv) == "" {
		t.Skip("it is run by other tests, as a process of its own")
	}
	w := &world{t: t, dir: os.Getenv("ASSUMEBOT_TEST_DIR"), logs: &syncBuffer{}, env: worldEnv(), place: os.Getenv("ASSUMEBOT_TEST_AWS")}
	if os.Getenv(childEnv) == unaware {
		w.pace = ledger.Pace{Beat: time.Hour, TTL: time.Hour}
	}
	w.launch(filepath.Join(w.dir, "config.yaml"), app.Settings{
		SlackAppToken: secret.New(os.Getenv("ASSUMEBOT_TEST_APP_TOKEN")), SlackBotToken: secret.New(os.Getenv("ASSUMEBOT_TEST_BOT_TOKEN")),
		SlackAPIURL: os.Getenv("ASSUMEBOT_TEST_SLACK"), AWSRegion: "eu-west-1",
		RedisURL: secret.New(os.Getenv("ASSUMEBOT_TEST_REDIS")), SealKeys: []secret.Text{storetest.KeyOne}, RecordKeys: []secret.Text{secret.New(recordKey)},
	}, time.Now)
	for range time.Tick(100 * time.Millisecond) { // until it is killed
		w.put("child.log", w.logs.String())
	}
}

// An other is a bot in a process of its own.
type other struct {
	*world
	url   string // of its Redis
	cmd   *exec.Cmd
	ended chan struct{}
}

// another starts one, and has Alice ask it for something once it serves.
func (w *world) another(config, redisURL, asks string) *other {
	w.t.Helper()
	return w.anotherAs("aware", config, redisURL, asks)
}

func (w *world) anotherAs(as, config, redisURL, asks string) *other {
	w.t.Helper()
	w.writes(config)
	cmd := exec.Command(os.Args[0], "-test.run=^TestChild$", "-test.timeout=5m")
	cmd.Env = append(os.Environ(), childEnv+"="+as, "ASSUMEBOT_TEST_DIR="+w.dir, "ASSUMEBOT_TEST_REDIS="+redisURL, "ASSUMEBOT_TEST_AWS="+w.place,
		"ASSUMEBOT_TEST_SLACK="+w.slack.APIURL(), "ASSUMEBOT_TEST_APP_TOKEN="+w.slack.AppToken(), "ASSUMEBOT_TEST_BOT_TOKEN="+w.slack.BotToken())
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	o := &other{world: w, url: redisURL, cmd: cmd, ended: make(chan struct{})}
	go func() { defer close(o.ended); _ = cmd.Wait() }()
	w.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-o.ended
		if w.t.(*testing.T).Failed() {
			w.t.Logf("the other process said: %s", o.said())
		}
	})
	w.await("the other process connects", func() bool { return strings.Count(o.said(), "socket open") >= 2 })
	w.await("the command is taken", func() bool {
		_, err := w.slack.Command("U01ALICE", "C0GENERAL", "/assume", asks)
		return err == nil
	})
	return o
}

func (o *other) said() string {
	said, _ := os.ReadFile(filepath.Join(o.dir, "child.log"))
	return string(said)
}

// gets sends it a signal, and has Redis forget that it lives, as it does after a while.
func (o *other) gets(s syscall.Signal) {
	o.t.Helper()
	if err := o.cmd.Process.Signal(s); err != nil {
		o.t.Fatal(err)
	}
	if s == syscall.SIGKILL {
		<-o.ended
	}
	raw := storetest.Raw(o.t, o.url)
	alive, err := raw.Keys(o.t.Context(), "assumebot:{owed}:alive:*").Result()
	if err == nil {
		err = raw.Del(o.t.Context(), append(alive, "assumebot:{owed}:grace")...).Err()
	}
	if err != nil || len(alive) != 1 {
		o.t.Fatalf("it does not say that it lives: %q, %v", alive, err)
	}
}

// owes reports whether anything is on the ledger.
func owes(t testing.TB, url string) bool {
	t.Helper()
	raw := storetest.Raw(t, url)
	for _, pattern := range []string{"assumebot:{owed}:by:*", "assumebot:{owed}:taken:*"} {
		if keys, err := raw.Keys(t.Context(), pattern).Result(); err != nil || len(keys) > 0 {
			return true
		}
	}
	return false
}

// holds reports whether credentials of Alice's are kept.
func holds(t *testing.T, url string) bool {
	t.Helper()
	grants, err := storeAt(t, url).Grants.LiveGrants(t.Context(), "U01ALICE")
	if err != nil {
		t.Fatal(err)
	}
	return len(grants) > 0
}

// kindsAt are the kinds of all entries of the record at url.
func kindsAt(t *testing.T, url string) (kinds []event.Kind) {
	t.Helper()
	entries, err := storeAt(t, url).Log.Read(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		ev, err := event.Decode(e.Leaf, nil)
		if err != nil {
			t.Fatal(err)
		}
		if ev.Actor.User == "U01ALICE" {
			kinds = append(kinds, ev.Kind)
		}
	}
	return kinds
}

var (
	soon     = ledger.Pace{Beat: 20 * time.Millisecond, TTL: 200 * time.Millisecond}
	unknowns = []slacktest.Fault{ // nobody learns who Alice is
		{Method: "users.info", Latency: time.Minute, Drop: true, Times: -1},
		{Method: "users.list", Latency: time.Minute, Drop: true, Times: -1},
	}
	slowly = []slacktest.Fault{ // somebody learns who Alice is after a while
		{Method: "users.info", Latency: 2 * time.Second, Times: -1},
		{Method: "users.list", Latency: 2 * time.Second, Times: -1},
	}
	silence = []slacktest.Fault{{Method: "response_url", Latency: time.Minute, Drop: true, Times: -1}}
)

// TestWhatADeadProcessOwedIsToldByAnother: it is killed at each stage of a request.
func TestWhatADeadProcessOwedIsToldByAnother(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		asks   string
		slack  []slacktest.Fault
		aws    awstest.Fault
		until  event.Kind // that is on the record when it is killed; "": it is owed
		told   []string
		record []event.Kind
	}{
		"before it looked": {
			asks: "accounts", slack: unknowns,
			told:   []string{"The bot was stopped before it answered /assume accounts. No credentials were issued", "If you have no answer yet, send it again."},
			record: []event.Kind{event.Interrupted},
		},
		"before the intent": {
			asks: "prod", slack: unknowns,
			told:   []string{"before it answered /assume prod. No credentials were issued", "send it again with a new code"},
			record: []event.Kind{event.Interrupted},
		},
		"while AWS was asked": {
			asks: "prod", aws: awstest.Fault{Latency: time.Minute}, until: event.Intent,
			told:   []string{"Nobody knows what came of your request for prod", "Send it again with a new code"},
			record: []event.Kind{event.Intent, event.Unknown, event.Interrupted},
		},
		"before it showed them": {
			asks: "prod", slack: silence, until: event.Granted,
			told:   []string{"AWS issued credentials for prod, but the bot was stopped before it knew", "Reference:"},
			record: []event.Kind{event.Intent, event.Granted, event.Interrupted, event.Undelivered},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			settings, url := w.realRedis()
			for _, f := range c.slack {
				w.slack.Inject(f)
			}
			if c.aws.Latency > 0 {
				w.aws.Inject(c.aws)
			}
			asks := c.asks
			if asks == "prod" {
				asks += " " + w.alice.Code()
			}
			o := w.another(worldConfig, url, asks)
			w.await("the moment to kill it", func() bool {
				switch c.until {
				case "":
					return owes(t, url)
				case event.Granted: // they are on the record before they are kept
					return holds(t, url)
				}
				return slices.Contains(kindsAt(t, url), c.until)
			})
			o.gets(syscall.SIGKILL)
			w.slack.ClearFaults()
			w.pace = soon
			w.run(worldConfig, settings)
			w.await("the answer", func() bool { return len(w.private("U01ALICE")) > 0 })
			wantText(t, w.private("U01ALICE")[0], c.told...)
			w.await("nothing is owed any more", func() bool { return !owes(t, url) })
			if diff := gocmp.Diff(c.record, kindsAt(t, url)); diff != "" {
				t.Errorf("record (-want +got):\n%s", diff)
			}
			if got := len(w.private("U01ALICE")) + len(w.directMessages("U01ALICE")); got != 1 {
				t.Errorf("got %d answers, want one", got)
			}
			if c.until == event.Granted {
				w.auditTells("Perhaps not shown to alice@example.com")
				w.acked(w.slack.Press("U01ALICE", w.private("U01ALICE")[0].Ref(), "", "show"))
				w.await("the credentials", func() bool { return len(w.private("U01ALICE")) > 1 })
				wantText(t, w.private("U01ALICE")[1], "prod is yours until", "AWS_SESSION_TOKEN")
			}
		})
	}
}

// TestAProcessThatStoodStillShowsNothing: it is paused until another has told what it owed.
func TestAProcessThatStoodStillShowsNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		slack  []slacktest.Fault
		aws    awstest.Fault
		as     string
		until  event.Kind
		told   string
		record []event.Kind
	}{
		"before the intent, and no clock of its own shows it": {
			slack: slowly, as: unaware, told: "No credentials were issued",
			record: []event.Kind{event.Interrupted, event.Intent, event.NotActed},
		},
		"while AWS was asked, and no clock of its own shows it": {
			aws: awstest.Fault{Latency: time.Second}, as: unaware, until: event.Intent, told: "Nobody knows what came of your request for prod",
			record: []event.Kind{event.Intent, event.Unknown, event.Interrupted, event.Granted},
		},
		"before the intent": {
			slack: slowly,
			told:  "No credentials were issued", record: []event.Kind{event.Interrupted, event.Intent, event.NotActed},
		},
		"while AWS was asked": {
			aws: awstest.Fault{Latency: time.Second}, until: event.Intent, told: "Nobody knows what came of your request for prod",
			record: []event.Kind{event.Intent, event.Unknown, event.Interrupted, event.Granted},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			settings, url := w.realRedis()
			for _, f := range c.slack {
				w.slack.Inject(f)
			}
			if c.aws.Latency > 0 {
				w.aws.Inject(c.aws)
			}
			o := w.anotherAs(cmp.Or(c.as, "aware"), worldConfig, url, "prod "+w.alice.Code())
			w.await("the moment to pause it", func() bool {
				return c.until == "" && owes(t, url) || c.until != "" && slices.Contains(kindsAt(t, url), c.until)
			})
			o.gets(syscall.SIGSTOP)
			w.slack.ClearFaults()
			w.pace = soon
			w.run(worldConfig, settings)
			w.await("the answer", func() bool { return len(w.private("U01ALICE")) > 0 })
			wantText(t, w.private("U01ALICE")[0], c.told)
			if err := o.cmd.Process.Signal(syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
			w.await("it finds that another has told", func() bool {
				return strings.Contains(o.said(), "this process stood still")
			})
			w.await("all of it is on the record", func() bool { return len(kindsAt(t, url)) >= len(c.record) })
			if diff := gocmp.Diff(c.record, kindsAt(t, url)); diff != "" {
				t.Errorf("record (-want +got):\n%s", diff)
			}
			if all := append(w.private("U01ALICE"), w.directMessages("U01ALICE")...); len(all) != 1 || len(all[0].Preformatted()) > 0 {
				t.Errorf("got %d answers, want the one that told what came of it", len(all))
			}
		})
	}
}

// TestADeadProcessLeavesNoPromise: it is killed after it posted that credentials
// are about to appear, before and after Slack said what that message is called.
func TestADeadProcessLeavesNoPromise(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]slacktest.Fault{
		"named":   {Method: "chat.update", Latency: time.Minute, Drop: true, Times: -1},
		"unnamed": {Method: "chat.postMessage", SlowAnswer: time.Minute, Times: -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			settings, url := w.realRedis()
			w.slack.Inject(fault)
			promised := func() bool {
				list := w.directMessages("U01ALICE")
				return len(list) > 0 && strings.Contains(list[0].Plain(), "are about to appear here")
			}
			o := w.another(dmConfig, url, "prod "+w.alice.Code())
			w.await("the promise", promised)
			o.gets(syscall.SIGKILL)
			w.slack.ClearFaults()
			w.pace = soon
			w.run(dmConfig, settings)
			w.toldByDM("AWS issued credentials for prod, but the bot was stopped before it knew")
			if promised() {
				t.Error("it still says that credentials are about to appear")
			}
			w.await("nothing is owed any more", func() bool { return !owes(t, url) })
		})
	}
}

// TestWhoeverStopsHandsOverAtOnce: what it has not answered in time is another's.
func TestWhoeverStopsHandsOverAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, url := w.realRedis()
	r := w.run(worldConfig, settings)
	wantText(t, w.says("U01ALICE", "/assume", "help"), "/assume")
	w.await("nothing is owed", func() bool { return !owes(t, url) })
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	raw := storetest.Raw(t, url)
	if alive, err := raw.Keys(t.Context(), "assumebot:{owed}:alive:*").Result(); err != nil || len(alive) != 0 {
		t.Errorf("got %q, %v, want nobody that lives", alive, err)
	}
}
