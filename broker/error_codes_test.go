package broker

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTheGuideNamesEveryErrorCode holds the table of deploy/docs/errors.md to the codes that there are,
// and to whom each tells: its first row is what the person can mend.
func TestTheGuideNamesEveryErrorCode(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "error_codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := map[audience][]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 {
			if literal, ok := spec.Values[0].(*ast.BasicLit); ok {
				code, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				want[audiences[Code(code)]] = append(want[audiences[Code(code)]], code)
			}
		}
		return true
	})
	guide, err := os.ReadFile("../deploy/docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	got := map[audience][]string{}
	for line := range strings.SplitSeq(string(guide), "\n") {
		to := operator
		if strings.HasPrefix(line, "| the person can mend |") {
			to = person
		}
		if strings.HasPrefix(line, "|") {
			for _, code := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(line, -1) {
				got[to] = append(got[to], code[1])
			}
		}
	}
	for _, codes := range []map[audience][]string{got, want} {
		slices.Sort(codes[person])
		slices.Sort(codes[operator])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the table of codes (-want +got):\n%s", diff)
	}
}
