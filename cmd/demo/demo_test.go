package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/cmd/demo/world"
)

// play runs the demo on a script and returns what it printed after its banner.
func play(t *testing.T, script string) (string, error) {
	t.Helper()
	var out, log bytes.Buffer
	err := run(t.Context(), nil, strings.NewReader(script), &out, &log)
	if log.Len() > 0 {
		t.Errorf("standard error: got %q, want nothing without -v", log.String())
	}
	_, after, found := strings.Cut(out.String(), "for Debian's awscli\n\n")
	if !found && err == nil {
		t.Fatalf("no banner in:\n%s", out.String())
	}
	return after, err
}

// inOrder checks that got has all of want, each after the one before.
func inOrder(t *testing.T, got string, want ...string) {
	t.Helper()
	rest := got
	for _, each := range want {
		_, after, found := strings.Cut(rest, each)
		if !found {
			t.Fatalf("got no %q at its place in:\n%s", each, got)
		}
		rest = after
	}
}

func TestConversationOfCIHolds(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("testdata/conversation.txt")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := play(t, string(script)); err != nil {
		t.Fatalf("%v, in:\n%s", err, out)
	}
}

func TestRolesOfTheDemoTakeOnesOwnNameAlone(t *testing.T) {
	bound := world.ConfigFile
	t.Cleanup(func() { world.ConfigFile = bound })
	world.ConfigFile = regexp.MustCompile(`(?m)^    session_name: .*\n`).ReplaceAll(bound, nil)
	if bytes.Equal(world.ConfigFile, bound) {
		t.Fatal("the demo's config has no session_name")
	}
	for account, request := range map[string]string{"prod": "{mfa}", "staging": "{mfa}", "vault": "{mfa} break-glass because INC-1"} {
		t.Run(account, func(t *testing.T) {
			t.Parallel()
			out, err := play(t, "/assume "+account+" "+request+"\nexpect AWS does not let your IAM user assume the role of "+account+"\n")
			if err != nil {
				t.Errorf("%v, in:\n%s", err, out)
			}
		})
	}
}

func TestPipeLineOfTheReadmeAnswersInOrder(t *testing.T) {
	t.Parallel()
	out, err := play(t, "/assume prod {mfa}\n/buckets prod\n")
	if err != nil {
		t.Fatal(err)
	}
	inOrder(t, out,
		"> /assume prod {mfa}\n", "(alice's device shows ",
		"[alice, only you]\n  prod is yours until ",
		"\n unset AWS_PROFILE AWS_DEFAULT_PROFILE", "\n export AWS_ACCESS_KEY_ID='ASIA", "\n  Paste it into bash",
		"[#aws-audit]\n  Granted prod to alice@example.com",
		"> /buckets prod\n", "[alice, only you]\n  1–20 of 32 buckets in prod.",
		"  • prod-api-assets  eu-west-1  Mar 3, 2025\n")
}

func TestEveryFormatCanBeReadBackAndWorks(t *testing.T) {
	t.Parallel()
	// By turns, so that a format that cannot be read is found out by the other
	// account's buckets.
	var script strings.Builder
	for i, format := range []string{"bash", "fish", "powershell", "cmd", "dotenv", "profile", "json"} {
		account := []string{"prod", "staging"}[i%2]
		script.WriteString("/assume " + account + " {mfa:next} as " + format + "\naws alice s3 ls\nexpect " + account + "-")
		script.WriteString(map[string]string{"prod": "web-assets\n", "staging": "uploads\n"}[account])
	}
	if out, err := play(t, script.String()); err != nil {
		t.Errorf("%v, in:\n%s", err, out)
	}
}

func TestScriptFailsAtTheFirstLineThatIsNotUnderstood(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ line, want string }{
		{"assume prod", `does not know "assume"`},
		{"@dave /assume prod {mfa}", "there is no @dave here: the cast is alice, bob and carol"},
		{"@bob", "@bob does what?"},
		{"press 1", `alice sees no button "1": nothing of that kind is visible`},
		{"@bob choose fish", `bob sees no menu with "fish": nothing of that kind is visible`},
		{"fill code {mfa}", "alice has no window open"},
		{"submit", "alice has no window open"},
		{"cancel", "alice has no window open"},
		{"wait a bit", "wait takes a time"},
		{"sh aws ec2 ls", "this aws knows `aws s3 ls`"},
		{"sh rm -rf /", "this shell is a pretence; it knows"},
		{"sh", "sh what? For example: sh env | grep AWS"},
		{"aws", "aws what? For example: aws alice s3 ls"},
		{"quit now", "quit takes nothing after it"},
	} {
		t.Run(c.line, func(t *testing.T) {
			t.Parallel()
			w := stage(t)
			l, err := w.parse(c.line)
			if err == nil {
				err = newTerminal(w, strings.NewReader(""), io.Discard, 0).do(t.Context(), l)
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to say %q", err, c.want)
			}
		})
	}
	out, err := play(t, "# a comment\n/assume accounts\nassume prod\n/assume help\n")
	if err == nil || !strings.HasPrefix(err.Error(), `line 3: the demo does not know "assume"`) {
		t.Errorf("got %v, want an error that names line 3", err)
	}
	if strings.Contains(out, "/assume help") {
		t.Errorf("it went on after a line that failed:\n%s", out)
	}
}

func TestUnknownCommandIsAnsweredBySlackbotAndNotTheBot(t *testing.T) {
	t.Parallel()
	out, err := play(t, "@bob /asume prod {mfa}\nexpect /asume is not a valid command.\n")
	if err != nil {
		t.Fatalf("%v, in:\n%s", err, out)
	}
	if want := "(did you mean /assume? The bot has /assume, /mfa, /buckets, /sessions)"; !strings.Contains(out, want) {
		t.Errorf("got %s, want %q", out, want)
	}
	if want := "> @bob /asume prod {mfa}\n[bob, only you, from Slackbot]\n  /asume is not a valid command. In Slack,"; !strings.Contains(out, want) {
		t.Errorf("got %s, want %q", out, want)
	}
}

func TestExpectFailsWhenNothingOfTheKindWasShown(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	script := "/assume accounts\nexpect staging Developer in\nexpect nowhere\n"
	err := perform(t.Context(), strings.NewReader(script), &out, slog.New(slog.DiscardHandler), 20*time.Millisecond, 0)
	if err == nil || !strings.Contains(err.Error(), `line 3: expected "nowhere"`) {
		t.Errorf("got %v, want the third line to fail, in:\n%s", err, out.String())
	}
}

func TestRefusalsThatWereFoldedComeByThemselves(t *testing.T) {
	t.Parallel()
	out, err := play(t, strings.Repeat("@carol /assume prod {mfa}\n", 3)+"wait 2m\nexpect 2 more refusals of U03CAROL since the last\n")
	if err != nil {
		t.Fatalf("%v, in:\n%s", err, out)
	}
	if got := strings.Count(out, "Refused U03CAROL"); got != 1 {
		t.Errorf("the audit channel shows %d refusals one by one, want 1, in:\n%s", got, out)
	}
}

func TestBannerLeadsToAPageThatEndsWithTheDemo(t *testing.T) {
	t.Parallel()
	in, typing := io.Pipe()
	out, printed := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(t.Context(), nil, in, printed, io.Discard) }()
	var address string
	lines := bufio.NewScanner(out)
	for address == "" && lines.Scan() {
		address = regexp.MustCompile(`http://127\.0\.0\.1:\d+/[A-Z2-7]{26}/`).FindString(lines.Text())
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	look := func() (int, error) {
		answer, err := http.Get(address)
		if err != nil {
			return 0, err
		}
		return answer.StatusCode, answer.Body.Close()
	}
	if status, err := look(); status != http.StatusOK || err != nil {
		t.Errorf("%q: got %d, %v", address, status, err)
	}
	if _, err := io.WriteString(typing, "quit\n"); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if status, err := look(); err == nil {
		t.Errorf("%q after the end: got %d, want nothing there", address, status)
	}
}

func TestQuitEndsAtOnceAndVerboseLogs(t *testing.T) {
	t.Parallel()
	var out, log bytes.Buffer
	if err := run(t.Context(), []string{"-v"}, strings.NewReader("help\nquit\nnonsense\n"), &out, &log); err != nil {
		t.Fatal(err)
	}
	inOrder(t, out.String(), "> help\n", "{mfa:next}", "> quit\n")
	if !strings.Contains(log.String(), "Slack knows the bot") {
		t.Errorf("log: got %q, want the bot's own", log.String())
	}
}

func TestInterruptEndsInOrder(t *testing.T) {
	t.Parallel()
	in, typing := io.Pipe()
	defer func() { _ = typing.Close() }()
	ctx, interrupt := context.WithCancel(t.Context())
	// The banner is the first thing that is written.
	if err := run(ctx, nil, in, writerFunc(interrupt), io.Discard); err != nil {
		t.Errorf("got %v, want nil", err)
	}
}

type writerFunc func()

func (f writerFunc) Write(p []byte) (int, error) {
	f()
	return len(p), nil
}

func TestBrokenOutputEndsTheDemo(t *testing.T) {
	t.Parallel()
	closed, end := io.Pipe()
	_ = closed.Close()
	if err := run(t.Context(), nil, strings.NewReader("help\n"), end, io.Discard); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v, want %v", err, io.ErrClosedPipe)
	}
}

func TestCommandLineMistakesAreUsageErrors(t *testing.T) {
	for _, c := range []struct {
		args []string
		want int
	}{
		{[]string{"-h"}, 0}, {[]string{"-x"}, 2}, {[]string{"script.txt"}, 2},
	} {
		var stderr bytes.Buffer
		err := run(t.Context(), c.args, strings.NewReader(""), io.Discard, &stderr)
		if got := report(err, &stderr); got != c.want || !strings.Contains(stderr.String(), "Usage: demo") {
			t.Errorf("%v: got exit code %d and %q, want %d and the usage", c.args, got, stderr.String(), c.want)
		}
		if c.want == 0 && !errors.Is(err, flag.ErrHelp) {
			t.Errorf("%v: got %v, want %v", c.args, err, flag.ErrHelp)
		}
	}
}

func TestAWSSettingsOfThePersonAreNotUsed(t *testing.T) {
	t.Setenv("AWS_PROFILE", "mine")
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
	t.Setenv("AWS_ENDPOINT_URL_STS", "https://sts.example.com")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAMINE000000000000")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "mine")
	if _, err := play(t, "/assume staging {mfa}\nexpect staging is yours until\n@bob /assume staging {mfa}\nexpect staging is yours until\n"); err != nil {
		t.Fatal(err)
	}
}
