package terraform

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// A checker walks one module and notes what it refers to.
type checker struct {
	*module
	used     map[string]bool // var.x, local.x, data.type.name
	problems []string
}

func check(m *module) *checker {
	c := &checker{module: m, used: map[string]bool{}}
	for _, b := range m.blocks {
		known := map[string]bool{}
		if b.Body.Attributes["for_each"] != nil {
			known["each"] = true
		}
		if b.Body.Attributes["count"] != nil {
			known["count"] = true
		}
		c.body(b, b.Body, known)
	}
	for name, b := range m.calls {
		c.call(name, b)
	}
	c.unused()
	return c
}

func (c *checker) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

func (c *checker) body(top *hclsyntax.Block, body *hclsyntax.Body, known map[string]bool) {
	for name, a := range body.Attributes {
		switch {
		case top.Type == "variable" && name == "type", top.Type == "module" && name == "providers", top.Type == "terraform":
			continue // names of types and of providers
		}
		for _, ref := range hclsyntax.Variables(a.Expr) {
			c.reference(a, ref, top, known)
		}
		_ = hclsyntax.VisitAll(a.Expr, func(n hclsyntax.Node) hcl.Diagnostics {
			call, ok := n.(*hclsyntax.FunctionCallExpr)
			if !ok {
				return nil
			}
			if _, known := functions[call.Name]; !known {
				c.problem("%s: no function %s is known here", call.NameRange, call.Name)
			}
			return nil
		})
	}
	for _, b := range body.Blocks {
		inner := maps.Clone(known)
		if b.Type == "dynamic" {
			inner[b.Labels[0]] = true
		}
		c.body(top, b.Body, inner)
	}
}

func (c *checker) reference(a *hclsyntax.Attribute, ref hcl.Traversal, top *hclsyntax.Block, known map[string]bool) {
	name, path := ref.RootName(), attributes(ref)
	there := func(ok bool, what string) {
		c.used[what] = c.used[what] || top.Type != "variable" || what != "var."+top.Labels[0]
		if !ok {
			c.problem("%s: %s is not there", a.SrcRange, what)
		}
	}
	first, second := "", ""
	if len(path) > 0 {
		first = path[0]
	}
	if len(path) > 1 {
		second = path[1]
	}
	switch {
	case known[name]:
	case name == "var":
		there(c.variables[first] != nil, "var."+first)
	case name == "local":
		there(c.locals[first] != nil, "local."+first)
	case name == "data":
		there(c.data[first+"."+second] != nil, "data."+first+"."+second)
	case name == "module":
		inner, err := c.called(first)
		there(err == nil && inner.outputs[second] != nil, "module."+first+"."+second)
	default:
		there(c.resources[name+"."+first] != nil, name+"."+first)
	}
}

// called is the module that a call names.
func (c *checker) called(name string) (*module, error) {
	if c.calls[name] == nil {
		return nil, fmt.Errorf("no module %s", name)
	}
	return load(filepath.Join(c.dir, text(c.calls[name].Body, "source")))
}

func (c *checker) call(name string, b *hclsyntax.Block) {
	inner, err := c.called(name)
	if err != nil {
		c.problem("%s: %v", b.DefRange(), err)
		return
	}
	for arg := range b.Body.Attributes {
		if arg != "source" && arg != "providers" && inner.variables[arg] == nil {
			c.problem("%s: module %s has no variable %s", b.DefRange(), name, arg)
		}
	}
	for v, declared := range inner.variables {
		if declared.Body.Attributes["default"] == nil && b.Body.Attributes[v] == nil {
			c.problem("%s: module %s needs %s", b.DefRange(), name, v)
		}
	}
	if a := b.Body.Attributes["providers"]; a == nil {
		c.problem("%s: module %s is not told its provider", b.DefRange(), name)
	} else if pairs, ok := a.Expr.(*hclsyntax.ObjectConsExpr); ok {
		for _, pair := range pairs.Items {
			ref := hclsyntax.Variables(pair.ValueExpr)
			if len(ref) != 1 || c.providers[ref[0].RootName()+"."+strings.Join(attributes(ref[0]), ".")] == nil {
				c.problem("%s: module %s is given a provider that is not there", b.DefRange(), name)
			}
		}
	}
}

func (c *checker) unused() {
	for kind, names := range map[string][]string{
		"var.": slices.Collect(maps.Keys(c.variables)), "local.": slices.Collect(maps.Keys(c.locals)), "data.": slices.Collect(maps.Keys(c.data)),
	} {
		for _, name := range names {
			if !c.used[kind+name] {
				c.problem("%s: %s%s is not used", c.dir, kind, name)
			}
		}
	}
}

func TestEveryReferenceNamesSomething(t *testing.T) {
	for _, dir := range shipped(t) {
		m, err := load(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, problem := range check(m).problems {
			t.Error(problem)
		}
	}
}

// TestTheCheckOfReferencesFindsWhatIsWrong keeps the check above from passing whatever it reads.
func TestTheCheckOfReferencesFindsWhatIsWrong(t *testing.T) {
	for source, want := range map[string]string{
		`output "o" { value = var.nobody }`:                                            "var.nobody is not there",
		`output "o" { value = [for x in local.nobody : x.y] }`:                         "local.nobody is not there",
		`output "o" { value = data.aws_region.here.region }`:                           "data.aws_region.here is not there",
		`output "o" { value = aws_iam_role.bot.arn }`:                                  "aws_iam_role.bot is not there",
		`output "o" { value = module.hub.arn }`:                                        "module.hub.arn is not there",
		`resource "a" "b" { name = each.key }`:                                         "each.key is not there",
		`output "o" { value = tolist([]) }`:                                            "no function tolist is known",
		`variable "v" { default = 1 }`:                                                 "var.v is not used",
		"variable \"v\" {\n validation {\n condition = var.v > 1\n }\n}":               "var.v is not used",
		`locals { l = 1 }`:                                                             "local.l is not used",
		`data "aws_region" "r" {}`:                                                     "data.aws_region.r is not used",
		"module \"m\" {\n source = \"../x\"\n}":                                        "no module",
		"resource \"a\" \"b\" {\n depends_on = [a.c]\n}":                               "a.c is not there",
		"resource \"a\" \"b\" {\n dynamic \"d\" {\n content {\n x = e.value\n }\n}\n}": "e.value is not there",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := load(dir)
		if err != nil {
			t.Fatalf("%s: %v", source, err)
		}
		want, _ = strings.CutSuffix(want, ".key is not there")
		want, _ = strings.CutSuffix(want, ".value is not there")
		if got := strings.Join(check(m).problems, "\n"); !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", source, got, want)
		}
	}
}

func TestEveryVariableAndOutputIsDescribed(t *testing.T) {
	for _, dir := range shipped(t) {
		m, err := load(dir)
		if err != nil {
			t.Fatal(err)
		}
		for name, b := range m.variables {
			if b.Body.Attributes["type"] == nil || len(described(b)) < 20 {
				t.Errorf("%s: variable %s lacks its type, or says too little", dir, name)
			}
		}
		for name, b := range m.outputs {
			if b.Body.Attributes["value"] == nil || len(described(b)) < 20 {
				t.Errorf("%s: output %s lacks its value, or says too little", dir, name)
			}
		}
		for name, b := range m.variables {
			for _, v := range b.Body.Blocks {
				if v.Type != "validation" || v.Body.Attributes["condition"] == nil || text(v.Body, "error_message") == "" {
					t.Errorf("%s: a validation of %s lacks its condition or its message", dir, name)
				}
			}
		}
	}
}

func described(b *hclsyntax.Block) string { return text(b.Body, "description") }

func TestEveryModuleNamesTheVersionsThatItNeeds(t *testing.T) {
	bounded := regexp.MustCompile(`^>= \d+\.\d+\.\d+, < \d+\.\d+\.\d+$`)
	for _, dir := range shipped(t) {
		m, err := load(dir)
		if err != nil {
			t.Fatal(err)
		}
		if m.terraform == nil || !bounded.MatchString(text(m.terraform.Body, "required_version")) {
			t.Errorf("%s: required_version has no bounds", dir)
			continue
		}
		needed := map[string]bool{}
		for _, b := range m.terraform.Body.Blocks {
			for name, a := range b.Body.Attributes {
				v, diags := a.Expr.Value(nil)
				if diags.HasErrors() || !bounded.MatchString(v.GetAttr("version").AsString()) || v.GetAttr("source").AsString() != "hashicorp/aws" {
					t.Errorf("%s: provider %s has no source or no bounds", dir, name)
				}
				needed[name] = true
			}
		}
		for _, b := range slices.Concat(slices.Collect(maps.Values(m.resources)), slices.Collect(maps.Values(m.data))) {
			if provider, _, _ := strings.Cut(b.Labels[0], "_"); !needed[provider] {
				t.Errorf("%s: %s is of a provider that is not required", b.DefRange(), b.Labels[0])
			}
		}
	}
}

func TestFilesAreFormattedAndNameNoAccount(t *testing.T) {
	account := regexp.MustCompile(`\b\d{12}\b`)
	for _, dir := range shipped(t) {
		files, _ := filepath.Glob(filepath.Join(dir, "*.tf")) // its pattern is right
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(hclwrite.Format(data), data) {
				t.Errorf("%s is not as `tofu fmt` would write it", file)
			}
			if found := account.Find(data); found != nil {
				t.Errorf("%s names the account %s", file, found)
			}
		}
	}
}
