package config

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestProblemsOnTheRecordAreBounded(t *testing.T) {
	_, err := parse(goodSlack+goodUsers+goodAccount+strings.Repeat("zzzz: 1\n", 60), nil)
	var problems Problems
	if !errors.As(err, &problems) {
		t.Fatal(err)
	}
	problems[0].Message = strings.Repeat("ä\u202e", 400)
	got, more := problems.Recorded()
	if len(got) != maxRecorded || more != len(problems)-maxRecorded || more <= 0 {
		t.Errorf("got %d and %d more, want %d of %d", len(got), more, maxRecorded, len(problems))
	}
	if words := got[0].Words.String(); len([]rune(words)) != maxRecordedRunes || strings.Contains(words, "\u202e") || got[0].Line != problems[0].Line {
		t.Errorf("got %d characters, %q at line %d", len([]rune(words)), words, got[0].Line)
	}
}

func TestReplicasAgreeOnTheDigestOfTheSameFiles(t *testing.T) {
	var digests []string
	for range 2 {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "config.yaml"), account(roleAccount+"session_policy: p.json"))
		digests = append(digests, Read(filepath.Join(dir, "config.yaml")).Digest)
		for _, policy := range []string{`{"Statement": []}`, `{"Statement": {}}`} { // as long
			write(t, filepath.Join(dir, "p.json"), policy)
			digests = append(digests, Read(filepath.Join(dir, "config.yaml")).Digest)
		}
	}
	if !slices.Equal(digests[:3], digests[3:]) || digests[0] == digests[1] || digests[1] == digests[2] || digests[0] == digests[2] {
		t.Errorf("got %q, want three that are each the same in both places", digests)
	}
}

// TestAFileIsReadAgainWhereItDoesNotLookAsItDid, and where it is so young that it may look
// the same.
func TestAFileIsReadAgainWhereItDoesNotLookAsItDid(t *testing.T) {
	const first, second = "contact: one\n", "contact: two\n" // as long
	long := time.Now().Add(-time.Hour)
	for _, test := range []struct {
		name string
		at   time.Time // of the file, as it is read first
		does func(t *testing.T, path string)
		want bool
	}{
		{"nothing", long, func(*testing.T, string) {}, false},
		{"touched", long, func(t *testing.T, path string) { touch(t, path, time.Now()) }, false},
		{"written", long, func(t *testing.T, path string) { write(t, path, second) }, true},
		{"of the same time, elsewhere", long, func(t *testing.T, path string) {
			write(t, path+".new", second)
			touch(t, path+".new", long)
			if err := os.Rename(path+".new", path); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"gone", long, func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"of the same time, and young", time.Now(), func(t *testing.T, path string) { // a coarse clock
			look, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			write(t, path, second)
			touch(t, path, look.ModTime())
		}, true},
		{"of the same time, and old", long, func(t *testing.T, path string) {
			write(t, path, second)
			touch(t, path, long)
		}, false}, // which shows that it is not read
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "config.yaml")
			write(t, path, first)
			touch(t, path, test.at)
			r := Read(path)
			test.does(t, path)
			for range 2 {
				if got := r.Stale(); got != test.want {
					t.Errorf("got stale %t, want %t", got, test.want)
				}
			}
			r.files.at = r.files.at.Add(-lookedAt) // a minute on everything is read
			if got, want := r.Stale(), Read(path).Digest != r.Digest; got != want {
				t.Errorf("a minute later: got stale %t, want %t", got, want)
			}
		})
	}
}

func touch(t *testing.T, path string, at time.Time) {
	t.Helper()
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}
