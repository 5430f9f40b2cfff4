package doctest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// root is the top of the repository.
var root = filepath.Join("..", "..", "..")

// A block is a fenced one.
type block struct {
	guide string // the path of its file, from the top of the repository
	line  int    // of its first line, from 1
	kind  string // its info string
	text  string
}

// A guide is one file that people read.
type guide struct {
	path    string // from the top of the repository
	text    string
	prose   string // the text without its fenced blocks
	blocks  []block
	anchors map[string]bool
}

// guides are README and all of deploy/docs.
func guides(t *testing.T) []guide {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, "deploy", "docs", "*.md"))
	if err != nil || len(paths) < 8 {
		t.Fatalf("got %d guides and %v, want all of deploy/docs", len(paths), err)
	}
	var all []guide
	for _, path := range append([]string{filepath.Join(root, "README.md")}, paths...) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, read(t, filepath.ToSlash(name), string(data)))
	}
	return all
}

// read takes a guide apart.
func read(t *testing.T, path, text string) guide {
	t.Helper()
	g := guide{path: path, text: text, anchors: map[string]bool{}}
	var prose strings.Builder
	var open *block
	for i, line := range strings.Split(text, "\n") {
		fence := strings.HasPrefix(strings.TrimLeft(line, " "), "```")
		switch {
		case fence && open == nil:
			open = &block{guide: path, line: i + 2, kind: strings.TrimSpace(strings.TrimLeft(line, " `"))}
		case fence:
			g.blocks = append(g.blocks, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		default:
			prose.WriteString(line + "\n")
			if heading := regexp.MustCompile(`^#+ (.*)$`).FindStringSubmatch(line); heading != nil {
				g.anchors[anchor(heading[1])] = true
			}
		}
	}
	if open != nil {
		t.Errorf("%s:%d: a block that never ends", path, open.line)
	}
	g.prose = prose.String()
	return g
}

// anchor is what GitHub calls a heading.
func anchor(heading string) string {
	kept := regexp.MustCompile(`[^\p{L}\p{N}_ -]`).ReplaceAllString(strings.ToLower(heading), "")
	return strings.ReplaceAll(kept, " ", "-")
}

// of are the blocks of one kind.
func of(t *testing.T, kind string) []block {
	t.Helper()
	var some []block
	for _, g := range guides(t) {
		for _, b := range g.blocks {
			if b.kind == kind {
				some = append(some, b)
			}
		}
	}
	return some
}

func TestEveryBlockIsReadBySomebody(t *testing.T) {
	t.Parallel()
	known := map[string]bool{"sh": true, "sh untested": true, "console": true, "slack": true, "yaml": true, "redis": true}
	for _, g := range guides(t) {
		for _, b := range g.blocks {
			if !known[b.kind] {
				t.Errorf("%s:%d: a block of kind %q, which no test reads: say what it is", b.guide, b.line, b.kind)
			}
		}
	}
}

func TestTheREADMEIsOnePage(t *testing.T) {
	t.Parallel()
	readme := guides(t)[0]
	if got, most := len(readme.text), 10*1024; got > most {
		t.Errorf("README.md: got %d bytes, want at most %d: the rest belongs in deploy/docs", got, most)
	}
	if got, want := commands(readme.blocks[0].text), []string{"go run ./cmd/demo", "go test ./..."}; strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the README's first commands: got %q, want %q", got, want)
	}
}

var link = regexp.MustCompile(`\[(?:[^][]|\[[^][]*\])*\]\(([^)\s]+)\)`)

func TestEveryLinkLeadsSomewhere(t *testing.T) {
	t.Parallel()
	byPath := map[string]guide{}
	all := guides(t)
	for _, name := range []string{".github/CONTRIBUTING.md", ".github/SECURITY.md"} {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, read(t, name, string(data)))
	}
	for _, g := range all {
		byPath[g.path] = g
	}
	followed := 0
	for _, g := range all {
		for _, found := range link.FindAllStringSubmatch(g.prose, -1) {
			if strings.Contains(found[1], "://") || strings.HasPrefix(found[1], "mailto:") {
				continue
			}
			followed++
			to, fragment, _ := strings.Cut(found[1], "#")
			path := g.path
			if to != "" {
				path = filepath.ToSlash(filepath.Join(filepath.Dir(g.path), to))
			}
			if _, err := os.Stat(filepath.Join(root, path)); err != nil {
				t.Errorf("%s: the link to %s leads nowhere", g.path, found[1])
			} else if fragment != "" && !byPath[path].anchors[fragment] {
				t.Errorf("%s: %s has no heading for the link to %s", g.path, path, found[1])
			}
		}
	}
	if followed < 50 {
		t.Errorf("got %d links, want those of all guides", followed)
	}
}

func TestTheThreatModelNamesATestForEachLine(t *testing.T) {
	t.Parallel()
	model, err := os.ReadFile(filepath.Join(root, "deploy", "docs", "threat-model.md"))
	if err != nil {
		t.Fatal(err)
	}
	held := 0
	for heading, begin := range map[string]string{"Who trusts whom": "- ", "What each compromise yields": "| ", "What is not defended": "- "} {
		_, section, _ := strings.Cut(string(model), "\n## "+heading+"\n")
		section, _, _ = strings.Cut(section, "\n## ")
		for i, line := range strings.Split("\n"+strings.ReplaceAll(section, "\n  ", " "), "\n"+begin) {
			if i == 0 || strings.HasPrefix(line, "a thief has") {
				continue
			}
			held++
			if !strings.Contains(line, "`Test") {
				t.Errorf("%s: no test for: %.80s", heading, line)
			}
		}
	}
	if held < 40 {
		t.Errorf("got %d lines of the threat model, want all of it", held)
	}
}

// TestEveryTestThatAGuideNamesIsThere is what the threat model rests on.
func TestEveryTestThatAGuideNamesIsThere(t *testing.T) {
	t.Parallel()
	there := map[string]bool{}
	for _, dir := range []string{"cmd", "bot", "broker", "store", ".ci"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, _ os.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			data, err := os.ReadFile(path)
			for _, found := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllSubmatch(data, -1) {
				there[string(found[1])] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	named := 0
	for _, g := range guides(t) {
		for _, found := range regexp.MustCompile(`\bTest[A-Z]\w+`).FindAllString(g.text, -1) {
			named++
			if !there[found] {
				t.Errorf("%s names %s, and there is no such test", g.path, found)
			}
		}
	}
	if named < 60 {
		t.Errorf("got %d names of tests, want those of the whole threat model", named)
	}
}
