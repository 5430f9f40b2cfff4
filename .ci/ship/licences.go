package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// allowed are the licences under which others' code may be linked: those that ask for
// no more than their text and the names of the authors.
var allowed = map[string]bool{"Apache-2.0": true, "BSD-2-Clause": true, "BSD-3-Clause": true, "BSL-1.0": true, "ISC": true, "MIT": true, "Unlicense": true}

// targets are what the program is released for.
var targets = []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64", "windows/arm64"}

// A module is one that is linked, for one target at least.
type module struct {
	path, version, dir string
	packages           map[string]bool // their directories
}

// A notice is a file of a licence, or what goes with one.
type notice struct {
	name string // within its module
	kind string // SPDX; of a file that only names authors: empty
	text []byte
}

// writeLicences prints the licences of all that ./cmd/assumebot of dir links: whole, or
// their names as a table. With check it prints nothing, and fails where that file says
// something else. A licence that is not known, or not allowed, is an error.
func writeLicences(dir, check string, table bool, stdout io.Writer) error {
	modules, err := linked(dir)
	if err != nil {
		return err
	}
	text, err := licencesOf(modules, table)
	if err != nil {
		return err
	}
	if check == "" {
		_, err = stdout.Write(text)
		return err
	}
	said, err := os.ReadFile(check)
	if err != nil {
		return err
	}
	if !bytes.Contains(said, text) {
		return fmt.Errorf("%s does not list what is linked now: put in the output of `ship licences -table`", check)
	}
	_, err = fmt.Fprintf(stdout, "%d modules, all with a licence that is known and allowed\n", len(modules))
	return err
}

// linked asks Go which packages are in the program.
func linked(dir string) ([]module, error) {
	modules := map[string]module{}
	for _, target := range targets {
		system, arch, _ := strings.Cut(target, "/")
		list := exec.Command("go", "list", "-deps", "-tags", "grpcnotrace", "-json=Dir,Standard,Module", "./cmd/assumebot")
		list.Dir, list.Stderr = dir, os.Stderr
		list.Env = append(os.Environ(), "GOOS="+system, "GOARCH="+arch, "CGO_ENABLED=0")
		out, err := list.Output()
		if err != nil {
			return nil, fmt.Errorf("go list for %s: %w", target, err)
		}
		if err := addPackages(modules, out); err != nil {
			return nil, err
		}
	}
	sorted := slices.Collect(maps.Values(modules))
	slices.SortFunc(sorted, func(a, b module) int { return cmp.Compare(a.path, b.path) })
	return sorted, nil
}

func addPackages(modules map[string]module, list []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(list))
	for {
		var p struct {
			Dir      string
			Standard bool
			Module   *struct {
				Path, Version, Dir string
				Main               bool
				Replace            *struct{}
			}
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		switch {
		case p.Standard:
			goroot, err := exec.Command("go", "env", "GOROOT").Output()
			if err != nil {
				return err
			}
			if _, ok := modules["std"]; !ok {
				dir := strings.TrimSpace(string(goroot))
				modules["std"] = module{path: "Go's standard library", version: runtime.Version(), dir: dir, packages: map[string]bool{dir: true}}
			}
		case p.Module == nil:
			return fmt.Errorf("%s is of no module", p.Dir)
		case p.Module.Replace != nil:
			return fmt.Errorf("%s is replaced: which licence counts is not known", p.Module.Path)
		case !p.Module.Main:
			m, ok := modules[p.Module.Path]
			if !ok {
				m = module{path: p.Module.Path, version: p.Module.Version, dir: p.Module.Dir, packages: map[string]bool{}}
				modules[m.path] = m
			}
			m.packages[p.Dir] = true
		}
	}
}

// licencesOf is what is printed of modules.
func licencesOf(modules []module, table bool) ([]byte, error) {
	var out bytes.Buffer
	var problems []error
	if table {
		out.WriteString("| module | licence |\n|---|---|\n")
	} else {
		out.WriteString("assumebot has these in it, by others, under these licences.\n")
	}
	for _, m := range modules {
		notices, err := noticesOf(m)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		kinds := map[string]bool{}
		for _, n := range notices {
			if n.kind != "" {
				kinds[n.kind] = true
			}
		}
		names := strings.Join(slices.Sorted(maps.Keys(kinds)), ", ")
		if table {
			fmt.Fprintf(&out, "| `%s` | %s |\n", m.path, names)
			continue
		}
		fmt.Fprintf(&out, "\n%s\n%s %s (%s)\n", strings.Repeat("=", 78), m.path, m.version, names)
		for _, n := range notices {
			fmt.Fprintf(&out, "\n--- %s\n\n%s\n", n.name, bytes.TrimSpace(bytes.ReplaceAll(n.text, []byte("\r\n"), []byte("\n"))))
		}
	}
	return out.Bytes(), errors.Join(problems...)
}

// noticesOf has what lies beside the packages of m that are linked, and above them.
func noticesOf(m module) ([]notice, error) {
	dirs := map[string]bool{}
	for dir := range m.packages {
		for ; len(dir) >= len(m.dir); dir = filepath.Dir(dir) {
			dirs[dir] = true
		}
	}
	var all []notice
	known := false
	for _, dir := range slices.Sorted(maps.Keys(dirs)) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if !isNotice(e.Name()) || !e.Type().IsRegular() {
				continue
			}
			text, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				return nil, err
			}
			name, err := filepath.Rel(m.dir, filepath.Join(dir, e.Name()))
			if err != nil {
				return nil, err
			}
			kind, err := classify(e.Name(), text)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", m.path, name, err)
			}
			known = known || kind != ""
			all = append(all, notice{filepath.ToSlash(name), kind, text})
		}
	}
	if !known {
		return nil, fmt.Errorf("%s has no licence", m.path)
	}
	return all, nil
}

func isNotice(name string) bool {
	stem, ext, _ := strings.Cut(strings.ToUpper(name), ".")
	if ext == "GO" || ext == "SPDX" {
		return false
	}
	for _, prefix := range []string{"LICENSE", "LICENCE", "COPYING", "NOTICE", "PATENTS"} {
		if stem == prefix || strings.HasPrefix(stem, prefix+"-") || strings.HasPrefix(stem, prefix+"_") {
			return true
		}
	}
	return false
}

// classify is the licence of a text, most of which must be of licences that are allowed.
func classify(name string, text []byte) (string, error) {
	upper := strings.ToUpper(name)
	if strings.HasPrefix(upper, "NOTICE") || strings.HasPrefix(upper, "PATENTS") {
		return "", nil
	}
	covered := licensecheck.Scan(text)
	kinds := map[string]bool{}
	for _, match := range covered.Match {
		if match.IsURL {
			continue
		}
		if !allowed[match.ID] {
			return "", fmt.Errorf("%s is not among the licences that are allowed", match.ID)
		}
		kinds[match.ID] = true
	}
	if len(kinds) == 0 || covered.Percent < 75 {
		return "", fmt.Errorf("the licence is not known: %.0f%% of the text is", covered.Percent)
	}
	return strings.Join(slices.Sorted(maps.Keys(kinds)), ", "), nil
}
