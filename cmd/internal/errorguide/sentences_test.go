package errorguide

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// What a person reads of a code is found in the source: beside a code, as arguments of one
// call or fields of one literal, stands what happened. What only the moment knows is "…".

// speaking are the packages that make errors.
var speaking = []string{"broker", "broker/awsapi", "bot", "bot/command", "bot/form", "bot/message", "bot/snippet"}

// codesInSource are the codes by the names of their constants, in the order of error_codes.go.
func codesInSource(t *testing.T) (names []string, codes map[string]string) {
	t.Helper()
	codes = map[string]string{}
	ast.Inspect(parsed(t, filepath.Join(root, "broker", "error_codes.go")), func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 {
			if typed, ok := spec.Type.(*ast.Ident); ok && typed.Name == "Code" {
				names = append(names, spec.Names[0].Name)
				codes[spec.Names[0].Name] = literal(t, spec.Values[0].(*ast.BasicLit))
			}
		}
		return true
	})
	return names, codes
}

// sentences are what people read, by the names of codes, in the order of the source.
func sentences(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, dir := range speaking {
		files, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no source in %s: %v", dir, err)
		}
		p := speech{t: t, constants: map[string]string{}, say: func(code, sentence string) {
			if says(sentence) && !slices.Contains(all[code], sentence) {
				all[code] = append(all[code], sentence)
			}
		}}
		var trees []*ast.File
		for _, name := range files {
			if !strings.HasSuffix(name, "_test.go") {
				trees = append(trees, parsed(t, name))
			}
		}
		for _, f := range trees {
			for _, d := range f.Decls { // those of a function are not seen elsewhere
				if of, ok := d.(*ast.GenDecl); ok {
					ast.Inspect(of, p.constant)
				}
			}
		}
		for _, f := range trees {
			ast.Inspect(f, p.look)
		}
	}
	return all
}

// says reports whether a sentence holds words of ours.
func says(sentence string) bool {
	return len(strings.FieldsFunc(sentence, func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' })) > 2 && !strings.HasPrefix(sentence, "…, ")
}

// A speech is the sentences of one package.
type speech struct {
	t         *testing.T
	constants map[string]string
	say       func(code, sentence string)
}

func (p speech) constant(n ast.Node) bool {
	if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Names) == 1 && len(spec.Values) == 1 {
		if text := p.text(spec.Values[0]); !strings.Contains(text, "…") {
			p.constants[spec.Names[0].Name] = text
		}
	}
	return true
}

func (p speech) look(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.CallExpr:
		for i, arg := range n.Args {
			if code := codeName(arg); code != "" && i+1 < len(n.Args) {
				p.tell(code, n.Args[i+1])
			}
		}
	case *ast.CompositeLit:
		code, what := "", ast.Expr(nil)
		for _, e := range n.Elts {
			pair, ok := e.(*ast.KeyValueExpr)
			if !ok {
				continue
			}
			switch key, _ := pair.Key.(*ast.Ident); {
			case key == nil:
			case key.Name == "Code" || key.Name == "code":
				code = codeName(pair.Value)
			case key.Name == "What" || key.Name == "message":
				what = pair.Value
			}
		}
		if code != "" && what != nil {
			p.tell(code, what)
		}
	}
	return true
}

func (p speech) tell(code string, what ast.Expr) {
	sentence := strings.Join(strings.Fields(p.text(what)), " ")
	for strings.Contains(sentence, "……") {
		sentence = strings.ReplaceAll(sentence, "……", "…")
	}
	p.say(code, strings.TrimSpace(sentence))
}

// codeName is the name of the constant that e is, "" if it is none.
func codeName(e ast.Expr) string {
	name := ""
	switch e := e.(type) {
	case *ast.Ident:
		name = e.Name
	case *ast.SelectorExpr:
		name = e.Sel.Name
	}
	if regexp.MustCompile(`^Code[A-Z]`).MatchString(name) {
		return name
	}
	return ""
}

// verbs are those of fmt in a format.
var verbs = regexp.MustCompile(`%\[?[0-9]*\]?[a-z]`)

// text is what e says.
func (p speech) text(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			return literal(p.t, e)
		}
	case *ast.BinaryExpr:
		return p.text(e.X) + p.text(e.Y)
	case *ast.Ident:
		if text, ok := p.constants[e.Name]; ok {
			return text
		}
	case *ast.CallExpr:
		return p.call(e)
	}
	return "…"
}

func (p speech) call(e *ast.CallExpr) string {
	var args []string
	for _, arg := range e.Args {
		args = append(args, p.text(arg))
	}
	name, ok := e.Fun.(*ast.SelectorExpr)
	if !ok {
		return "…"
	}
	switch of := name.Sel.Name; {
	case of == "Sprintf":
		return verbs.ReplaceAllString(args[0], "…")
	case of == "Say":
		return strings.Join(args, "")
	case of == "Literal":
		return "`" + strings.Join(args, " ") + "`"
	case strings.HasSuffix(of, "Cmd"):
		return "`/" + strings.ToLower(strings.TrimSuffix(of, "Cmd")) + " " + strings.Join(args, " ") + "`"
	}
	return "…"
}

func literal(t *testing.T, e *ast.BasicLit) string {
	t.Helper()
	text, err := strconv.Unquote(e.Value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func parsed(t *testing.T, name string) *ast.File {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
