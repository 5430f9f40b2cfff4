package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

const gpl = `This program is free software: you can redistribute it and/or modify
it under the terms of the GNU General Public License as published by
the Free Software Foundation, either version 3 of the License, or
(at your option) any later version.

This program is distributed in the hope that it will be useful,
but WITHOUT ANY WARRANTY; without even the implied warranty of
MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
GNU General Public License for more details.

You should have received a copy of the GNU General Public License
along with this program.  If not, see <https://www.gnu.org/licenses/>.
`

// lib is a module with these files, whose package sub/pkg is linked.
func lib(t *testing.T, files map[string]string) module {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	linked := filepath.Join(dir, "sub", "pkg")
	if err := os.MkdirAll(linked, 0o755); err != nil {
		t.Fatal(err)
	}
	return module{path: "example.com/lib", version: "v1.2.3", dir: dir, packages: map[string]bool{linked: true}}
}

const isc = `Permission to use, copy, modify, and/or distribute this software for any
purpose with or without fee is hereby granted, provided that the above
copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH
REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF MERCHANTABILITY
AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT,
INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM
LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR
OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR
PERFORMANCE OF THIS SOFTWARE.
`

func TestLicencesOfWhatIsLinkedAreListedWithTheirText(t *testing.T) {
	t.Parallel()
	m := lib(t, map[string]string{
		"LICENSE": isc, "NOTICE": "By alice.\n", "sub/pkg/COPYING": isc, "unused/LICENSE": "Pay me.", "sub/license.go": "package sub\n",
	})
	text, err := licencesOf([]module{m}, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"example.com/lib v1.2.3 (ISC)", "--- LICENSE", "Permission to use", "--- NOTICE\n\nBy alice.", "--- sub/pkg/COPYING"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("got %s\nwant %q in it", text, want)
		}
	}
	if strings.Contains(string(text), "Pay me") {
		t.Error("got the licence of a package that is not linked")
	}
	table, err := licencesOf([]module{m}, true)
	if want := "| `example.com/lib` | ISC |\n"; err != nil || !strings.HasSuffix(string(table), want) {
		t.Errorf("got %q, %v, want %q", table, err, want)
	}
}

func TestALicenceThatIsMissingUnknownOrNotAllowedIsAnError(t *testing.T) {
	t.Parallel()
	for want, files := range map[string]map[string]string{
		"example.com/lib has no licence":        {"README": "free"},
		"LICENSE: the licence is not known":     {"LICENSE": "You owe me a drink."},
		"is not among the licences":             {"LICENSE": gpl},
		"sub/LICENSE: the licence is not known": {"LICENSE": isc, "sub/LICENSE": "Pay me."},
		"LICENSE: the licence is not known: ":   {"LICENSE": isc + strings.Repeat("But on Mondays you may not use it at all.\n", 100)},
		"lib has no licence":                    {"NOTICE": "By alice.", "LICENSE.go": "package lib"},
	} {
		if _, err := licencesOf([]module{lib(t, files)}, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestAReplacedModuleIsAnError(t *testing.T) {
	t.Parallel()
	err := addPackages(map[string]module{}, []byte(`{"Dir": "/x", "Module": {"Path": "example.com/lib", "Replace": {}}}`))
	if err == nil || !strings.Contains(err.Error(), "example.com/lib is replaced") {
		t.Errorf("got %v", err)
	}
}

func TestTheStandardLibraryIsListedToo(t *testing.T) {
	t.Parallel()
	dir, err := checkout()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := writeLicences(dir, "", false, &out); err != nil {
		t.Fatal(err)
	}
	if want := "Go's standard library " + runtime.Version() + " (BSD-3-Clause)"; !strings.Contains(out.String(), want) {
		t.Errorf("got %s\nwant %q in it", out.String(), want)
	}
	listed := filepath.Join(t.TempDir(), "list.md")
	if err := os.WriteFile(listed, []byte("nothing"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := writeLicences(dir, listed, true, &out); err == nil || !strings.Contains(err.Error(), "does not list what is linked now") {
		t.Errorf("of a list without it: got %v", err)
	}
}
