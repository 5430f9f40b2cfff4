package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/text"
)

// Session are the keys of an Account that narrow or mark the session that
// AssumeRole makes.
type Session struct {
	SourceIdentity At[bool]            `key:"source_identity" needs:"role_arn" example:"true" doc:"true: the session carries the session name as SourceIdentity."`
	Tags           At[[]Entry[string]] `key:"tags" needs:"role_arn" may:"blank" example:"{team: payments}" doc:"Session tags."`
	SessionPolicy  At[string]          `key:"session_policy" needs:"role_arn" change:"-" example:"readonly.json" doc:"A file with an inline policy."`
	PolicyARNs     At[[]At[string]]    `key:"policy_arns" needs:"role_arn" example:"['arn:aws:iam::aws:policy/ReadOnlyAccess']" doc:"Managed policies."`

	policy string // what SessionPolicy names holds
}

func (Session) hints() map[string]hint {
	return map[string]hint{
		"policy_arns": {of: "managed policy ARNs", shape: matching(policy.PolicyARNPattern, "ARNs of managed policies"),
			more: fmt.Sprintf("Up to %d; with the inline policy, less its white space, up to %d characters.", maxPolicyARNs, maxPolicyChars)},
		"tags": {
			names: shape{object{"pattern": tagText.String(), "minLength": 1, "maxLength": maxTagKey}, ""},
			shape: shape{object{"pattern": tagText.String(), "maxLength": maxTagValue}, "text"},
			more:  fmt.Sprintf("Up to %d, keys up to %d characters, values up to %d.", maxTags, maxTagKey, maxTagValue),
		},
	}
}

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

var tagText = text.NewPattern(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

func (s *Session) checkSession(c *collector) {
	s.checkTags(c)
	chars := 0
	for _, p := range s.PolicyARNs.Value {
		if err := policy.CheckPolicyARN(p.Value); err != nil {
			c.problem(p.Position, "policy_arns: %s: %v", Quote(p.Value), err)
		}
		chars += utf8.RuneCountInString(p.Value)
	}
	if n := len(s.PolicyARNs.Value); n > maxPolicyARNs {
		c.problem(s.PolicyARNs.Position, "policy_arns has %d entries: AWS takes %d for one session; remove some or merge them into one policy", n, maxPolicyARNs)
	}
	at := s.PolicyARNs.Position
	if p := s.SessionPolicy; p.OK {
		policy, err := readPolicy(c, p.Value)
		if err != nil {
			c.problem(p.Position, "session_policy %s: %v", Quote(p.Value), err)
		}
		s.policy, at = policy, p.Position
		chars += utf8.RuneCountInString(policy)
	}
	if chars > maxPolicyChars {
		c.problem(at, "session_policy without white space and policy_arns come to %d characters: AWS takes %d; shorten them", chars, maxPolicyChars)
	}
}

// readPolicy returns the policy in the file called name, without white space,
// which would count.
func readPolicy(c *collector, name string) (string, error) {
	data, err := c.readFile(name)
	if err != nil {
		return "", fmt.Errorf("cannot be read: %s: the path is relative to the config file", WithoutPath(err))
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

func (s *Session) checkTags(c *collector) {
	if n := len(s.Tags.Value); n > maxTags {
		c.problem(s.Tags.Position, "tags has %d entries: AWS takes %d for one session; remove some", n, maxTags)
	}
	spelled := map[string]string{}
	for _, tag := range s.Tags.Value {
		key, value := tag.Key, tag.Value
		lower := strings.ToLower(key.Value)
		if other, twice := spelled[lower]; twice {
			c.problem(key.Position, "tag %s differs from %s in case alone, and to AWS they are one: keep one of the two", Quote(key.Value), Quote(other))
		}
		spelled[lower] = key.Value
		if wrong := checkTagKey(key.Value); wrong != "" {
			c.problem(key.Position, "tag %s: %s", Quote(key.Value), wrong)
		}
		if wrong := checkTagText(value.Value, maxTagValue); wrong != "" {
			c.problem(value.Position, "tag %s, its value: %s", Quote(key.Value), wrong)
		}
	}
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
