package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestWhatRunsItEveryDayIsUnderstood: the command lines of the shipped unit and job.
func TestWhatRunsItEveryDayIsUnderstood(t *testing.T) {
	for path, line := range map[string]*regexp.Regexp{
		"../../deploy/systemd/assumebot-reconcile.service": regexp.MustCompile(`(?m)^ExecStart=/usr/local/bin/assumebot (.*)$`),
		"../../deploy/cloudtrail/cronjob.yaml":             regexp.MustCompile(`(?m)^ +args: \[(.*)\]$`),
	} {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		found := line.FindSubmatch(data)
		if found == nil {
			t.Fatalf("%s: no command", path)
		}
		args := strings.Fields(strings.NewReplacer(",", " ", `"`, "").Replace(string(found[1])))
		c, rest, err := newRoot(t.Context(), func(string) string { return "" }).Find(args)
		if err != nil || c.Name() != "reconcile" {
			t.Fatalf("%s: got %v, %v", path, c.CommandPath(), err)
		}
		if err := c.ParseFlags(rest); err != nil || c.Flags().NArg() > 0 {
			t.Errorf("%s: got %v, %q left", path, err, c.Flags().Args())
		}
		for _, flag := range []string{"cloudtrail", "redis", "since", "post", "attach"} {
			if !c.Flags().Changed(flag) {
				t.Errorf("%s: no --%s", path, flag)
			}
		}
	}
}
