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
	got := problems.Recorded()
	if len(got) != maxRecorded+1 || !strings.HasPrefix(got[maxRecorded], "and ") {
		t.Errorf("got %d lines, the last %q, want %d and one that counts the rest", len(got), got[len(got)-1], maxRecorded)
	}
	if n := len([]rune(got[0])); n != maxRecordedRunes || strings.Contains(got[0], "\u202e") {
		t.Errorf("got %d characters, %q", n, got[0])
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
