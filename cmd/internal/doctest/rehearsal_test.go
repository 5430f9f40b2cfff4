package doctest

import (
	"bytes"
	"context"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait for a program.
const patience = time.Minute

// A running program is one that a guide starts and leaves alone.
type running struct {
	t     *testing.T
	cmd   *exec.Cmd
	typed io.Writer
	ended sync.Once

	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{} // closed, and replaced, when there is more
}

func (r *running) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.more)
	r.more = make(chan struct{})
	return r.text.Write(p)
}

// after returns what was printed after so many bytes, once want is in it.
func (r *running) after(first int, want string) string {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	for {
		r.mu.Lock()
		text, more := r.text.String()[first:], r.more
		r.mu.Unlock()
		if strings.Contains(plain(text), plain(want)) {
			return text
		}
		select {
		case <-more:
		case <-ctx.Done():
			r.t.Fatalf("%s printed no %q:\n%s", r.cmd.Args, want, text)
		}
	}
}

// printed is how much that is until now.
func (r *running) printed() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Len()
}

// stop tells it to end, and waits until it has.
func (r *running) stop() {
	r.t.Helper()
	r.ended.Do(func() {
		if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			r.t.Error(err)
		}
		if err := r.cmd.Wait(); err != nil {
			r.t.Errorf("%s: got %v, want it to end in order:\n%s", r.cmd.Args, err, r.text.String())
		}
	})
}

// start has a program run beside the terminal, in its directory and environment. It
// is stopped at the end of the test, those that were started last first.
func (term *terminal) start(command string) *running {
	term.t.Helper()
	env, code := term.run("env -0")
	if code != 0 {
		term.t.Fatalf("env: %s", env)
	}
	command = strings.ReplaceAll(command, "go run ./cmd/demo", "demo")
	words := strings.Fields(command)
	r := &running{t: term.t, more: make(chan struct{})}
	r.cmd = exec.Command(filepath.Join(programs, filepath.Base(words[0])), words[1:]...)
	r.cmd.Dir, r.cmd.Env = term.dir, strings.Split(strings.TrimRight(env, "\x00\n"), "\x00")
	r.cmd.Stdout, r.cmd.Stderr = r, r
	var err error
	if r.typed, err = r.cmd.StdinPipe(); err != nil {
		term.t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		term.t.Fatalf("%s: %v", command, err)
	}
	term.t.Cleanup(r.stop)
	return r
}

// serve starts the fakes, which print where the environment for a bot is.
func (term *terminal) serve() *running {
	term.t.Helper()
	fakes := term.start("go run ./cmd/demo --serve")
	banner := fakes.after(0, "> ")
	dir := regexp.MustCompile(`(?m)^  \. '(\S+)/environment'$`).FindStringSubmatch(banner)
	if dir == nil {
		term.t.Fatalf("got no file of the environment in:\n%s", banner)
	}
	term.examples = append(term.examples, example{regexp.MustCompile(`/tmp/assumebot-demo-\d+`), dir[1]})
	return fakes
}

// plays types a transcript at the fakes, which do not repeat it, and compares what comes.
func (r *running) plays(b block) {
	r.t.Helper()
	for _, e := range exchanges(b.text, "> ") {
		before := r.printed()
		if _, err := io.WriteString(r.typed, e.typed+"\n"); err != nil {
			r.t.Fatal(err)
		}
		last := strings.TrimRight(e.output, "…\n")
		got := r.after(before, last[strings.LastIndex(last, "\n")+1:])
		// The end of what came before may still be on its way.
		if diff := matches("…\n"+strings.TrimSuffix(strings.TrimPrefix(e.output, "…\n"), "…\n")+"…\n", got); diff != "" {
			r.t.Errorf("%s:%d: %s: %s\nit says:\n%s", b.guide, b.line, e.typed, diff, got)
		}
	}
}
