package terraform

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// An instance is a module with its variables given, in an AWS account. What is asked of it is evaluated when it is
// asked, and once: a circle is an error, as it is for Terraform.
type instance struct {
	*module
	account string
	args    map[string]func() (cty.Value, error)
	inside  map[string]*instance // the modules that it calls
	known   map[string]cty.Value
	asking  map[string]bool
}

const region, partition, suffix = "eu-west-1", "aws", "amazonaws.com"

// open loads a module with the values of its variables.
func open(dir, account string, args map[string]cty.Value) (*instance, error) {
	m, err := load(dir)
	if err != nil {
		return nil, err
	}
	in := &instance{module: m, account: account, args: map[string]func() (cty.Value, error){}, inside: map[string]*instance{},
		known: map[string]cty.Value{}, asking: map[string]bool{}}
	for name, v := range args {
		in.args[name] = func() (cty.Value, error) { return v, nil }
	}
	return in, nil
}

// once evaluates what has a name, and notes a circle.
func (in *instance) once(name string, evaluate func() (cty.Value, error)) (cty.Value, error) {
	if v, ok := in.known[name]; ok {
		return v, nil
	}
	if in.asking[name] {
		return cty.NilVal, fmt.Errorf("%s depends on itself", name)
	}
	in.asking[name] = true
	defer delete(in.asking, name)
	v, err := evaluate()
	if err != nil {
		return cty.NilVal, fmt.Errorf("%s: %w", name, err)
	}
	in.known[name] = v
	return v, nil
}

// scope are names that only a part of a block knows: each, count, the columns of a dynamic block.
type scope map[string]cty.Value

// value evaluates an expression.
func (in *instance) value(expr hcl.Expression, s scope) (cty.Value, error) {
	found := map[string]map[string]cty.Value{} // root, then what is asked of it
	vars := map[string]cty.Value{}
	for _, ref := range expr.Variables() {
		name := ref.RootName()
		if v, ok := s[name]; ok {
			vars[name] = v
			continue
		}
		path := attributes(ref)
		group, key, v, err := in.named(name, path)
		if err != nil {
			return cty.NilVal, err
		}
		if found[group] == nil {
			found[group] = map[string]cty.Value{}
		}
		found[group][key] = v
	}
	for group, values := range found {
		outer, inner, nested := strings.Cut(group, ".")
		if !nested {
			vars[group] = cty.ObjectVal(values)
			continue
		}
		of := map[string]cty.Value{}
		if before, ok := vars[outer]; ok {
			of = before.AsValueMap()
		}
		of[inner] = cty.ObjectVal(values)
		vars[outer] = cty.ObjectVal(of)
	}
	v, diags := expr.Value(&hcl.EvalContext{Variables: vars, Functions: functions})
	if diags.HasErrors() {
		return cty.NilVal, diags
	}
	return v, nil
}

// attributes are the names after the first one of a reference, up to the first that is none.
func attributes(ref hcl.Traversal) (names []string) {
	for _, step := range ref[1:] {
		attr, ok := step.(hcl.TraverseAttr)
		if !ok {
			break
		}
		names = append(names, attr.Name)
	}
	return names
}

// named finds what a reference names: the group that it stands in, its key there, and the value.
func (in *instance) named(name string, path []string) (group, key string, v cty.Value, err error) {
	needs := 1
	if name == "module" || name == "data" {
		needs = 2
	}
	if len(path) < needs {
		return "", "", cty.NilVal, fmt.Errorf("%s.%s names nothing", name, strings.Join(path, "."))
	}
	switch name {
	case "var":
		v, err = in.variable(path[0])
		return name, path[0], v, err
	case "local":
		v, err = in.once("local."+path[0], func() (cty.Value, error) {
			if in.locals[path[0]] == nil {
				return cty.NilVal, errors.New("is not there")
			}
			return in.value(in.locals[path[0]], nil)
		})
		return name, path[0], v, err
	case "module":
		child, err := in.child(path[0])
		if err != nil {
			return "", "", cty.NilVal, err
		}
		v, err = child.output(path[1])
		return "module." + path[0], path[1], v, err
	case "data":
		v, ok := in.lookup(path[0])
		if !ok || in.data[path[0]+"."+path[1]] == nil {
			return "", "", cty.NilVal, fmt.Errorf("data.%s.%s is not there", path[0], path[1])
		}
		return "data." + path[0], path[1], v, nil
	}
	v, err = in.resource(name + "." + path[0])
	return name, path[0], v, err
}

// lookup is what AWS would answer.
func (in *instance) lookup(kind string) (cty.Value, bool) {
	answers := map[string]map[string]string{
		"aws_partition": {"partition": partition, "dns_suffix": suffix}, "aws_region": {"region": region},
		"aws_caller_identity": {"account_id": in.account},
	}
	values := map[string]cty.Value{}
	for name, text := range answers[kind] {
		values[name] = cty.StringVal(text)
	}
	return cty.ObjectVal(values), len(values) > 0
}

// variable is what was given, or the default, in the type that is declared, once its validations hold.
func (in *instance) variable(name string) (cty.Value, error) {
	return in.once("var."+name, func() (cty.Value, error) {
		b := in.variables[name]
		if b == nil || b.Body.Attributes["type"] == nil {
			return cty.NilVal, errors.New("is not declared with a type")
		}
		want, defaults, diags := typeexpr.TypeConstraintWithDefaults(b.Body.Attributes["type"].Expr)
		if diags.HasErrors() {
			return cty.NilVal, diags
		}
		var v cty.Value
		var err error
		switch given, fallback := in.args[name], b.Body.Attributes["default"]; {
		case given != nil:
			v, err = given()
		case fallback != nil:
			v, err = in.value(fallback.Expr, nil)
		default:
			err = errors.New("is not given")
		}
		if err != nil {
			return cty.NilVal, err
		}
		if defaults != nil && !v.IsNull() {
			v = defaults.Apply(v)
		}
		if v, err = converted(v, want); err != nil {
			return cty.NilVal, err
		}
		self := scope{"var": cty.ObjectVal(map[string]cty.Value{name: v})}
		return v, in.conditions(b.Body, "validation", self)
	})
}

// conditions are those of blocks such as validation; the error is the message of the first that does not hold.
func (in *instance) conditions(body *hclsyntax.Body, kind string, s scope) error {
	for _, b := range body.Blocks {
		if b.Type != kind {
			continue
		}
		held, err := in.value(b.Body.Attributes["condition"].Expr, s)
		if err != nil {
			return err
		}
		if held.IsNull() || held.False() {
			return errors.New(text(b.Body, "error_message"))
		}
	}
	return nil
}

func (in *instance) output(name string) (cty.Value, error) {
	return in.once("output."+name, func() (cty.Value, error) {
		if in.outputs[name] == nil {
			return cty.NilVal, fmt.Errorf("%s has no output %s", in.dir, name)
		}
		return in.value(in.outputs[name].Body.Attributes["value"].Expr, nil)
	})
}

// child is a module that this one calls, in the account of the provider that it passes on.
func (in *instance) child(name string) (*instance, error) {
	if in.inside[name] != nil {
		return in.inside[name], nil
	}
	b := in.calls[name]
	if b == nil {
		return nil, fmt.Errorf("module.%s is not there", name)
	}
	account, err := in.accountOf(b)
	if err != nil {
		return nil, err
	}
	child, err := open(filepath.Join(in.dir, text(b.Body, "source")), account, nil)
	if err != nil {
		return nil, err
	}
	for arg, a := range b.Body.Attributes {
		if arg != "source" && arg != "providers" {
			child.args[arg] = func() (cty.Value, error) { return in.value(a.Expr, nil) }
		}
	}
	in.inside[name] = child
	return child, nil
}

// accountOf is the one account that the provider allows which a module gets as aws.
func (in *instance) accountOf(call *hclsyntax.Block) (string, error) {
	passed := call.Body.Attributes["providers"]
	if passed == nil {
		return in.account, nil
	}
	for _, ref := range hclsyntax.Variables(passed.Expr) {
		p := in.providers[ref.RootName()+"."+strings.Join(attributes(ref), ".")]
		if p == nil {
			continue
		}
		ids, err := in.value(p.Body.Attributes["allowed_account_ids"].Expr, nil)
		if err != nil {
			return "", err
		}
		return ids.AsValueSlice()[0].AsString(), nil
	}
	return "", fmt.Errorf("module %s is given no provider that is there", call.Labels[0])
}
