package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"

	"github.com/assumebot/assumebot/cmd/internal/app"
)

var update = flag.Bool("update", false, "write what the scripts got into them")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"assumebot": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Setup: func(env *testscript.Env) error {
			// What the machine has set must not reach the scripts.
			for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "REDIS_URL", "SLACK_APP_TOKEN", "SLACK_BOT_TOKEN"} {
				env.Setenv(name, "")
			}
			env.Setenv("GORACE", "atexit_sleep_ms=0") // or each program would sleep for 1 s at its end
			return nil
		},
		Cmds:      map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "keys": keys, "records": records, "trails": trails},
		Condition: shell,
	})
}

// exits is `exits CODE PROGRAM ARG…`: the program must end with this exit code.
// What it wrote is there for stdout, stderr and cmp.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARG...")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var ended *exec.ExitError
		if !errors.As(err, &ended) {
			ts.Fatalf("%v", err)
		}
		got = ended.ExitCode()
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("got exit code %d, want %s", got, args[0])
	}
}

// shell is the condition shell:NAME, whether that shell is installed. Where
// ASSUMEBOT_REQUIRE_SHELLS=1 it must be.
func shell(cond string) (bool, error) {
	name, ok := strings.CutPrefix(cond, "shell:")
	if !ok {
		return false, fmt.Errorf("unknown condition %q", cond)
	}
	if _, err := exec.LookPath(name); err != nil && os.Getenv("ASSUMEBOT_REQUIRE_SHELLS") != "1" {
		return false, nil
	}
	return true, nil
}

func TestVersionTextNamesWhatTheBuildRecorded(t *testing.T) {
	vcs := []debug.BuildSetting{{Key: "vcs.revision", Value: "abc123"}, {Key: "vcs.modified", Value: "true"}}
	tests := []struct {
		name string
		info *debug.BuildInfo
		ok   bool
		want string
	}{
		{"no build info", nil, false, "assumebot unknown, commit unknown"},
		{"empty build info", &debug.BuildInfo{}, true, "assumebot unknown, commit unknown, unknown"},
		{"release", &debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: "v1.2.3"}, Settings: vcs[:1]}, true,
			"assumebot v1.2.3, commit abc123, go1.26.0"},
		{"changed tree", &debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: "(devel)"}, Settings: vcs}, true,
			"assumebot (devel), commit abc123 with uncommitted changes, go1.26.0"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := versionText(test.info, test.ok); got != test.want {
				t.Errorf("version:\ngot  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestBuildTextTellsAReleaseFromAnotherBuild(t *testing.T) {
	released := map[string]string{
		"-tags": "grpcnotrace", "-trimpath": "true", "CGO_ENABLED": "0", "GOOS": "linux", "GOARCH": "arm64",
		"vcs.modified": "false", "vcs.time": "2026-03-01T12:00:00Z",
	}
	text := func(changed, to string) string {
		info := &debug.BuildInfo{}
		for key, value := range released {
			if key == changed {
				value = to
			}
			info.Settings = append(info.Settings, debug.BuildSetting{Key: key, Value: value})
		}
		return buildText(info)
	}
	if got, want := text("", ""), "built as releases are, for linux/arm64, from a commit of 2026-03-01T12:00:00Z"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for key, other := range map[string]string{"-tags": "", "-trimpath": "", "CGO_ENABLED": "1", "vcs.modified": "true"} {
		if got := text(key, other); !strings.HasPrefix(got, "built otherwise than releases are, for linux/arm64") {
			t.Errorf("with %s=%s: got %q", key, other, got)
		}
	}
	if got, want := buildText(nil), "built otherwise than releases are, for unknown/unknown, from a commit of unknown"; got != want {
		t.Errorf("without build info: got %q, want %q", got, want)
	}
}

func TestReportExitsWithZeroOnlyWithoutError(t *testing.T) {
	for want, err := range map[int]error{
		0: nil, 1: os.ErrNotExist, 2: usagef(&cobra.Command{}, "what?"), 78: app.NeedsPerson(os.ErrNotExist),
	} {
		if got := report(err, io.Discard, palette{}); got != want {
			t.Errorf("exit code of %v: got %d, want %d", err, got, want)
		}
	}
}
