package telemetry

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const monitoring = "../../../deploy/monitoring/"

// promtool is that of Debian's package prometheus.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("promtool"); err != nil {
		if os.Getenv("ASSUMEBOT_REQUIRE_PROMTOOL") == "1" {
			t.Fatal("promtool is not installed, and ASSUMEBOT_REQUIRE_PROMTOOL=1 demands it")
		}
		t.Skip("promtool is not installed: it comes with Prometheus")
	}
	if out, err := exec.CommandContext(t.Context(), "promtool", args...).CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func TestAlertsComeWhenTheyShouldAndNotElse(t *testing.T) {
	t.Parallel()
	promtool(t, "check", "rules", monitoring+"alerts.yaml")
	promtool(t, "test", "rules", monitoring+"alerts_test.yaml")
}

func TestEachAlertHasATestThatItComes(t *testing.T) {
	t.Parallel()
	rules, tests := read(t, "alerts.yaml"), read(t, "alerts_test.yaml")
	names := regexp.MustCompile(`- alert: (\w+)`).FindAllStringSubmatch(rules, -1)
	if len(names) == 0 {
		t.Fatal("found no alert")
	}
	for _, name := range names {
		if !strings.Contains(tests, "alertname: "+name[1]+"\n        exp_alerts:\n          - exp_labels:") {
			t.Errorf("%s: no test has it come", name[1])
		}
		if !strings.Contains(tests, "alertname: "+name[1]+", exp_alerts: []") {
			t.Errorf("%s: no test has it stay away", name[1])
		}
	}
}

// TestTheDashboardAsksForWhatThereIs also has promtool read each expression.
func TestTheDashboardAsksForWhatThereIs(t *testing.T) {
	t.Parallel()
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, "dashboard.json")), &board); err != nil {
		t.Fatal(err)
	}
	rules := "groups:\n- name: dashboard\n  rules:\n"
	for _, p := range board.Panels {
		for i, target := range p.Targets {
			expr := strings.NewReplacer("$__rate_interval", "5m", "$job", "assumebot").Replace(target.Expr)
			rules += fmt.Sprintf("  - {record: 'panel:%s:%d', expr: %q}\n", regexp.MustCompile(`\W`).ReplaceAllString(p.Title, "_"), i, expr)
		}
	}
	if strings.Count(rules, "record:") < 10 {
		t.Fatalf("got %s, want the expressions of all panels", rules)
	}
	path := filepath.Join(t.TempDir(), "dashboard.yaml")
	if err := os.WriteFile(path, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "rules", path)
}

// TestDashboardAndAlertsNameMetricsThatExist needs no promtool.
func TestDashboardAndAlertsNameMetricsThatExist(t *testing.T) {
	t.Parallel()
	golden, err := os.ReadFile("testdata/metrics.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"dashboard.json", "alerts.yaml", "alerts_test.yaml"} {
		found := regexp.MustCompile(`assumebot_[a-z_]+`).FindAllString(read(t, name), -1)
		if len(found) == 0 {
			t.Errorf("%s names no metric", name)
		}
		for _, metric := range found {
			base := regexp.MustCompile(`_(bucket|count|sum)$`).ReplaceAllString(metric, "")
			if !strings.Contains(string(golden), "# TYPE "+base+" ") {
				t.Errorf("%s names %s, which is not there", name, metric)
			}
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(monitoring + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
