package awstest

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// variablesSince is the version of the policy language that knows variables.
const variablesSince = "2012-10-17"

// variable is ${aws:username}, or ${*}, ${?} and ${$}, which stand for the character itself.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
var variable = regexp.MustCompile(`\$\{([^}]*)\}`)

// expand puts facts in place of variables; false when a fact is not known, and then the statement does not
// apply.
func (st statement) expand(text string, facts map[string]string) (string, bool) {
	if st.literal {
		return text, true
	}
	known := true
	out := variable.ReplaceAllStringFunc(text, func(v string) string {
		name := v[2 : len(v)-1]
		if name == "*" || name == "?" || name == "$" {
			return name
		}
		fact, ok := facts[strings.ToLower(name)]
		known = known && ok
		return fact
	})
	return out, known
}

// operators are the condition operators that the fake knows; any other is refused where a policy enters.
var operators = map[string]func(pattern, value string) bool{
	"StringEquals":    func(p, v string) bool { return p == v },
	"StringNotEquals": func(p, v string) bool { return p != v },
	"StringLike":      wildcard,
	"StringNotLike":   func(p, v string) bool { return !wildcard(p, v) },
	"ArnEquals":       wildcard, // at AWS too it is ArnLike by another name
	"ArnNotEquals":    func(p, v string) bool { return !wildcard(p, v) },
	"ArnLike":         wildcard,
	"ArnNotLike":      func(p, v string) bool { return !wildcard(p, v) },
	"Bool":            strings.EqualFold,
	"IpAddress":       inNetwork,
	"NotIpAddress":    func(p, v string) bool { return !inNetwork(p, v) },
	"NumericLessThan": func(p, v string) bool { return compareNumbers(v, p) < 0 },
	"DateLessThan":    func(p, v string) bool { return compareDates(v, p) < 0 },
	"DateGreaterThan": func(p, v string) bool { return compareDates(v, p) > 0 },
}

// setOperator begins a condition operator for a key that may have several values in one request, and is one of those
// on strings. Every value, or any of them, is then held against the policy's.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
const (
	forAllValues = "ForAllValues:"
	forAnyValue  = "ForAnyValue:"
)

// An operator is what stands before the keys of a condition: ForAnyValue:StringLikeIfExists.
type operator struct {
	set, name string // set is "" without a set operator
	ifExists  bool
}

// operatorOf reads one; false for one that the fake does not know.
func operatorOf(text string) (operator, bool) {
	var o operator
	o.name, o.ifExists = strings.CutSuffix(text, "IfExists")
	for _, set := range []string{forAllValues, forAnyValue} {
		if name, ok := strings.CutPrefix(o.name, set); ok {
			o.set, o.name = set, name
			break
		}
	}
	return o, operators[o.name] != nil && (o.set == "" || strings.HasPrefix(o.name, "String"))
}

// fits reports whether the operator is one for the key. Without a set operator AWS promises nothing of a key with
// several values, so that no test may go by it. One with a single value counts as a set of one, which AWS takes too.
func (o operator) fits(key string) bool { return o.set != "" || !strings.EqualFold(key, keyTagKeys) }

// matches holds one value against those of the policy, any of which may do; for a negated operator all must.
func (o operator) matches(patterns []string, value string) bool {
	holds := func(pattern string) bool { return operators[o.name](pattern, value) }
	if !o.negated() {
		return slices.ContainsFunc(patterns, holds)
	}
	return len(patterns) > 0 && !slices.ContainsFunc(patterns, func(p string) bool { return !holds(p) })
}

func (o operator) negated() bool { return strings.Contains(o.name, "Not") }

// holds reports whether the values that the request has of a key fulfil the condition. Of an absent key, or one with
// an empty value, ForAllValues says yes and ForAnyValue no; another operator says yes if it is negated. Each says yes
// of an absent key if it ends in IfExists.
func (o operator) holds(patterns, has []string) bool {
	if len(has) == 0 && o.ifExists {
		return true
	}
	matches := func(v string) bool { return o.matches(patterns, v) }
	filled := slices.DeleteFunc(slices.Clone(has), func(v string) bool { return v == "" })
	switch {
	case o.set == forAllValues:
		return !slices.ContainsFunc(filled, func(v string) bool { return !matches(v) })
	case o.set == forAnyValue:
		return slices.ContainsFunc(filled, matches)
	case len(has) == 0:
		return o.negated()
	}
	return matches(has[0])
}

// applies tests every condition: all operators and keys must hold.
func (st statement) applies(a asked) bool {
	for text, keys := range st.Condition {
		op, _ := operatorOf(text) // where a policy enters, one that is not known is refused
		for key, values := range keys {
			has, patterns := a.values(key), make([]string, 0, len(values))
			for _, v := range values {
				v, ok := st.expand(v, a.facts)
				if !ok && len(has) > 0 {
					return false
				}
				patterns = append(patterns, v)
			}
			if !op.holds(patterns, has) {
				return false
			}
		}
	}
	return true
}

// inNetwork reports whether address is in a network such as 192.0.2.0/24, or is the address 192.0.2.7.
func inNetwork(network, address string) bool {
	if !strings.Contains(network, "/") {
		return network == address
	}
	prefix, err := netip.ParsePrefix(network)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(address)
	return err == nil && prefix.Contains(ip)
}

// compareNumbers orders two numbers; an unreadable one is more than any other.
func compareNumbers(a, b string) int {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	switch {
	case errX != nil || errY == nil && x > y:
		return 1
	case errY != nil || x < y:
		return -1
	}
	return 0
}

// compareDates orders two ISO 8601 dates; an unreadable one is in the far past.
func compareDates(a, b string) int {
	parse := func(s string) time.Time {
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02"} {
			if t, err := time.Parse(layout, s); err == nil {
				return t
			}
		}
		return time.Time{}
	}
	return parse(a).Compare(parse(b))
}
