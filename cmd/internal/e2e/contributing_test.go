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
