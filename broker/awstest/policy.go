package awstest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// policyDocument is an IAM policy: effect, principal, action, resource and condition.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
type policyDocument struct {
	Version   string
	ID        string `json:"Id"`
	Statement oneOrMore[statement]
}

type statement struct {
	Sid         string
	Effect      string
	Principal   principals // of a trust policy, which has no resource, or of a resource's policy
	Action      oneOrMore[string]
	NotAction   oneOrMore[string]
	Resource    oneOrMore[string]
	NotResource oneOrMore[string]
	// Condition is operator, then key, then values.
	Condition map[string]map[string]oneOrMore[string]
	literal   bool // variables are no variables in an older version of the language
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

// principals are lists by kind, such as AWS; "*" is everybody.
type principals map[string]oneOrMore[string]

func (p *principals) UnmarshalJSON(data []byte) error {
	if string(data) == `"*"` {
		*p = principals{"AWS": {"*"}}
		return nil
	}
	return json.Unmarshal(data, (*map[string]oneOrMore[string])(p))
}

// asked is what a policy is asked about: an action on a resource, and the condition keys of the request,
// in lower case.
type asked struct {
	action, resource string
	facts            map[string]string
	tagKeys          []string // aws:TagKeys, the one key that has several values here; no policy variable either
}

// keyTagKeys are the keys of the tags that a request brings.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-tagkeys
const keyTagKeys = "aws:TagKeys"

// values are those that the request has of a condition key, none if it has none.
func (a asked) values(key string) []string {
	if strings.EqualFold(key, keyTagKeys) {
		return a.tagKeys
	}
	if fact, ok := a.facts[strings.ToLower(key)]; ok {
		return []string{fact}
	}
	return nil
}

// withTags is the question of a request that brings tags.
func (a asked) withTags(tags map[string]string) asked {
	a.facts, a.tagKeys = maps.Clone(a.facts), slices.Sorted(maps.Keys(tags))
	for key, value := range tags {
		a.facts["aws:requesttag/"+strings.ToLower(key)] = value
	}
	return a
}

type effect int

const (
	effectNone effect = iota
	effectAllow
	effectDeny
)

var errPolicy = errors.New("syntax errors in policy")

// parsePolicy reads the policy of an identity. It refuses what IAM refuses as malformed, with an error in
// IAM's words.
func parsePolicy(text string) (*policyDocument, error) {
	p, err := parseDocument(text)
	if err != nil {
		return nil, err
	}
	for _, st := range p.Statement {
		if st.Principal != nil || (len(st.Resource) == 0) == (len(st.NotResource) == 0) {
			return nil, fmt.Errorf("%w", errPolicy)
		}
	}
	return p, nil
}

// parseTrust reads the trust policy of a role, as parsePolicy does.
func parseTrust(text string) (*policyDocument, error) {
	p, err := parseDocument(text)
	if err != nil {
		return nil, err
	}
	for _, st := range p.Statement {
		if len(st.Principal) == 0 || len(st.Resource)+len(st.NotResource) > 0 {
			return nil, fmt.Errorf("%w", errPolicy)
		}
	}
	return p, nil
}

func parseDocument(text string) (*policyDocument, error) {
	var p policyDocument
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil || dec.More() {
		return nil, fmt.Errorf("%w", errPolicy)
	}
	if p.Version != "" && p.Version != variablesSince && p.Version != "2008-10-17" {
		return nil, fmt.Errorf("%w: the policy must contain a valid version string", errPolicy)
	}
	if len(p.Statement) == 0 {
		return nil, fmt.Errorf("%w: the policy must contain a statement", errPolicy)
	}
	for _, st := range p.Statement {
		if st.Effect != "Allow" && st.Effect != "Deny" || (len(st.Action) == 0) == (len(st.NotAction) == 0) {
			return nil, fmt.Errorf("%w", errPolicy)
		}
		for text, keys := range st.Condition {
			op, known := operatorOf(text)
			if !known {
				return nil, fmt.Errorf("%w: invalid Condition type : %s", errPolicy, text)
			}
			for key := range keys {
				if !op.fits(key) {
					return nil, fmt.Errorf("%w: %s has several values, and %s is no set operator", errPolicy, key, text)
				}
			}
		}
	}
	return &p, nil
}

// effect is what the policy says: deny before allow before nothing. who are the caller's names as
// principals; an identity's own policy has no principal, so none are given.
func (p *policyDocument) effect(a asked, who ...string) effect {
	result := effectNone
	for _, st := range p.Statement {
		st.literal = p.Version != variablesSince
		if !st.concerns(who) || !st.covers(a) || !st.applies(a) {
			continue
		}
		if st.Effect == "Deny" {
			return effectDeny
		}
		result = effectAllow
	}
	return result
}

// concerns reports whether the statement is about one of the principals.
func (st statement) concerns(who []string) bool {
	if st.Principal == nil {
		return true
	}
	for kind, names := range st.Principal {
		for _, p := range names {
			if p != "" && (kind == "AWS" && p == "*" || slices.Contains(who, p)) {
				return true
			}
		}
	}
	return false
}

func (st statement) covers(a asked) bool {
	if len(st.NotAction) > 0 == matchesAny(append(st.NotAction, st.Action...), a.action) {
		return false
	}
	if len(st.Resource)+len(st.NotResource) == 0 {
		return true // a trust policy's is the role itself
	}
	named := slices.ContainsFunc(append(st.NotResource, st.Resource...), func(pattern string) bool {
		pattern, ok := st.expand(pattern, a.facts)
		return ok && wildcard(pattern, a.resource)
	})
	return named != (len(st.NotResource) > 0)
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
