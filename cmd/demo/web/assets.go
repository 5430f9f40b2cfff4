package web

import (
	"bytes"
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

// templates make the page; each region has a file of its own.
type templates struct{ set *template.Template }

func parse() (*templates, error) {
	t := &templates{}
	var err error
	t.set, err = template.New("page.html").Funcs(template.FuncMap{"pane": t.pane}).ParseFS(templateFiles, "templates/*.html")
	return t, err
}

// page is the whole page.
func (t *templates) page(v pageView) ([]byte, error) {
	var out bytes.Buffer
	err := t.set.Execute(&out, v)
	return out.Bytes(), err
}

// pane is for templates, which cannot choose a template by its name.
func (t *templates) pane(p drawnPane) (template.HTML, error) {
	var out bytes.Buffer
	err := t.set.ExecuteTemplate(&out, p.Name+".html", p)
	return template.HTML(out.String()), err //nolint:gosec // what a template has made
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

func serveStatic(w http.ResponseWriter, r *http.Request) {
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
