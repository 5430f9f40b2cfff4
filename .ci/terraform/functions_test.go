package terraform

import (
	"fmt"
	"net/netip"

	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

var stringType = cty.String

// functions are those of Terraform that the modules call. Most are of the library that Terraform has them from;
// the others are as its documentation says: https://developer.hashicorp.com/terraform/language/functions
var functions = map[string]function.Function{
	"alltrue": allTrue, "can": tryfunc.CanFunc, "cidrhost": cidrHost, "coalesce": stdlib.CoalesceFunc, "concat": stdlib.ConcatFunc,
	"contains": stdlib.ContainsFunc, "distinct": stdlib.DistinctFunc, "flatten": stdlib.FlattenFunc, "join": stdlib.JoinFunc,
	"jsonencode": stdlib.JSONEncodeFunc, "keys": stdlib.KeysFunc, "length": length, "merge": stdlib.MergeFunc, "one": one,
	"regex": stdlib.RegexFunc, "sort": stdlib.SortFunc, "values": stdlib.ValuesFunc,
}

// length is that of a text too, which the library's is not.
var length = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "of", Type: cty.DynamicPseudoType}},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		if args[0].Type() == cty.String {
			return stdlib.Strlen(args[0])
		}
		return stdlib.Length(args[0])
	},
})

// one is the element of a list of one, null of an empty list.
var one = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}},
	Type:   function.StaticReturnType(cty.DynamicPseudoType),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		switch n := args[0].LengthInt(); n {
		case 0:
			return cty.NullVal(cty.DynamicPseudoType), nil
		case 1:
			return args[0].AsValueSlice()[0], nil
		default:
			return cty.NilVal, fmt.Errorf("must be a list with no or one element, and has %d", n)
		}
	},
})

// allTrue is true of an empty list too.
var allTrue = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "list", Type: cty.List(cty.Bool)}},
	Type:   function.StaticReturnType(cty.Bool),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		for _, v := range args[0].AsValueSlice() {
			if v.IsNull() || v.False() {
				return cty.False, nil
			}
		}
		return cty.True, nil
	},
})

// cidrHost knows the first address of a network alone.
var cidrHost = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "prefix", Type: cty.String}, {Name: "host", Type: cty.Number}},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		p, err := netip.ParsePrefix(args[0].AsString())
		if err != nil || !args[1].RawEquals(cty.Zero) {
			return cty.NilVal, fmt.Errorf("no such address in %q: %w", args[0].AsString(), err)
		}
		return cty.StringVal(p.Masked().Addr().String()), nil
	},
})

// converted has the type that a variable is declared with.
func converted(v cty.Value, want cty.Type) (cty.Value, error) { return convert.Convert(v, want) }
