package doctest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/bot/snippet/snippettest"
)

// untested are the commands that cannot run here, by how they begin, and why.
var untested = map[string]string{
	"go test ":                            "these tests are a part of it",
	"aws sts assume-role ":                "it wants a code of a device; deploy_test.go of broker/awstest makes the same call",
	"assumebot rotate-key ":               "it takes minutes, and AWS; rotate_key.txtar of cmd/assumebot makes the same calls",
	"assumebot drill ":                    "it wants a code of a device, and two replicas; .ci/run drills with the fakes",
	"go build -o assumebot ":              "as assumebot drill",
	"aws iam ":                            "it makes roles and policies in an AWS account; the fake of AWS has no API for that",
	"assumebot user ":                     "it wants a person at a terminal; user.txtar of cmd/assumebot and the tests of broker/enrol make the same calls",
	"(umask 077; aws iam ":                "as aws iam",
	"aws kms ":                            "it makes keys in an AWS account; the fake of AWS has no API for that",
	"(umask 077; assumebot keygen --kms ": "it wants a key of KMS; keygen_kms.txtar of cmd/assumebot runs it",
	"(umask 077; assumebot keygen record example.com/assumebot --kms ": "as above",
	"go run filippo.io/":                                "it fetches a module of others; .ci/foreign reads proofs with that module",
	"export ASSUMEBOT_SEAL_KEYS_FILE=":                  "the rehearsal has an embedded Redis, which takes no keys; record_test.go here starts a bot with them",
	"./assumebot check --config assumebot.yaml --redis": "the rehearsal has an embedded Redis; check_record_test.go of cmd/assumebot asks a real one",
	"assumebot record reconcile ":                       "it reads log files of CloudTrail; record_reconcile.txtar of cmd/assumebot has some",
	"assumebot record accept ":                          "nothing is lost here; record_accept.txtar of cmd/assumebot loses something first",
	"bash .ci/release parts":                            "it wants a clone without changes, and takes minutes; .ci/release packages runs it",
	"ssh-keygen -Y verify ":                             "it wants a release; .ci/release packages makes one and checks it so",
	"sha256sum --ignore-missing ":                       "as ssh-keygen",
	"CGO_ENABLED=0 GOFLAGS= go build":                   "it wants a clone without changes; .ci/release image builds so, twice",
	"redis-server deploy/redis.conf":                    "it runs on; shipped_test.go of cmd/assumebot starts it",
	"kubectl ":                                          "no cluster is here",
	"helm upgrade ":                                     "no cluster is here; .ci/chart renders the chart",
	"tail -n +2 proof":                                  "what it writes is for the command after it, which fetches a module of others",
}

// whyUntested is "" for a command that has to run.
func whyUntested(command string) string {
	for begin, why := range untested {
		if strings.HasPrefix(command, begin) {
			return why
		}
	}
	return ""
}

// commands are those of a block, each with the lines that continue it, without remarks.
func commands(text string) []string {
	var all []string
	open := ""
	for _, line := range strings.Split(text, "\n") {
		line = regexp.MustCompile(`(^|\s+)#\s.*$`).ReplaceAllString(line, "")
		if strings.TrimSpace(line) == "" {
			continue
		}
		open += line
		if strings.HasSuffix(line, `\`) || strings.HasSuffix(line, "|") {
			open += "\n"
			continue
		}
		all = append(all, open)
		open = ""
	}
	return all
}

func TestWhatIsUntestedSaysSo(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, b := range append(of(t, "sh"), of(t, "sh untested")...) {
		none := true
		for _, c := range commands(b.text) {
			why := whyUntested(c)
			none = none && why == ""
			used[why] = true
			if b.kind == "sh untested" && why == "" {
				t.Errorf("%s:%d: %q is in no list of what cannot run here", b.guide, b.line, c)
			}
		}
		if b.kind == "sh untested" && none {
			t.Errorf("%s:%d: all of it can run here: the block is one of sh", b.guide, b.line)
		}
	}
	for begin, why := range untested {
		if !used[why] {
			t.Errorf("no guide has a command that begins with %q any more", begin)
		}
	}
}

// A terminal is a shell of somebody who reads a guide, in a directory of their own that
// has deploy as the repository has it.
type terminal struct {
	t        *testing.T
	dir      string
	in       io.Writer
	out      *bufio.Reader
	examples []example
}

// An example stands in a guide for what is another one each time.
type example struct {
	shown *regexp.Regexp
	real  string
}

// prelude stands in for the tool of Go, which would build the same programs again.
const prelude = `
exec 2>&1
export PATH="$PROGRAMS:$PATH" NO_COLOR=1
go() {
  case "$1 $2" in
  "run ./cmd/demo") shift 2; demo "$@" ;;
  "build -tags") [ "$*" = "build -tags grpcnotrace ./cmd/assumebot" ] && cp "$PROGRAMS/assumebot" . ;;
  *) echo "these tests know no go $*"; return 1 ;;
  esac
}
`

func openTerminal(t *testing.T) *terminal {
	t.Helper()
	snippettest.Require(t, "bash", nil)
	dir := t.TempDir()
	deploy, err := filepath.Abs(filepath.Join(root, "deploy"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(deploy, filepath.Join(dir, "deploy")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc")
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + os.TempDir(), "PROGRAMS=" + programs}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait() // whatever the shell ended with, its commands were judged one by one
	})
	term := &terminal{t: t, dir: dir, in: in, out: bufio.NewReader(out)}
	term.run(prelude)
	return term
}

// run has the shell run a command, and returns what it printed and its exit code.
func (term *terminal) run(command string) (output string, code int) {
	term.t.Helper()
	for _, e := range term.examples {
		command = e.shown.ReplaceAllLiteralString(command, e.real)
	}
	const end = "\x1e"
	if _, err := fmt.Fprintf(term.in, "{ %s\n} </dev/null\nprintf '%s%%d\\n' $?\n", command, end); err != nil {
		term.t.Fatalf("%s: %v", command, err)
	}
	var out bytes.Buffer
	for {
		line, err := term.out.ReadString('\n')
		before, after, found := strings.Cut(line, end)
		out.WriteString(before)
		if found {
			if code, err = strconv.Atoi(strings.TrimSpace(after)); err != nil {
				term.t.Fatalf("%s: %v", command, err)
			}
			return out.String(), code
		}
		if err != nil {
			term.t.Fatalf("%s: the shell ended: %v, after:\n%s", command, err, out.String())
		}
	}
}

// follow does all that a guide has for a shell, in order, and types its transcripts at
// the fakes where it has started them.
func (term *terminal) follow(g guide) {
	term.t.Helper()
	var fakes *running
	ran := 0
	for _, b := range g.blocks {
		var all []exchange
		switch {
		case b.kind == "sh":
			for _, c := range commands(b.text) {
				all = append(all, exchange{typed: c, output: "…\n"})
			}
		case b.kind == "console" && strings.HasPrefix(b.text, "$ "):
			all = exchanges(b.text, "$ ")
		case b.kind == "console" && fakes != nil:
			fakes.plays(b)
		}
		for _, e := range all {
			ran++
			switch {
			case strings.HasSuffix(e.typed, " --serve"):
				fakes = term.serve()
			case strings.HasPrefix(e.typed, "./assumebot run "):
				term.start(e.typed).after(0, "ready: people are served")
			case whyUntested(e.typed) == "":
				term.compare(b, e)
			}
		}
	}
	if ran == 0 {
		term.t.Errorf("%s: got no command to run", g.path)
	}
}

// compare runs a command of a block, and holds what it prints to what the block shows.
func (term *terminal) compare(b block, e exchange) {
	term.t.Helper()
	got, code := term.run(e.typed)
	if code != 0 && b.kind == "console" {
		got += fmt.Sprintf("(exit code %d)\n", code)
	} else if code != 0 {
		term.t.Fatalf("%s:%d: %s: got exit code %d and:\n%s", b.guide, b.line, e.typed, code, got)
	}
	if diff := matches(e.output, got); diff != "" {
		term.t.Errorf("%s:%d: %s: %s\nit printed:\n%s", b.guide, b.line, e.typed, diff, got)
	}
}

// installGuide starts the fakes itself.
const installGuide = "deploy/docs/install.md"

func TestCommandsOfTheGuidesWork(t *testing.T) {
	t.Parallel()
	for _, g := range guides(t) {
		shell := false
		for _, b := range g.blocks {
			shell = shell || b.kind == "sh" || b.kind == "console" && strings.HasPrefix(b.text, "$ ")
		}
		if !shell {
			continue
		}
		t.Run(g.path, func(t *testing.T) {
			t.Parallel()
			term := openTerminal(t)
			if g.path == "deploy/docs/record.md" || g.path == "deploy/docs/operations.md" {
				term.keepARecord()
			}
			term.follow(g)
		})
	}
}
