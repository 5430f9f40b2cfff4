package main

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// get is what a browser gets.
func get(t *testing.T, address string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

func TestGalleryIsServedToWhoHasItsAddress(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{"--gallery"}, strings.NewReader(""), in, io.Discard) }()
	said := make([]byte, 1<<10)
	n, err := out.Read(said)
	if err != nil {
		t.Fatal(err)
	}
	address := regexp.MustCompile(`http://\S+/`).FindString(string(said[:n]))
	if code, page := get(t, address); code != http.StatusOK || !strings.Contains(page, `<article id="issued"`) {
		t.Errorf("%s: got %d and %.200q, want the messages", address, code, page)
	}
	if code, style := get(t, address+"gallery.css"); code != http.StatusOK || !strings.Contains(style, ".bk-button") {
		t.Errorf("got %d, want the style sheet", code)
	}
	host, _, _ := strings.Cut(strings.TrimPrefix(address, "http://"), "/")
	if code, _ := get(t, "http://"+host+"/"); code != http.StatusNotFound {
		t.Errorf("without the token: got %d, want 404", code)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("got %v at the end, want nothing", err)
	}
}

func TestGallerySaysThatItNeedsAClone(t *testing.T) {
	t.Chdir(t.TempDir())
	err := run(t.Context(), []string{"--gallery"}, strings.NewReader(""), io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "from the top of a clone") {
		t.Errorf("got %v, want what to do", err)
	}
}

func TestFlagsThatExcludeEachOtherAreRefused(t *testing.T) {
	for _, args := range [][]string{{"--serve", "--gallery"}, {"--gallery", "-v"}} {
		var stderr strings.Builder
		err := run(t.Context(), args, strings.NewReader(""), io.Discard, &stderr)
		if got := report(err, &stderr); got != 2 || !strings.Contains(stderr.String(), "--gallery") {
			t.Errorf("%v: got %d, %s, want 2 and why", args, got, stderr.String())
		}
	}
}
