package app

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTheReferenceHasEveryVariable holds the table of config.md to what is read.
func TestTheReferenceHasEveryVariable(t *testing.T) {
	env, read := goodEnvironment(), map[string]bool{}
	for _, url := range []string{"rediss://redis.example:6380", ""} {
		for _, region := range []string{"eu-west-1", ""} {
			env["REDIS_URL"], env["AWS_REGION"] = url, region
			_, _ = ReadSettings(func(name string) string { read[name] = true; return env[name] })
		}
	}
	maps.DeleteFunc(read, func(name string, _ bool) bool {
		return strings.HasPrefix(name, "AWS_ENDPOINT_URL_") && name != "AWS_ENDPOINT_URL_STS"
	})

	text, err := os.ReadFile("../../../deploy/docs/config.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(text), "\n## Environment\n")
	if !ok {
		t.Fatal("config.md has no section Environment")
	}
	written := map[string]bool{}
	for line := range strings.Lines(table) {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		first := strings.Split(line, " | ")[0]
		for _, m := range regexp.MustCompile("`([A-Z_]+)`( \\\\\\*)?").FindAllStringSubmatch(first, -1) {
			if written[m[1]] = true; m[2] != "" {
				written[m[1]+"_FILE"] = true
			}
		}
	}
	for _, name := range []string{"NAME_AWS_ACCESS_KEY_ID", "NAME_AWS_SECRET_ACCESS_KEY"} { // read by the name that a config gives
		read[name], read[name+"_FILE"] = true, true
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(read)), slices.Sorted(maps.Keys(written))); diff != "" {
		t.Errorf("variables (-read +written):\n%s", diff)
	}
}
