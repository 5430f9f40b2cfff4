package chart

import (
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/chart/v2/lint"
	"helm.sh/helm/v4/pkg/chart/v2/lint/support"
)

// TestHelmLintFindsNothing: of the chart as it is, and with each of the matrix.
func TestHelmLintFindsNothing(t *testing.T) {
	linted := func(vals map[string]any) {
		for _, m := range lint.RunAll(chartDir, vals, "bots").Messages {
			if m.Severity > support.InfoSev {
				t.Errorf("%s: %v", m.Path, m.Err)
			}
		}
	}
	linted(nil)
	for _, text := range matrix {
		linted(values(t, text))
	}
}

func TestHelmLintSeesWhatIsWrong(t *testing.T) {
	got := lint.RunAll(chartDir, map[string]any{"replica": 3}, "bots")
	if got.HighestSeverity < support.ErrorSev {
		t.Errorf("got %v, want an unknown value told", got.Messages)
	}
}

func TestTheNotesSayWhatToDoNext(t *testing.T) {
	for name, want := range map[string][]string{
		"the least":                {"open 9 of Slack's 10 sockets", "rollout status deployment/assumebot", "-- /assumebot check --live"},
		"Pod Identity":             {"aws eks create-pod-identity-association", "--namespace bots --service-account assumebot"},
		"a ConfigMap of one's own": {"rollout restart deployment/assumebot"},
	} {
		files, err := rendered(t, "assumebot", values(t, matrix[name]))
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if got := files["assumebot/templates/NOTES.txt"]; !strings.Contains(got, w) {
				t.Errorf("%s: got notes\n%s\nwant %q", name, got, w)
			}
		}
	}
}
