package awstest

import (
	"net/netip"
	"regexp"
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

// applies tests every condition: all operators and keys must hold. Of one key's values any may, for a
// negated operator all must. An absent key holds only for a negated operator or one ending in IfExists.
func (st statement) applies(facts map[string]string) bool {
	for op, keys := range st.Condition {
		name, ifExists := strings.CutSuffix(op, "IfExists")
		negated := strings.Contains(name, "Not")
		for key, values := range keys {
			fact, known := facts[strings.ToLower(key)]
			if !known {
				if !negated && !ifExists {
					return false
				}
				continue
			}
			held := 0
			for _, v := range values {
				v, ok := st.expand(v, facts)
				if !ok {
					return false
				}
				if operators[name](v, fact) {
					held++
				}
			}
			if held == 0 || negated && held < len(values) {
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
