package web

import (
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"path"

	"github.com/assumebot/assumebot/cmd/demo/blockhtml"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static/*
var staticFiles embed.FS

// parse reads the templates; each region has a file of its own.
func (s *Server) parse() (*template.Template, error) {
	return template.New("page.html").Funcs(s.functions()).ParseFS(templateFiles, "templates/*.html")
}

// functions are what templates may call.
func (s *Server) functions() template.FuncMap {
	return template.FuncMap{
		"base": s.base,
		"pane": s.drawPane,
	}
}

// contentTypes are those of the files that the page loads.
var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// blockCSS is the name under which the page loads what blockhtml brings.
const blockCSS = "blocks.css"

// styles and scripts are the names of all that the page loads.
func styles() []string  { return append([]string{blockCSS}, static("*.css")...) }
func scripts() []string { return static("*.js") }

func static(pattern string) []string {
	found, _ := fs.Glob(staticFiles, "static/"+pattern) // the pattern is good
	for i, name := range found {
		found[i] = path.Base(name)
	}
	return found
}

func (s *Server) serveStatic(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	body, err := staticFiles.ReadFile(path.Join("static", name))
	if name == blockCSS {
		body, err = []byte(blockhtml.CSS), nil
	}
	kind, known := contentTypes[path.Ext(name)]
	if err != nil || !known {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(body) //nolint:gosec // an embedded file
}
