package config

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
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
