package awstest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// policyDocument is as much of an IAM policy as the fake evaluates: effect, action and condition.
// Resources are parsed and not compared. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
type policyDocument struct {
	Version   string
	ID        string `json:"Id"`
	Statement oneOrMore[statement]
}

type statement struct {
	Sid         string
	Effect      string
	Action      oneOrMore[string]
	NotAction   oneOrMore[string]
	Resource    oneOrMore[string]
	NotResource oneOrMore[string]
	// Condition is operator, then key, then values.
	Condition map[string]map[string]oneOrMore[string]
}

// oneOrMore reads a JSON list, or a single element without one.
type oneOrMore[T any] []T

func (o *oneOrMore[T]) UnmarshalJSON(data []byte) error {
	if strings.HasPrefix(strings.TrimSpace(string(data)), "[") {
		return json.Unmarshal(data, (*[]T)(o))
	}
	var one T
	if err := json.Unmarshal(data, &one); err != nil {
		return err
	}
	*o = []T{one}
	return nil
}

type effect int

const (
	effectNone effect = iota
	effectAllow
	effectDeny
)

var errPolicy = errors.New("syntax errors in policy")

// parsePolicy refuses what IAM refuses as malformed, with an error in IAM's words.
func parsePolicy(text string) (*policyDocument, error) {
	var p policyDocument
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil || dec.More() {
		return nil, fmt.Errorf("%w", errPolicy)
	}
	if p.Version != "" && p.Version != "2012-10-17" && p.Version != "2008-10-17" {
		return nil, fmt.Errorf("%w: the policy must contain a valid version string", errPolicy)
	}
	if len(p.Statement) == 0 {
		return nil, fmt.Errorf("%w: the policy must contain a statement", errPolicy)
	}
	for _, st := range p.Statement {
		if st.Effect != "Allow" && st.Effect != "Deny" || (len(st.Action) == 0) == (len(st.NotAction) == 0) ||
			(len(st.Resource) == 0) == (len(st.NotResource) == 0) {
			return nil, fmt.Errorf("%w", errPolicy)
		}
		for op := range st.Condition {
			if operators[strings.TrimSuffix(op, "IfExists")] == nil {
				return nil, fmt.Errorf("%w: invalid Condition type : %s", errPolicy, op)
			}
		}
	}
	return &p, nil
}

// effect is what the policy says of an action: deny before allow before nothing. The facts are
// condition keys in lower case.
func (p *policyDocument) effect(action string, facts map[string]string) effect {
	result := effectNone
	for _, st := range p.Statement {
		if !st.covers(action) || !st.applies(facts) {
			continue
		}
		if st.Effect == "Deny" {
			return effectDeny
		}
		result = effectAllow
	}
	return result
}

func (st statement) covers(action string) bool {
	if len(st.NotAction) > 0 {
		return !matchesAny(st.NotAction, action)
	}
	return matchesAny(st.Action, action)
}

// operators are the condition operators that the fake knows; any other is refused where a policy enters.
var operators = map[string]func(pattern, value string) bool{
	"StringEquals":    func(p, v string) bool { return p == v },
	"StringNotEquals": func(p, v string) bool { return p != v },
	"StringLike":      wildcard,
	"StringNotLike":   func(p, v string) bool { return !wildcard(p, v) },
	"ArnLike":         wildcard,
	"ArnNotLike":      func(p, v string) bool { return !wildcard(p, v) },
	"Bool":            strings.EqualFold,
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

// matchesAny compares an action with patterns, as IAM without regard to case.
func matchesAny(patterns []string, action string) bool {
	for _, p := range patterns {
		if wildcard(strings.ToLower(p), strings.ToLower(action)) {
			return true
		}
	}
	return false
}

// wildcard matches * with anything and ? with one byte.
func wildcard(pattern, s string) bool {
	star, mark, i, j := -1, 0, 0, 0
	for j < len(s) {
		switch {
		case i < len(pattern) && pattern[i] == '*':
			star, mark = i, j
			i++
		case i < len(pattern) && (pattern[i] == '?' || pattern[i] == s[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[i:], "*") == ""
}
