// Package terraform reads the modules of deploy/terraform without Terraform and without a provider, which needs
// the network: it checks what they refer to, evaluates their policies for given variables, and holds these to
// deploy/iam and to the threat model. What only the provider knows, such as the arguments of a resource, is not
// checked here.
package terraform

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

const root = "../../deploy/terraform"

// shipped are the folders of deploy/terraform that hold a module.
func shipped(t *testing.T) []string {
	t.Helper()
	var dirs []string
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".tf" && !slices.Contains(dirs, filepath.Dir(path)) {
			dirs = append(dirs, filepath.Dir(path))
		}
		return err
	})
	if err != nil || len(dirs) < 4 {
		t.Fatalf("modules: got %v, %v, want hub, spoke, audit and an example", dirs, err)
	}
	return dirs
}

// A module is a folder of Terraform files.
type module struct {
	dir       string
	blocks    []*hclsyntax.Block
	variables map[string]*hclsyntax.Block
	locals    map[string]hclsyntax.Expression
	resources map[string]*hclsyntax.Block // by type.name
	data      map[string]*hclsyntax.Block // by type.name
	outputs   map[string]*hclsyntax.Block
	calls     map[string]*hclsyntax.Block
	providers map[string]*hclsyntax.Block // by name, or name.alias
	terraform *hclsyntax.Block
}

// load reads a module, and refuses what stands there twice or is no block of Terraform's.
func load(dir string) (*module, error) {
	m := &module{dir: dir, locals: map[string]hclsyntax.Expression{}}
	m.variables, m.resources, m.data = map[string]*hclsyntax.Block{}, map[string]*hclsyntax.Block{}, map[string]*hclsyntax.Block{}
	m.outputs, m.calls, m.providers = map[string]*hclsyntax.Block{}, map[string]*hclsyntax.Block{}, map[string]*hclsyntax.Block{}
	files, err := filepath.Glob(filepath.Join(dir, "*.tf"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("%s: no module: %w", dir, err)
	}
	parser := hclparse.NewParser()
	for _, file := range files {
		parsed, diags := parser.ParseHCLFile(file)
		if diags.HasErrors() {
			return nil, diags
		}
		body := parsed.Body.(*hclsyntax.Body) // what is parsed as native syntax is
		for _, a := range body.Attributes {
			return nil, fmt.Errorf("%s: %s stands outside of a block", a.SrcRange, a.Name)
		}
		for _, b := range body.Blocks {
			if err := m.add(b); err != nil {
				return nil, fmt.Errorf("%s: %w", b.DefRange(), err)
			}
		}
	}
	return m, nil
}

func (m *module) add(b *hclsyntax.Block) error {
	m.blocks = append(m.blocks, b)
	put := func(in map[string]*hclsyntax.Block, labels int, name func() string) error {
		if len(b.Labels) != labels {
			return fmt.Errorf("%s has %d labels, want %d", b.Type, len(b.Labels), labels)
		}
		if in[name()] != nil {
			return fmt.Errorf("%s %s stands twice", b.Type, name())
		}
		in[name()] = b
		return nil
	}
	first := func() string { return b.Labels[0] }
	both := func() string { return b.Labels[0] + "." + b.Labels[1] }
	switch b.Type {
	case "variable":
		return put(m.variables, 1, first)
	case "output":
		return put(m.outputs, 1, first)
	case "module":
		return put(m.calls, 1, first)
	case "resource":
		return put(m.resources, 2, both)
	case "data":
		return put(m.data, 2, both)
	case "provider":
		return put(m.providers, 1, func() string {
			if alias := text(b.Body, "alias"); alias != "" {
				return b.Labels[0] + "." + alias
			}
			return b.Labels[0]
		})
	case "terraform":
		if m.terraform != nil {
			return fmt.Errorf("terraform stands twice")
		}
		m.terraform = b
	case "locals":
		for name, a := range b.Body.Attributes {
			if m.locals[name] != nil {
				return fmt.Errorf("local %s stands twice", name)
			}
			m.locals[name] = a.Expr
		}
	default:
		return fmt.Errorf("%s is no block that these modules have", b.Type)
	}
	return nil
}

// text is an attribute that is a plain string; "" otherwise.
func text(body *hclsyntax.Body, name string) string {
	a := body.Attributes[name]
	if a == nil {
		return ""
	}
	v, diags := a.Expr.Value(&hcl.EvalContext{})
	if diags.HasErrors() || !v.Type().Equals(stringType) || v.IsNull() {
		return ""
	}
	return v.AsString()
}
