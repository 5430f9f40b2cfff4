package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/snippet/snippettest"
	"github.com/assumebot/assumebot/cmd/demo/world"
)

// watched is output that somebody waits for.
type watched struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{} // closed, and replaced, when there is more
}

func newWatched() *watched { return &watched{more: make(chan struct{})} }

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.more)
	w.more = make(chan struct{})
	return w.text.Write(p)
}

func (w *watched) read() (string, <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String(), w.more
}

// await returns what there is once all of want is in it.
func (w *watched) await(t *testing.T, want ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	for {
		text, more := w.read()
		missing := ""
		for _, each := range want {
			if !strings.Contains(text, each) {
				missing = each
			}
		}
		if missing == "" {
			return text
		}
		select {
		case <-more:
		case <-ctx.Done():
			t.Fatalf("got no %q in:\n%s", missing, text)
		}
	}
}

// A rehearsal is the demo with --serve, and somebody who types.
type rehearsal struct {
	t     *testing.T
	out   *watched
	typed io.WriteCloser
	ended chan error
	stop  context.CancelFunc
}

func rehearse(t *testing.T) *rehearsal {
	t.Helper()
	in, typed := io.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	r := &rehearsal{t: t, out: newWatched(), typed: typed, ended: make(chan error, 1), stop: stop}
	go func() { r.ended <- run(ctx, []string{"--serve"}, in, r.out, io.Discard) }()
	t.Cleanup(func() {
		stop()
		_ = in.Close()
		_ = typed.Close()
	})
	return r
}

func (r *rehearsal) types(line string) {
	r.t.Helper()
	if _, err := io.WriteString(r.typed, line+"\n"); err != nil {
		r.t.Fatal(err)
	}
}

// linesToPaste are those that the banner gives for another terminal.
func (r *rehearsal) linesToPaste() string {
	r.t.Helper()
	banner := r.out.await(r.t, "> ")
	_, after, found := strings.Cut(banner, "\nunset ")
	lines, _, ends := strings.Cut(after, "\n\n")
	if !found || !ends {
		r.t.Fatalf("got no lines to paste in:\n%s", banner)
	}
	return "unset " + lines + "\n"
}

// setting is the value of one of them.
func (r *rehearsal) setting(name string) string {
	r.t.Helper()
	_, after, found := strings.Cut(r.linesToPaste(), "\nexport "+name+"='")
	value, _, _ := strings.Cut(after, "'")
	if !found {
		r.t.Fatalf("got no %s", name)
	}
	return value
}

// printed is the ID that the banner has for something.
func (r *rehearsal) printed(what string) string {
	r.t.Helper()
	banner, _ := r.out.read()
	found := regexp.MustCompile(`\n  ` + regexp.QuoteMeta(what) + ` {2,}(\S+)\n`).FindStringSubmatch(banner)
	if found == nil {
		r.t.Fatalf("got no %s in:\n%s", what, banner)
	}
	return found[1]
}

// buildProgram builds assumebot.
func buildProgram(t *testing.T) (directory string) {
	t.Helper()
	snippettest.Require(t, "sh", nil)
	directory = t.TempDir()
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", directory, "github.com/assumebot/assumebot/cmd/assumebot")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return directory
}

// paste is a terminal of somebody whose own settings of AWS lead elsewhere, in which
// the lines are pasted before what is typed.
func paste(ctx context.Context, programs, lines, typed string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "sh", "-c", lines+typed)
	cmd.Env = append(os.Environ(), "PATH="+programs+string(os.PathListSeparator)+os.Getenv("PATH"),
		"AWS_PROFILE=mine", "AWS_SESSION_TOKEN=mine", "AWS_ENDPOINT_URL_STS=http://127.0.0.1:9", "NO_COLOR=1")
	return cmd
}

// starts starts the bot with what was pasted, and returns once it serves. The
// bot must end in order when it is told to.
func (r *rehearsal) starts(programs, lines string) (end func()) {
	r.t.Helper()
	log := newWatched()
	bot := paste(r.t.Context(), programs, lines, "exec assumebot run")
	bot.Stderr = log
	if err := bot.Start(); err != nil {
		r.t.Fatal(err)
	}
	log.await(r.t, "ready: people are served")
	return func() {
		r.t.Helper()
		if err := bot.Process.Signal(syscall.SIGTERM); err != nil {
			r.t.Fatal(err)
		}
		if err := bot.Wait(); err != nil {
			text, _ := log.read()
			r.t.Errorf("run: got %v, want it to end in order; it logged:\n%s", err, text)
		}
	}
}

// checks runs a check in which nothing may be wrong.
func (r *rehearsal) checks(programs, lines, command, want string) {
	r.t.Helper()
	got, err := paste(r.t.Context(), programs, lines, command).Output()
	if err != nil || !strings.Contains(string(got), want) {
		r.t.Fatalf("%s: got %v and:\n%s", command, err, got)
	}
}

func TestInstallIsRehearsedWithWhatServePrints(t *testing.T) {
	t.Parallel()
	programs := buildProgram(t)
	t.Run("the config of the demo", func(t *testing.T) { rehearseDemo(t, programs) })
	t.Run("a config of init", func(t *testing.T) { rehearseInit(t, programs) })
}

func rehearseDemo(t *testing.T, programs string) {
	r := rehearse(t)
	lines := r.linesToPaste()
	r.checks(programs, lines, "assumebot check", "assumebot.yaml is right, with 2 warnings: 2 users, 4 accounts")
	r.checks(programs, lines, "assumebot check --live", " 0 wrong")
	end := r.starts(programs, lines)

	r.types("codes")
	_, shown, _ := strings.Cut(r.out.await(t, "alice's device shows ", "carol has no device"), "alice's device shows ")
	r.types("/assume prod " + shown[:6])
	r.out.await(t, "[alice, only you]\n  prod is yours until", "[#aws-audit]\n  Granted prod to alice@example.com")
	r.types("aws alice sts get-caller-identity")
	r.out.await(t, `"Arn": "arn:aws:sts::222222222222:assumed-role/OnCall/alice"`)
	r.types("@bob /assume staging {mfa}") // whose key the bot reads from Secrets Manager
	r.out.await(t, "[bob, only you]\n  staging is yours until")

	end()
	r.types("/assume prod {mfa}")
	banner := r.out.await(t, "no bot is connected: start `./assumebot run` in another terminal")
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+/[A-Z0-9]+/\n`).FindString(banner)
	page, err := http.Get(strings.TrimSpace(address))
	if err != nil {
		t.Fatalf("the page at %q: %v", address, err)
	}
	defer func() { _ = page.Body.Close() }()
	body, err := io.ReadAll(page.Body)
	if err != nil || !strings.Contains(string(body), " is yours until") {
		t.Errorf("the page: got %v and %s, want what alice was told", err, body)
	}
}

func rehearseInit(t *testing.T, programs string) {
	r := rehearse(t)
	lines, dir := r.linesToPaste(), t.TempDir()
	made := paste(t.Context(), programs, lines, strings.Join([]string{
		"assumebot init --dir", dir, "--workspace", r.printed("workspace"), "--channel", r.printed("#aws-audit"), "--slack-user", r.printed("alice"),
		"--iam-user", r.printed("IAM user of alice"), "--mfa-serial", r.printed("their MFA device"), "--key 'env ALICE' --account prod",
		"--role", r.printed("role of prod"), "--external-id", r.printed("its external ID"), "--region eu-central-1 --allow", r.printed("alice"),
		"--revoker '' --boundary '' --bot-identity", r.printed("the bot runs as"),
	}, " "))
	if out, err := made.CombinedOutput(); err != nil {
		t.Fatalf("init: got %v and:\n%s", err, out)
	}
	lines += "export ASSUMEBOT_CONFIG=" + filepath.Join(dir, "assumebot.yaml") + "\n"
	r.checks(programs, lines, "assumebot check", "assumebot.yaml is right: 1 user, 1 account")
	r.checks(programs, lines, "assumebot check --live", " 0 wrong")
	end := r.starts(programs, lines)
	r.types("/assume prod {mfa}")
	r.out.await(t, "[alice, only you]\n  prod is yours until")
	r.types("aws alice sts get-caller-identity")
	r.out.await(t, `"Arn": "arn:aws:sts::222222222222:assumed-role/OnCall/alice"`)
	end()
}

func TestServeGoesOnUntilInterruptedAndLeavesNoFile(t *testing.T) {
	t.Parallel()
	r := rehearse(t)
	path := r.setting("ASSUMEBOT_CONFIG")
	pasted, err := os.ReadFile(filepath.Join(filepath.Dir(path), environmentFile))
	if err != nil || string(pasted) != r.linesToPaste() {
		t.Errorf("file to have read: got %v and %s, want the lines to paste", err, pasted)
	}
	r.types("nonsense")
	r.out.await(t, `the demo does not know "nonsense"`)
	r.types("wait 5m")
	r.out.await(t, "time is real here")
	if err := r.typed.Close(); err != nil {
		t.Fatal(err)
	}
	// What comes is shown all the same.
	resp, err := http.PostForm(r.setting("SLACK_API_URL")+"chat.postMessage",
		url.Values{"token": {r.setting("SLACK_BOT_TOKEN")}, "channel": {world.Audit}, "text": {"nobody types any more"}})
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	r.out.await(t, "[#aws-audit]\n  nobody types any more")
	r.stop()
	if err := <-r.ended; err != nil {
		t.Errorf("got %v, want nil", err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the config at %s: got %v, want it to be gone", path, err)
	}
}

func TestLinesToPasteTakeAnyDirectory(t *testing.T) {
	snippettest.Require(t, "sh", nil)
	w, err := newScene()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	dir := filepath.Join(t.TempDir(), "it's a $(touch pwned)")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, environmentFile), []byte("echo have read it\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	banner, err := w.serveBanner(dir)
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^  \. .*$`).FindString(banner)
	if got, err := exec.Command("sh", "-c", line).CombinedOutput(); err != nil || string(got) != "have read it\n" {
		t.Errorf("%s: got %v and %s", line, err, got)
	}
}

func TestNextCodeIsWaitedForWhereTimeIsReal(t *testing.T) {
	t.Parallel()
	w, err := newScene()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	var slept time.Duration
	w.sleep = func(_ context.Context, d time.Duration) error {
		slept = d
		return fmt.Errorf("interrupted")
	}
	term := newTerminal(w, strings.NewReader(""), io.Discard, 0)
	if err := term.line(t.Context(), "/assume prod {mfa:next}"); err == nil || slept <= 0 || slept > 30*time.Second {
		t.Errorf("got %v after waiting %s, want up to 30s, interrupted", err, slept)
	}
}

func TestServeHasNoLogToShow(t *testing.T) {
	var stderr bytes.Buffer
	err := run(t.Context(), []string{"--serve", "-v"}, strings.NewReader(""), io.Discard, &stderr)
	if got := report(err, &stderr); got != 2 || !strings.Contains(stderr.String(), "with --serve it has none") {
		t.Errorf("got exit code %d and %q", got, stderr.String())
	}
}
