package text_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/broker/text"
)

func TestAPatternMatchesAsItsRegularExpression(t *testing.T) {
	const expr = `^([a-z]+)-(\d+)$`
	p, re := text.NewPattern(expr), regexp.MustCompile(expr)
	for _, s := range []string{"", "a-1", "abc-42", "a-", "A-1", "a-1\n"} {
		if got, want := p.MatchString(s), re.MatchString(s); got != want {
			t.Errorf("%q: got %v, want %v", s, got, want)
		}
	}
	if got := p.ReplaceAllString("abc-42", "$2"); got != "42" || p.String() != expr {
		t.Errorf("got %q of %s", got, p)
	}
}

// TestEveryPatternIsARegularExpression: one that is none would be seen by whoever needs it first.
func TestEveryPatternIsARegularExpression(t *testing.T) {
	found := 0
	err := fs.WalkDir(os.DirFS("../.."), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("../..", path), nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 1 || !isNewPattern(call.Fun) {
				return true
			}
			expr, known := written(call.Args[0])
			if !known { // a constant, which a JSON schema has too, and tests of it
				return true
			}
			found++
			if _, err := regexp.Compile(expr); err != nil {
				t.Errorf("%s: %v", path, err)
			}
			return true
		})
		return nil
	})
	if err != nil || found < 30 {
		t.Errorf("got %d patterns, %v; want all that there are", found, err)
	}
}

func isNewPattern(f ast.Expr) bool {
	switch f := f.(type) {
	case *ast.SelectorExpr:
		return f.Sel.Name == "NewPattern"
	case *ast.Ident:
		return f.Name == "NewPattern"
	}
	return false
}

// written is the text of a literal, or of several that are joined.
func written(e ast.Expr) (s string, known bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		return s, err == nil
	case *ast.BinaryExpr:
		left, known := written(e.X)
		right, too := written(e.Y)
		return left + right, known && too && e.Op == token.ADD
	}
	return "", false
}
