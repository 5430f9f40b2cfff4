package config

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// A value is what one key holds and where. When ok is false, it is absent or
// was reported; what depends on it is then not judged, so that one mistake is
// one problem. An absent value stands where its parent does.
type value[T any] struct {
	pos
	v  T
	ok bool
}

// A section is one map of the file.
type section struct {
	*collector
	pos
	what   string // in messages: "this account"
	values map[string]*yaml.Node
}

// newSection reads the keys of n. Keys that are not in known, or come twice,
// are problems.
func newSection(c *collector, n *yaml.Node, what string, known ...string) (section, bool) {
	s := section{collector: c, pos: position(n), what: what, values: map[string]*yaml.Node{}}
	if n.Kind != yaml.MappingNode {
		if n.Kind != yaml.AliasNode { // reported by refuseIndirection
			keys := ""
			if len(known) > 0 {
				keys = " with the keys " + strings.Join(known, ", ")
			}
			c.problem(s.pos, "%s must be a map%s, not %s", what, keys, kindOf(n))
		}
		return s, false
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		switch first, twice := lines[key.Value]; {
		case key.Tag == "!!merge":
			c.problem(position(key), "merge key <<: merging is not supported; write the values out")
		case key.Kind != yaml.ScalarNode:
			c.problem(position(key), "a key must be a word, not %s: in %s the keys are %s", kindOf(key), what, strings.Join(known, ", "))
		case twice:
			c.problem(position(key), "%s is already on line %d: keep one of the two", Quote(key.Value), first)
		case len(known) > 0 && !slices.Contains(known, key.Value):
			c.problem(position(key), "unknown key %s in %s: %s", Quote(key.Value), what, keyHint(key.Value, known))
		default:
			lines[key.Value] = key.Line
			s.values[key.Value] = val
		}
	}
	return s, true
}

// has reports whether key was written, even if its value is wrong.
func (s section) has(key string) bool { return s.values[key] != nil }

// require reports each key that is missing, with what it is for.
func (s section) require(key, purpose string) bool {
	if !s.has(key) {
		s.problem(s.pos, "%s is missing from %s: add %s", key, s.what, purpose)
		return false
	}
	return true
}

// at is where key's value stands, or the section if there is none.
func (s section) at(key string) pos {
	if n := s.values[key]; n != nil {
		return position(n)
	}
	return s.pos
}

// node returns key's value unless it is absent, or null, which is reported.
func (s section) node(key string) *yaml.Node {
	n := s.values[key]
	switch {
	case n == nil || n.Kind == yaml.AliasNode:
		return nil
	case isNull(n):
		s.problem(position(n), "%s has no value: give one or remove the key (what begins with # is a comment unless it is in quotes)", key)
		return nil
	}
	return n
}

// scalar returns key's value if it is a scalar with one of the tags.
func (s section) scalar(key, want string, tags ...string) *yaml.Node {
	n := s.node(key)
	if n == nil {
		return nil
	}
	if n.Kind == yaml.ScalarNode && slices.Contains(tags, n.Tag) {
		return n
	}
	s.problem(position(n), "%s must be %s, not %s", key, want, kindOf(n))
	return nil
}

// text reads one line of text that is not empty.
func (s section) text(key string) value[string] {
	got := s.textOrEmpty(key)
	if got.ok && got.v == "" {
		s.problem(got.pos, "%s is empty: give it a value or remove the key", key)
		got.ok = false
	}
	return got
}

func (s section) textOrEmpty(key string) value[string] {
	got := value[string]{pos: s.at(key)}
	if n := s.node(key); n != nil {
		got.v, got.ok = s.lineOf(n, key)
	}
	return got
}

// lineOf reads n as one line of text.
func (s section) lineOf(n *yaml.Node, what string) (string, bool) {
	switch {
	case n.Kind == yaml.AliasNode:
		return "", false
	case n.Kind != yaml.ScalarNode:
		s.problem(position(n), "%s must be text, not %s", what, kindOf(n))
	case n.Tag == "!!null":
		s.problem(position(n), "%s has no value: what begins with # is a comment unless it is in quotes", what)
	case n.Tag != "!!str":
		s.problem(position(n), "%s must be text, and YAML reads this as %s: put it in quotes, %s", what, kindOf(n), Quote(n.Value))
	case strings.ContainsFunc(n.Value, unicode.IsControl):
		s.problem(position(n), "%s must be one line of text: remove line breaks and control characters", what)
	case strings.TrimSpace(n.Value) != n.Value:
		s.problem(position(n), "%s begins or ends with white space: remove it", what)
	default:
		return n.Value, true
	}
	return "", false
}

func (s section) boolean(key string) value[bool] {
	got := value[bool]{pos: s.at(key)}
	if n := s.scalar(key, "true or false, without quotes", "!!bool"); n != nil {
		got.v, got.ok = strings.EqualFold(n.Value, "true"), true
	}
	return got
}

func (s section) integer(key string) value[int] {
	got := value[int]{pos: s.at(key)}
	n := s.scalar(key, "a whole number, in plain digits and without quotes", "!!int")
	if n == nil {
		return got
	}
	v, err := strconv.Atoi(n.Value)
	if err != nil {
		s.problem(got.pos, "%s must be a whole number in plain digits", key)
		return got
	}
	got.v, got.ok = v, true
	return got
}

// duration reads Go's syntax, in whole seconds, which is what STS takes.
func (s section) duration(key string) value[time.Duration] {
	got := value[time.Duration]{pos: s.at(key)}
	n := s.node(key)
	switch {
	case n == nil:
		return got
	case n.Kind != yaml.ScalarNode:
		s.problem(got.pos, "%s must be a duration such as 90m or 1h30m, not %s", key, kindOf(n))
		return got
	case n.Tag == "!!int" || n.Tag == "!!float":
		s.problem(got.pos, "%s is a number without a unit: write 90s, 10m or 1h", key)
		return got
	}
	d, err := time.ParseDuration(n.Value)
	switch {
	case err != nil:
		s.problem(got.pos, "%s is not a duration: %s; write 90m, 2h or 1h30m (h, m and s; a day is 24h)", key, Quote(n.Value))
	case d <= 0 || d%time.Second != 0:
		s.problem(got.pos, "%s must be one second or more, in whole seconds", key)
	default:
		got.v, got.ok = d, true
	}
	return got
}

// list returns the entries of a list.
func (s section) list(key, of string) []*yaml.Node {
	n := s.node(key)
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		s.problem(position(n), "%s must be a list of %s, not %s: write [a, b] or one a line after a dash", key, of, kindOf(n))
		return nil
	}
	return n.Content
}

// texts reads a list of texts, without those that were reported.
func (s section) texts(key, of string) []value[string] {
	var all []value[string]
	seen := map[string]int{}
	for _, n := range s.list(key, of) {
		v, ok := s.lineOf(n, "an entry of "+key)
		if !ok {
			continue
		}
		if first, twice := seen[v]; twice {
			s.problem(position(n), "%s is already in %s, on line %d: remove one of the two", Quote(v), key, first)
			continue
		}
		seen[v] = n.Line
		all = append(all, value[string]{pos: position(n), v: v, ok: true})
	}
	return all
}
