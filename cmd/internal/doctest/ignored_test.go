package doctest

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What install.md has somebody write into a clone holds keys, and the seed of a device:
// none of it may go into a commit or an image by `add .` or `COPY .`.
func TestWhatInstallWritesIsIgnored(t *testing.T) {
	install := read(t, "deploy/docs/install.md", contents(t, "deploy/docs/install.md"))
	var written []string
	for _, b := range install.blocks {
		for _, m := range regexp.MustCompile(`(?m)>([a-z_.]+)\)?$|--outfile ([a-z.]+)|^wrote ([a-z./-]+)$`).FindAllStringSubmatch(b.text, -1) {
			written = append(written, m[1]+m[2]+m[3])
		}
	}
	for _, must := range []string{"seal_keys", "record_key", "alice.png", "assumebot.yaml", "iam/role-trust-policy.json"} {
		if !slices.Contains(written, must) {
			t.Errorf("install.md writes %v, want %s among it", written, must)
		}
	}
	for file, anchor := range map[string]string{".gitignore": "/", "deploy/Dockerfile.dockerignore": ""} {
		for _, name := range written {
			ignored := slices.ContainsFunc(strings.Split(contents(t, file), "\n"), func(line string) bool {
				pattern, anchored := strings.CutPrefix(strings.TrimSuffix(line, "/"), anchor)
				top, _, _ := strings.Cut(name, "/")
				matches, err := path.Match(pattern, top)
				return anchored && err == nil && matches
			})
			if !ignored {
				t.Errorf("%s: %s is not ignored", file, name)
			}
		}
	}
}

func contents(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
