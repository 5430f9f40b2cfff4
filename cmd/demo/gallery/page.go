package gallery

import (
	"embed"
	"html/template"
	"net/http"
	"strings"

	"github.com/assumebot/assumebot/cmd/demo/blockhtml"
)

//go:embed gallery.html gallery.css
var files embed.FS

// Handler serves the page at / and its style sheets beside it.
func Handler(groups []Group) (http.Handler, error) {
	page, err := template.New("gallery.html").Funcs(template.FuncMap{"at": at}).ParseFS(files, "gallery.html")
	if err != nil {
		return nil, err
	}
	style, err := files.ReadFile("gallery.css")
	if err != nil {
		return nil, err
	}
	var html strings.Builder // it does not change
	if err := page.Execute(&html, groups); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", serve("text/html; charset=utf-8", html.String()))
	mux.HandleFunc("GET /gallery.css", serve("text/css; charset=utf-8", blockhtml.CSS+string(style)))
	return mux, nil
}

func serve(kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write([]byte(body)) // whoever left wants it no more
	}
}

// A shown is a golden message in one of the places where it stands on the page.
type shown struct {
	Place string
	Golden
}

func at(place string, g Golden) shown { return shown{place, g} }

// Drawn is the message as HTML.
func (s shown) Drawn() template.HTML {
	return blockhtml.HTML(s.Tree, blockhtml.Options{ID: s.Place + "-" + s.Name, Reader: alice})
}
