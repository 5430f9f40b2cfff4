package e2e

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestWhatCONTRIBUTINGNamesIsThere: a file without its folder is in that of the file
// named before it in the same row or item, and "…" stands for the rest of a name.
func TestWhatCONTRIBUTINGNamesIsThere(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..", "..")
	guide, err := os.ReadFile(filepath.Join(root, ".github", "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	named, dir := 0, ""
	for _, line := range strings.Split(string(guide), "\n") {
		if line == "" || line[0] == '|' || line[0] == '-' {
			dir = ""
		}
		for _, found := range regexp.MustCompile("`([a-z_]+(?:/[a-z_]+)*/?(?:…|[a-z0-9_]*\\.go|[a-z_]+…))`").FindAllStringSubmatch(line, -1) {
			name := strings.ReplaceAll(found[1], "…", "*")
			if strings.Contains(name, "/") {
				dir = path.Dir(name)
			} else {
				name = path.Join(dir, name)
			}
			files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(name)))
			if err != nil || len(files) == 0 {
				t.Errorf("%s is named and is not there: %s", name, line)
			}
			named++
		}
	}
	if named < 60 {
		t.Errorf("got %d names of files, want those of the whole map", named)
	}
}

// TestEachDependencyThatIsAskedForHasAReason: and none is listed that is gone.
func TestEachDependencyThatIsAskedForHasAReason(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..", "..")
	gomod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllStringSubmatch(string(gomod), -1) {
		asked[m[1]] = true
	}
	if len(asked) < 20 {
		t.Fatalf("got %d modules in go.mod, want all that are asked for", len(asked))
	}
	page, err := os.ReadFile(filepath.Join(root, ".github", "DEPENDENCIES.md"))
	if err != nil {
		t.Fatal(err)
	}
	reasons, _, _ := strings.Cut(string(page), "## Linked")
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\S+)` \\| (.*) \\|$").FindAllStringSubmatch(reasons, -1) {
		if !asked[m[1]] {
			t.Errorf("%s is listed, and go.mod does not ask for it", m[1])
		}
		if len(m[2]) < 10 {
			t.Errorf("%s is for %q, want a reason", m[1], m[2])
		}
		delete(asked, m[1])
	}
	for module := range asked {
		t.Errorf("%s has no reason in .github/DEPENDENCIES.md", module)
	}
}
