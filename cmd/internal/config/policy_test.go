package config

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/assumebot/assumebot/broker/policy"
)

// TestPolicyDecides holds policy to the tables in testdata/policy: for each a
// config, who is in which user group, and a line for each Request with the
// Decision and the rule that is to make it.
func TestPolicyDecides(t *testing.T) {
	tables, err := filepath.Glob("testdata/policy/*.txtar")
	if err != nil || len(tables) == 0 {
		t.Fatalf("no tables: %v", err)
	}
	for _, path := range tables {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			table, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			parts := map[string]string{}
			for _, f := range table.Files {
				parts[f.Name] = string(f.Data)
			}
			cfg := mustParse(t, parts["config.yaml"], nil)
			members := membership(t, parts["groups"])
			decided := 0
			for line := range strings.Lines(parts["requests"]) {
				if strings.TrimSpace(line) == "" {
					continue
				}
				decided++
				fields := strings.Split(line, "|")
				if len(fields) != 5 {
					t.Fatalf("%q: want five columns", line)
				}
				for i := range fields {
					fields[i] = strings.TrimSpace(fields[i])
				}
				ask, at := asked(t, fields[0], fields[1], fields[2])
				d := policy.Decide(&cfg.Broker, members, ask, at)
				if got, want := fmt.Sprintf("%s | %s", d.Effect, d.Rule), fields[3]+" | "+fields[4]; got != want {
					t.Errorf("%s\ngot  %s\nwant %s", strings.TrimSpace(line), got, want)
				}
				if (d.Effect == policy.Deny) != (d.Why != "") {
					t.Errorf("%s: got why %q with %s", strings.TrimSpace(line), d.Why, d.Effect)
				}
			}
			if decided == 0 {
				t.Error("the table holds no request")
			}
		})
	}
}

// membership reads "S01: U01 U02" lines; "unknown" is none at all.
func membership(t *testing.T, text string) policy.Membership {
	t.Helper()
	if strings.TrimSpace(text) == "unknown" {
		return nil
	}
	m := policy.Membership{}
	for line := range strings.Lines(text) {
		if group, members, ok := strings.Cut(line, ":"); ok {
			m[strings.TrimSpace(group)] = strings.Fields(members)
		} else if strings.TrimSpace(line) != "" {
			t.Fatalf("groups: %q", line)
		}
	}
	return m
}

// asked reads for=2h channel=C0OPS reason=INC-1 break-glass at=….
func asked(t *testing.T, user, account, words string) (policy.Ask, time.Time) {
	t.Helper()
	ask := policy.Ask{Account: account, User: user}
	at := time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)
	for word := range strings.FieldsSeq(words) {
		key, value, _ := strings.Cut(word, "=")
		var err error
		switch key {
		case "for":
			ask.Duration, err = time.ParseDuration(value)
		case "at":
			at, err = time.Parse(time.RFC3339, value)
		case "channel":
			ask.Channel = value
		case "reason":
			ask.Reason = value
		case "break-glass":
			ask.BreakGlass = true
		default:
			err = fmt.Errorf("unknown word")
		}
		if err != nil {
			t.Fatalf("%q: %v", word, err)
		}
	}
	return ask, at
}
