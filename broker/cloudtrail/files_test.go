package cloudtrail_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/cloudtrail"
)

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// found are the names of the files, each with a colon and the reason why it was not opened.
func found(t *testing.T, path string, since time.Time) []string {
	t.Helper()
	var names []string
	err := cloudtrail.Files(path).Each(context.Background(), since, func(name string, r io.Reader, err error) error {
		name = strings.TrimPrefix(strings.TrimPrefix(name, path), "/")
		if err != nil {
			name += ": " + err.Error()
		} else if _, err := io.ReadAll(r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		names = append(names, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

// TestFindsTheLogFilesOfATrail: of an organization's, too, and nothing else.
func TestFindsTheLogFilesOfATrail(t *testing.T) {
	dir := t.TempDir()
	const one = "AWSLogs/111111111111/CloudTrail/eu-west-1/2026/11/25/111111111111_CloudTrail_eu-west-1_20261125T1510Z_Mu0KsOhtH1ar15ZZ.json.gz"
	const other = "AWSLogs/o-abcd/222222222222/CloudTrail/us-east-1/2026/11/20/222222222222_CloudTrail_us-east-1_20261120T0000Z_Mu0KsOhtH1ar15ZZ.json.gz"
	for _, path := range []string{
		one, other, "plain.json", "readme.txt", "vpcflow.log.gz",
		"AWSLogs/111111111111/CloudTrail-Digest/eu-west-1/2026/11/25/111111111111_CloudTrail-Digest_eu-west-1_t_eu-west-1_20261125T1510Z.json.gz",
		"AWSLogs/111111111111/CloudTrail-Insight/eu-west-1/2026/11/25/111111111111_CloudTrail-Insight_eu-west-1_20261125T1510Z_x.json.gz",
	} {
		write(t, filepath.Join(dir, path), nil)
	}
	if got, want := found(t, dir, time.Time{}), []string{one, other, "plain.json"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	since := time.Date(2026, 11, 21, 0, 0, 1, 0, time.UTC)
	if got, want := found(t, dir, since), []string{one, "plain.json"}; !slices.Equal(got, want) {
		t.Errorf("since %s: got %q, want %q", since, got, want)
	}
	if got, want := found(t, dir, since.Add(-time.Second)), 3; len(got) != want {
		t.Errorf("got %q, want %d", got, want)
	}
	if got, want := found(t, filepath.Join(dir, one), time.Time{}), []string{""}; !slices.Equal(got, want) {
		t.Errorf("got %q, want the one file", got)
	}
}

func TestWhatCannotBeOpenedIsTold(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.json"), nil)
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "link.json")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.json"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := found(t, dir, time.Time{})
	if len(got) != 3 || got[0] != "a.json" || !strings.Contains(got[1], "link.json: it is a symbolic link") || got[2] != "pipe.json: it is not a regular file" {
		t.Errorf("got %q", got)
	}
	if got := found(t, filepath.Join(dir, "pipe.json"), time.Time{}); len(got) != 1 || got[0] != ": it is not a regular file" {
		t.Errorf("got %q", got)
	}
	none := func(string, io.Reader, error) error { return errors.New("called") }
	absent := cloudtrail.Files(filepath.Join(dir, "absent"))
	if err := absent.Each(context.Background(), time.Time{}, none); err == nil || !strings.Contains(err.Error(), "absent: no such file") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := cloudtrail.Files(dir).Each(ctx, time.Time{}, none); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
