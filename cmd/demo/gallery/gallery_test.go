package gallery

import (
	"errors"
	"html"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/bot/slacktest"
)

func read(t *testing.T) []Group {
	t.Helper()
	groups, err := Read(t.Context(), ".")
	if err != nil {
		t.Fatal(err)
	}
	return groups
}

func TestTheGalleryHasEveryGoldenFileTwice(t *testing.T) {
	handler, err := Handler(read(t))
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	page := w.Body.String()
	files, err := filepath.Glob("../../../bot/*/testdata/messages/*.golden")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %v, %v, want golden files", files, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".golden")
		if strings.Count(page, `<article id="`+name+`"`) != 1 {
			t.Errorf("got no %s, want it once", name)
		}
	}
	for _, class := range []string{"phone", "desktop"} {
		if got := strings.Count(page, `<div class="`+class+`">`); got != len(files) {
			t.Errorf("got %d messages on a %s, want %d", got, class, len(files))
		}
	}
}

var (
	tags  = regexp.MustCompile(`<[^>]*>`)
	space = regexp.MustCompile(`\s+`)
)

// said are the texts of a tree.
func said(p slacktest.Piece) []string {
	var out []string
	for _, s := range p.Spans {
		out = append(out, s.Text)
	}
	for _, c := range p.Controls {
		out = append(out, c.Label)
		for _, o := range c.Options {
			out = append(out, o.Text)
		}
	}
	for _, inner := range p.Pieces {
		out = append(out, said(inner)...)
	}
	return append(out, p.Label, p.Hint)
}

func TestNothingOfAMessageIsLeftOut(t *testing.T) {
	plain := func(text string) string { return space.ReplaceAllString(text, " ") }
	for _, group := range read(t) {
		for _, g := range group.Goldens {
			shown := plain(html.UnescapeString(tags.ReplaceAllString(string(at("p", g).Drawn()), "")))
			texts := said(g.Tree)
			if len(texts) == 0 {
				t.Errorf("%s: it says nothing", g.Name)
			}
			for _, text := range texts {
				if !strings.Contains(shown, plain(text)) {
					t.Errorf("%s: got %q, want %q in it", g.Name, shown, plain(text))
				}
			}
		}
	}
}

func TestOutsideOfACloneTheGallerySaysSo(t *testing.T) {
	_, err := Read(t.Context(), t.TempDir())
	if !errors.Is(err, errNoClone) {
		t.Errorf("got %v, want that this is no clone", err)
	}
}
