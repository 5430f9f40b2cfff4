package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/assumebot/assumebot/broker"
	"go.yaml.in/yaml/v3"
)

// Limits of one AssumeRole call.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
// https://docs.aws.amazon.com/STS/latest/APIReference/API_Tag.html
const (
	maxPolicyARNs  = 10
	maxPolicyChars = 2048 // the inline policy and the managed ARNs together
	maxTags        = 50
	maxTagKey      = 128
	maxTagValue    = 256
)

// maxPolicyBytes bounds what is read of a policy file: generous with white
// space, which is taken out before the 2,048 are counted.
const maxPolicyBytes = 64 << 10

var tagText = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

// readSession reads what narrows or marks the session that AssumeRole makes.
func (d *draft) readSession(s section, a *accountDraft) {
	if n := s.node("tags"); n != nil {
		a.Tags = d.readTags(n)
	}
	a.policies = s.texts("policy_arns", "managed policy ARNs")
	chars := 0
	for _, p := range a.policies {
		if err := broker.CheckPolicyARN(p.v); err != nil {
			d.problem(p.pos, "policy_arns: %s: %v", Quote(p.v), err)
		}
		a.PolicyARNs = append(a.PolicyARNs, p.v)
		chars += utf8.RuneCountInString(p.v)
	}
	if n := len(a.policies); n > maxPolicyARNs {
		d.problem(s.at("policy_arns"), "policy_arns has %d entries: AWS takes %d for one session; remove some or merge them into one policy", n, maxPolicyARNs)
	}
	v := s.text("session_policy")
	if v.ok {
		policy, err := d.readPolicy(v.v)
		if err != nil {
			d.problem(v.pos, "session_policy %s: %v", Quote(v.v), err)
		}
		a.SessionPolicy = policy
		chars += utf8.RuneCountInString(policy)
	}
	if chars > maxPolicyChars {
		at := v.pos
		if !v.ok {
			at = s.at("policy_arns")
		}
		d.problem(at, "session_policy without white space and policy_arns come to %d characters: AWS takes %d; shorten them", chars, maxPolicyChars)
	}
}

// readPolicy returns the policy in the file called name, without white space,
// which would count.
func (d *draft) readPolicy(name string) (string, error) {
	data, err := d.readFile(name)
	if err != nil {
		return "", fmt.Errorf("cannot be read: %s: the path is relative to the config file", Reason(err))
	}
	if len(data) > maxPolicyBytes {
		return "", fmt.Errorf("larger than %d bytes: is this the policy?", maxPolicyBytes)
	}
	data = bytes.TrimPrefix(data, byteOrderMark)
	var policy map[string]json.RawMessage
	if err := json.Unmarshal(data, &policy); err != nil {
		if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
			before := data[:min(int(syntax.Offset), len(data))]
			return "", fmt.Errorf("not JSON, at line %d: %w; mend the file", bytes.Count(before, []byte("\n"))+1, err)
		}
		return "", errors.New("not a JSON object: a policy is {\"Version\": …, \"Statement\": […]}")
	}
	if policy["Statement"] == nil {
		return "", errors.New("no Statement in it: a policy is {\"Version\": …, \"Statement\": […]}")
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		return "", fmt.Errorf("not JSON: %w; mend the file", err)
	}
	text := compact.String()
	// STS takes characters up to U+00FF in an inline policy.
	if i := strings.IndexFunc(text, func(r rune) bool { return r > 0xff }); i >= 0 || !utf8.ValidString(text) {
		return "", errors.New("a character beyond U+00FF is in it, which AWS does not take: write it as \\uXXXX")
	}
	return text, nil
}

func (d *draft) readTags(n *yaml.Node) map[string]string {
	s, ok := newSection(d.collector, n, "tags")
	if !ok {
		return nil
	}
	if len(s.values) > maxTags {
		d.problem(s.pos, "tags has %d entries: AWS takes %d for one session; remove some", len(s.values), maxTags)
	}
	tags := map[string]string{}
	spelled := map[string]string{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		keyNode := n.Content[i]
		key := keyNode.Value
		if s.values[key] != n.Content[i+1] {
			continue // reported by newSection
		}
		lower := strings.ToLower(key)
		if other, twice := spelled[lower]; twice {
			d.problem(position(keyNode), "tag %s differs from %s in case alone, and to AWS they are one: keep one of the two", Quote(key), Quote(other))
		}
		spelled[lower] = key
		if wrong := checkTagKey(key); wrong != "" {
			d.problem(position(keyNode), "tag %s: %s", Quote(key), wrong)
		}
		if v := s.textOrEmpty(key); v.ok {
			if wrong := checkTagText(v.v, maxTagValue); wrong != "" {
				d.problem(v.pos, "tag %s, its value: %s", Quote(key), wrong)
			}
			tags[key] = v.v
		}
	}
	return tags
}

func checkTagKey(key string) string {
	switch {
	case key == "":
		return "a key needs a character: name it"
	case strings.HasPrefix(strings.ToLower(key), "aws:"):
		return "aws: is reserved: choose another key"
	}
	return checkTagText(key, maxTagKey)
}

func checkTagText(s string, most int) string {
	if n := utf8.RuneCountInString(s); n > most {
		return fmt.Sprintf("%d characters, and AWS takes %d: shorten it", n, most)
	}
	if !tagText.MatchString(s) {
		return "AWS takes letters, digits, spaces and _.:/=+-@: remove the rest"
	}
	return ""
}
