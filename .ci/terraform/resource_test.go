package terraform

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// meta are the attributes that are Terraform's own.
var meta = map[string]bool{"for_each": true, "count": true, "depends_on": true, "provider": true, "lifecycle": true}

// resource is a resource as others see it: an object, or as many as count and for_each say.
func (in *instance) resource(address string) (cty.Value, error) {
	return in.once(address, func() (cty.Value, error) {
		b := in.resources[address]
		if b == nil {
			return cty.NilVal, errors.New("is not there")
		}
		switch each, count := b.Body.Attributes["for_each"], b.Body.Attributes["count"]; {
		case each != nil:
			all, err := in.value(each.Expr, nil)
			if err != nil {
				return cty.NilVal, err
			}
			made := map[string]cty.Value{}
			for it := all.ElementIterator(); it.Next(); {
				key, v := it.Element()
				if all.Type().IsSetType() {
					key = v
				}
				s := scope{"each": cty.ObjectVal(map[string]cty.Value{"key": key, "value": v})}
				if made[key.AsString()], err = in.made(b, s); err != nil {
					return cty.NilVal, fmt.Errorf("%s: %w", key.AsString(), err)
				}
			}
			return cty.ObjectVal(made), nil
		case count != nil:
			n, err := in.value(count.Expr, nil)
			if err != nil {
				return cty.NilVal, err
			}
			many, _ := n.AsBigFloat().Int64()
			made := []cty.Value{}
			for i := range many {
				v, err := in.made(b, scope{"count": cty.ObjectVal(map[string]cty.Value{"index": cty.NumberIntVal(i)})})
				if err != nil {
					return cty.NilVal, err
				}
				made = append(made, v)
			}
			return cty.TupleVal(made), nil
		}
		return in.made(b, nil)
	})
}

// made is one resource: what it says, and the names that AWS gives it.
func (in *instance) made(b *hclsyntax.Block, s scope) (cty.Value, error) {
	values, err := in.body(b.Body, s)
	if err != nil {
		return cty.NilVal, err
	}
	for name, v := range in.computed(b.Labels[0], values) {
		values[name] = cty.StringVal(v)
	}
	for _, nested := range b.Body.Blocks {
		if nested.Type == "lifecycle" {
			if err := in.conditions(nested.Body, "precondition", s); err != nil {
				return cty.NilVal, err
			}
		}
	}
	return cty.ObjectVal(values), nil
}

// body evaluates attributes and nested blocks, dynamic ones too.
func (in *instance) body(body *hclsyntax.Body, s scope) (map[string]cty.Value, error) {
	values := map[string]cty.Value{}
	for name, a := range body.Attributes {
		if meta[name] {
			continue
		}
		v, err := in.value(a.Expr, s)
		if err != nil {
			return nil, err
		}
		values[name] = v
	}
	nested := map[string][]cty.Value{}
	add := func(kind string, body *hclsyntax.Body, s scope) error {
		v, err := in.body(body, s)
		nested[kind] = append(nested[kind], cty.ObjectVal(v))
		return err
	}
	for _, b := range body.Blocks {
		switch {
		case meta[b.Type]:
		case b.Type == "dynamic":
			all, err := in.value(b.Body.Attributes["for_each"].Expr, s)
			if err != nil {
				return nil, err
			}
			for it := all.ElementIterator(); it.Next(); {
				key, v := it.Element()
				inner := scope{b.Labels[0]: cty.ObjectVal(map[string]cty.Value{"key": key, "value": v})}
				for name, v := range s {
					inner[name] = v
				}
				if err := add(b.Labels[0], b.Body.Blocks[0].Body, inner); err != nil {
					return nil, err
				}
			}
		default:
			if err := add(b.Type, b.Body, s); err != nil {
				return nil, err
			}
		}
	}
	for kind, all := range nested {
		values[kind] = cty.TupleVal(all)
	}
	return values, nil
}

// computed are ARN and ID as AWS forms them.
func (in *instance) computed(kind string, values map[string]cty.Value) map[string]string {
	named := func(key string) string {
		if v, ok := values[key]; ok && v.Type() == cty.String {
			return v.AsString()
		}
		return ""
	}
	name := named("name")
	iam := "arn:" + partition + ":iam::" + in.account + ":"
	of := func(service, rest string) string {
		return strings.Join([]string{"arn", partition, service, region, in.account, rest}, ":")
	}
	switch kind {
	case "aws_iam_user":
		return map[string]string{"arn": iam + "user" + named("path") + name, "id": name}
	case "aws_iam_role":
		return map[string]string{"arn": iam + "role/" + name, "id": name}
	case "aws_iam_policy":
		return map[string]string{"arn": iam + "policy/" + name, "id": iam + "policy/" + name}
	case "aws_s3_bucket":
		return map[string]string{"arn": "arn:" + partition + ":s3:::" + named("bucket"), "id": named("bucket")}
	case "aws_kms_key":
		return map[string]string{"arn": of("kms", "key/1234abcd"), "key_id": "1234abcd"}
	case "aws_secretsmanager_secret":
		return map[string]string{"arn": of("secretsmanager", "secret:"+name+"-AbCdEf")}
	}
	return nil
}
