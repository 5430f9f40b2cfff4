package drill

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
)

// killedEnv has the test binary be the drill that is killed: in it stands the world.
const killedEnv = "ASSUMEBOT_TEST_KILLED_DRILL"

// A killed is what the drill that is killed needs of the world.
type killed struct {
	Env                      map[string]string
	Config, AWS, Code, Lapse string
}

// TestThePauseOfADrillThatWasKilledEndsByItself kills a process in its pause.
func TestThePauseOfADrillThatWasKilledEndsByItself(t *testing.T) {
	if told := os.Getenv(killedEnv); told != "" {
		drillsUntilPaused(t, told)
		return
	}
	w := newWorld(t)
	w.lapses = 20 * time.Second // in which all below is asked, on a slow machine too
	w.slack.AddChannel(slacktest.Channel{ID: "C0GENERAL", Name: "general", Members: []string{"U01ALICE", "U02BOB"}})
	w.serves(t, "test") // and signs, which the dead one does no more
	began := time.Now()
	w.killWhilePaused(t)
	_, err := Run(t.Context(), w.Options)
	if err == nil || !strings.Contains(err.Error(), "paused by another drill; if that was killed, the pause ends by itself") {
		t.Errorf("got %v, want that the pause stands until it ends", err)
	}
	if told := w.told(t, "U02BOB", "status"); !strings.Contains(told, "Paused, since") || !strings.Contains(told, ", until ") {
		t.Errorf("status says\n%s\nwant until when", told)
	}
	told := w.told(t, "U01ALICE", "staging")
	if !strings.Contains(told, "The bot is paused since") || !strings.Contains(told, "It lasts until") {
		t.Errorf("alice is told\n%s\nwant until when", told)
	}
	if err := await(t.Context(), readyIn, func() (bool, error) {
		told = w.told(t, "U01ALICE", "staging")
		return !strings.Contains(told, "paused"), nil
	}); err != nil || !strings.Contains(told, "staging until") { // which the drill was given, and did not end
		t.Errorf("alice is told\n%s\nwant that the pause is over: %v", told, err)
	}
	if took := time.Since(began); took < w.lapses {
		t.Errorf("the pause was over after %s, want it to hold for %s", took, w.lapses)
	}
}

// told has somebody type a command in Slack, and returns what they are told.
func (w *world) told(t *testing.T, user, text string) string {
	t.Helper()
	before := len(w.slack.SeenBy(user))
	if _, err := w.slack.Command(user, "C0GENERAL", "/assume", text); err != nil {
		t.Fatal(err)
	}
	told := ""
	err := await(t.Context(), readyIn, func() (bool, error) {
		for _, m := range w.slack.SeenBy(user)[before:] {
			if m.Ephemeral && m.To == user {
				told = m.Plain()
			}
		}
		return told != "", nil
	})
	if err != nil {
		t.Fatalf("/assume %s: %v", text, err)
	}
	return told
}

// killWhilePaused runs a drill as a process of its own, and kills it once it has paused the bot.
func (w *world) killWhilePaused(t *testing.T) {
	t.Helper()
	told, err := json.Marshal(killed{w.env, worldConfig, w.aws.URL(), w.alice.Code(), w.lapses.String()})
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestThePauseOfADrillThatWasKilledEndsByItself$", "-test.v")
	c.Env = append(os.Environ(), killedEnv+"="+string(told))
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	paused := false
	for !paused && lines.Scan() {
		t.Log(lines.Text())
		paused = strings.Contains(lines.Text(), "it is paused now")
	}
	if err := c.Process.Kill(); err != nil || !paused {
		t.Fatalf("it never paused the bot: %v", err)
	}
	_ = c.Wait()
}

// drillsUntilPaused drills, and stops for good once it has paused the bot.
func drillsUntilPaused(t *testing.T, told string) {
	var k killed
	if err := json.Unmarshal([]byte(told), &k); err != nil {
		t.Fatal(err)
	}
	w := &world{key: k.Env["ASSUMEBOT_RECORD_KEY"], env: k.Env}
	w.configure(t, k.Config, k.AWS)
	w.Code = func(context.Context) (string, error) { return k.Code, nil }
	w.lapses, _ = time.ParseDuration(k.Lapse)
	pausing := false
	w.typing = func(_ *drill, text string) {
		if pausing {
			_, _ = os.Stdout.WriteString("it is paused now\n")
			select {}
		}
		pausing = strings.HasPrefix(text, "pause")
	}
	r, err := Run(t.Context(), w.Options)
	t.Fatalf("it came to its end: %s, %v", strings.Join(r.Lines(), "\n"), err)
}
