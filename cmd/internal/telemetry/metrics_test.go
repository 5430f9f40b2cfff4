package telemetry

import (
	"context"
	"errors"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/assumebot/assumebot/broker/watch"
)

var update = flag.Bool("update", false, "write the golden file anew")

// everything is told of one thing of each kind.
func everything(w watch.Watcher) {
	w.Acknowledged("slash_commands", 2*time.Millisecond)
	w.Replied(watch.Command, 70*time.Millisecond)
	w.Served(watch.Command, watch.Granted)
	w.Served(watch.Form, watch.Busy)
	w.Called("AssumeRole", watch.OK, 60*time.Millisecond)
	w.Called("AssumeRole", watch.Lost, 12*time.Second)
	w.Rests("STS", "eu-west-1", true)
	w.Rests("IAM", "global", true)
	w.Rests("IAM", "global", false)
	w.FellBack("AssumeRole", watch.OK)
	w.Asked("evalsha", watch.OK, 300*time.Microsecond)
}

// TestMetricsAreThese holds every name, help and label: dashboards and alerts rest on them.
func TestMetricsAreThese(t *testing.T) {
	t.Parallel()
	l, now := open(t, false), well()
	now.Record.SignedAt = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	now.Working, now.Waiting, now.Due, now.Leases = 3, 2, 1, []string{"audit-posts", "record"}
	now.Keys = []watch.Key{{User: "alice", Created: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}}
	now.NotReplaced = []watch.Count{{Code: "foreign_key"}, {Code: "refused", Times: 2}}
	now.SealKeys = &watch.SealKeys{Read: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	now.Readers = []watch.Reader{{Name: "archive", Next: 9}, {Name: "audit_channel", Next: 7}}
	l.Show(func(context.Context) watch.State { return now })
	everything(l)
	_, body := get(t, l, "/metrics")
	var ours strings.Builder
	for line := range strings.Lines(body) {
		if regexp.MustCompile(`^(# (HELP|TYPE) )?assumebot_`).MatchString(line) {
			ours.WriteString(line)
		}
	}
	const golden = "testdata/metrics.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(ours.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), ours.String()); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

// TestNamesAndUnitsAreByTheConventions asks Prometheus's own linter.
func TestNamesAndUnitsAreByTheConventions(t *testing.T) {
	t.Parallel()
	golden, err := os.Open("testdata/metrics.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer golden.Close()
	problems, err := promlint.New(golden).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestWhatTheStoreDoesNotSayIsLeftOut(t *testing.T) {
	t.Parallel()
	l, now := open(t, false), well()
	now.StoreErr = errors.New("away")
	l.Show(func(context.Context) watch.State { return now })
	_, body := get(t, l, "/metrics")
	if !strings.Contains(body, "\nassumebot_redis_up 0\n") || strings.Contains(body, "\nassumebot_tasks_due ") {
		t.Errorf("got %s, want that Redis is away, and no count of what is due", body)
	}
}

// TestAFileOfSealKeysThatIsRefusedIsSeen, and nothing is said of one that there is not.
func TestAFileOfSealKeysThatIsRefusedIsSeen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		seals *watch.SealKeys
		want  string
	}{
		"refused":     {&watch.SealKeys{Read: time.Unix(1_700_000_000, 0), Refused: true}, "\nassumebot_seal_keys_last_reload_successful 0\n"},
		"used":        {&watch.SealKeys{Read: time.Unix(1_700_000_000, 0)}, "\nassumebot_seal_keys_last_reload_successful 1\n"},
		"not in file": {nil, ""},
	} {
		l, now := open(t, false), well()
		now.SealKeys = c.seals
		l.Show(func(context.Context) watch.State { return now })
		_, body := get(t, l, "/metrics")
		if !strings.Contains(body, c.want) || strings.Contains(body, "assumebot_seal_keys") != (c.seals != nil) {
			t.Errorf("%s: got %s, want %q", name, body, c.want)
		}
		if c.seals != nil && !strings.Contains(body, "assumebot_seal_keys_last_reload_success_timestamp_seconds 1.7e+09\n") {
			t.Errorf("%s: got %s, want when the keys were read", name, body)
		}
	}
}
