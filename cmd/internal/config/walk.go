package config

import (
	"cmp"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// A walker fills structs with what a file says. The type of a field says what its
// key may hold:
//
//	string, bool, int, time.Duration   a scalar; durations are in Go's syntax
//	[]At[T]                            a list; what could not be read is not in it
//	[]Entry[T]                         a map with keys of a person's own, in their order
//	a struct                           a map with the keys of its tags
//
// All that is wrong is reported, and only what was not is OK.
type walker struct {
	*collector
	keys keysByType
}

// A cell is an [At] whose type is not known.
type cell struct {
	at      *Position
	set, ok *bool
	value   reflect.Value
}

func (a *At[T]) cell() cell {
	return cell{&a.Position, &a.Set, &a.OK, reflect.ValueOf(&a.Value).Elem()}
}

// cellOf is the cell of a variable that is an At.
func cellOf(v reflect.Value) cell { return v.Addr().Interface().(interface{ cell() cell }).cell() }

func (e *Entry[T]) cells() (name, value cell) { return e.Key.cell(), e.Value.cell() }

func isEntry(t reflect.Type) bool {
	_, ok := reflect.New(t).Interface().(interface{ cells() (cell, cell) })
	return ok
}

// fields fills the struct v with the map n, which messages call what.
func (w *walker) fields(n *yaml.Node, what string, v reflect.Value) bool {
	w.absent(v, position(n))
	keys := w.keys.of(v.Type())
	whole, names := n, namesOf(keys)
	written, ok := w.pairs(n, what, names)
	if !ok {
		return false
	}
	nodes := map[string]*yaml.Node{}
	for _, p := range written {
		nodes[p.key.Value] = p.value
	}
	for _, k := range keys {
		c, n := cellOf(v.FieldByIndex(k.field)), nodes[k.name]
		switch {
		case n != nil:
			*c.at, *c.set = position(n), true
			switch {
			case k.needs == "" || nodes[k.needs] != nil:
				*c.ok = w.value(n, k, c.value)
			case !misspells(whole, k.needs, names): // that is said, and mends this too
				w.problem(*c.at, "%s needs %s: %s; add %s or remove %s", k.name, k.needs, whyNeeded[k.needs], k.needs, k.name)
			}
		case k.missing != "":
			w.problem(*c.at, "%s is missing from %s: add %s", k.name, what, k.missing)
		}
	}
	return true
}

// absent is a struct at at of which nothing is written. What embeds a Position is
// told its own.
func (w *walker) absent(v reflect.Value, at Position) {
	if own := v.FieldByName("Position"); own.IsValid() {
		own.Set(reflect.ValueOf(at))
	}
	for _, k := range w.keys.of(v.Type()) {
		c := cellOf(v.FieldByIndex(k.field))
		*c.at = at
		if c.value.Kind() == reflect.Struct {
			w.absent(c.value, at)
		}
		if k.fallback == "" {
			continue
		}
		switch into := c.value.Addr().Interface().(type) {
		case *string:
			*into = k.fallback
		case *int:
			*into, _ = strconv.Atoi(k.fallback) // a test has read every default
		case *time.Duration:
			*into, _ = time.ParseDuration(k.fallback)
		}
	}
}

type pair struct{ key, value *yaml.Node }

// pairs are the entries of n. Keys that are not in known, or come twice, are
// problems; without known, any key is right.
func (w *walker) pairs(n *yaml.Node, what string, known []string) ([]pair, bool) {
	if n.Kind != yaml.MappingNode {
		if n.Kind != yaml.AliasNode { // reported by refuseIndirection
			keys := ""
			if len(known) > 0 {
				keys = " with the keys " + strings.Join(known, ", ")
			}
			w.problem(position(n), "%s must be a map%s, not %s", what, keys, kindOf(n))
		}
		return nil, false
	}
	var pairs []pair
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch first, twice := lines[key.Value]; {
		case key.Tag == "!!merge":
			w.problem(position(key), "merge key <<: merging is not supported; write the values out")
		case key.Kind != yaml.ScalarNode:
			w.problem(position(key), "a key must be a word, not %s: in %s the keys are %s", kindOf(key), what, strings.Join(known, ", "))
		case twice:
			w.problem(position(key), "%s is already on line %d: keep one of the two", Quote(key.Value), first)
		case len(known) > 0 && !slices.Contains(known, key.Value):
			w.problem(position(key), "unknown key %s in %s: %s", Quote(key.Value), what, keyHint(key.Value, known))
		default:
			lines[key.Value] = key.Line
			pairs = append(pairs, pair{key, n.Content[i+1]})
		}
	}
	return pairs, true
}

// value reads what k holds into v.
func (w *walker) value(n *yaml.Node, k key, v reflect.Value) bool {
	switch {
	case n.Kind == yaml.AliasNode:
		return false // reported by refuseIndirection
	case k.may == "zero" && n.Kind == yaml.ScalarNode && slices.Contains([]string{"0", "0s", "0m", "0h"}, n.Value):
		v.SetZero()
		return true
	case isNull(n):
		w.problem(position(n), "%s has no value: give one or remove the key (what begins with # is a comment unless it is in quotes)", k.name)
		return false
	}
	switch into := v.Addr().Interface().(type) {
	case *string:
		return w.text(n, k, into)
	case *bool:
		return w.boolean(n, k, into)
	case *int:
		return w.integer(n, k, into)
	case *time.Duration:
		return w.duration(n, k, into)
	}
	switch {
	case v.Kind() != reflect.Slice:
		return w.mapOrWord(n, k, v)
	case isEntry(v.Type().Elem()):
		return w.entries(n, k, v)
	}
	return w.list(n, k, v)
}

func (w *walker) scalar(n *yaml.Node, k key, want, tag string) bool {
	if n.Kind == yaml.ScalarNode && n.Tag == tag {
		return true
	}
	w.problem(position(n), "%s must be %s, not %s", k.name, want, kindOf(n))
	return false
}

func (w *walker) boolean(n *yaml.Node, k key, into *bool) bool {
	if mend := k.mendSwitch(n.Value); n.Kind == yaml.ScalarNode && n.Tag == "!!str" && mend != "" {
		w.problem(position(n), "%s must be true or false, without quotes: %s", k.name, mend)
		return false
	}
	ok := w.scalar(n, k, "true or false, without quotes", "!!bool")
	*into = ok && strings.EqualFold(n.Value, "true")
	return ok
}

func (w *walker) text(n *yaml.Node, k key, into *string) bool {
	if mend := k.mendWord(n.Value); n.Kind == yaml.ScalarNode && mend != "" {
		value := n.Value
		if n.Tag == "!!str" {
			value = Quote(value)
		}
		w.problem(position(n), "%s is %s: %s", k.name, value, mend)
		return false
	}
	line, ok := w.line(n, k.name)
	switch {
	case !ok:
		return false
	case line == "" && k.may != "blank":
		w.problem(position(n), "%s is empty: give it a value or remove the key", k.name)
		return false
	}
	*into = line
	return true
}

// line reads n as one line of text.
func (w *walker) line(n *yaml.Node, what string) (string, bool) {
	switch {
	case n.Kind == yaml.AliasNode:
	case n.Kind != yaml.ScalarNode:
		w.problem(position(n), "%s must be text, not %s", what, kindOf(n))
	case isNull(n):
		w.problem(position(n), "%s has no value: what begins with # is a comment unless it is in quotes", what)
	case n.Tag != "!!str":
		w.problem(position(n), "%s must be text, and YAML reads this as %s: put it in quotes, %s", what, kindOf(n), Quote(n.Value))
	case hasControl(n.Value):
		w.problem(position(n), "%s must be one line of text: remove line breaks and control characters", what)
	case slackToken.MatchString(n.Value):
		w.problem(position(n), "%s looks like a token of Slack, and secrets do not belong in this file: set it in the environment, "+
			"and replace it if others could read this file", what)
	case strings.TrimSpace(n.Value) != n.Value:
		w.problem(position(n), "%s begins or ends with white space: remove it", what)
	default:
		return n.Value, true
	}
	return "", false
}

func (w *walker) integer(n *yaml.Node, k key, into *int) bool {
	if !w.scalar(n, k, "a whole number, in plain digits and without quotes", "!!int") {
		return false
	}
	i, err := strconv.Atoi(n.Value)
	if err != nil {
		w.problem(position(n), "%s must be a whole number in plain digits", k.name)
		return false
	}
	*into = i
	return true
}

// duration reads Go's syntax, in whole seconds, which is what STS takes.
func (w *walker) duration(n *yaml.Node, k key, into *time.Duration) bool {
	switch {
	case n.Kind != yaml.ScalarNode:
		w.problem(position(n), "%s must be a duration such as 90m or 1h30m, not %s", k.name, kindOf(n))
		return false
	case n.Tag == "!!int" || n.Tag == "!!float" || allDigits.MatchString(n.Value):
		w.problem(position(n), "%s", k.noUnit(n.Value))
		return false
	}
	d, err := time.ParseDuration(n.Value)
	meant := meantDuration(n.Value)
	switch {
	case err != nil && meant != "":
		w.problem(position(n), "%s is not a duration: %s; write %s", k.name, Quote(n.Value), meant)
		return false
	case err != nil:
		w.problem(position(n), "%s is not a duration: %s; write 90m, 2h or 1h30m (h, m and s; a day is 24h)", k.name, Quote(n.Value))
		return false
	case d <= 0 || d%time.Second != 0:
		w.problem(position(n), "%s must be one second or more, in whole seconds", k.name)
		return false
	}
	*into = d
	return true
}

func (w *walker) mapOrWord(n *yaml.Node, k key, v reflect.Value) bool {
	if n.Kind == yaml.ScalarNode {
		if word, ok := wordOf(v); ok {
			*word.at, *word.set = position(n), true
			*word.ok = w.text(n, k, word.value.Addr().Interface().(*string))
			return true
		}
	}
	if n.Kind != yaml.MappingNode && n.Kind != yaml.AliasNode && k.example != "" {
		mend := k.example
		if k.mend != nil && n.Kind == yaml.ScalarNode {
			mend = cmp.Or(k.mend(n.Value), mend)
		}
		w.problem(position(n), "%s must be a map, not %s: write %s: %s", k.name, kindOf(n), k.name, mend)
		return false
	}
	what := k.what
	if what == "" {
		what = k.name
	}
	return w.fields(n, what, v)
}

func (w *walker) entries(n *yaml.Node, k key, v reflect.Value) bool {
	if k.example != "" && n.Kind != yaml.MappingNode && n.Kind != yaml.AliasNode {
		w.problem(position(n), "%s must be a map, not %s: write %s: %s", k.name, kindOf(n), k.name, k.mendMap(n))
		return false
	}
	pairs, ok := w.pairs(n, k.name, nil)
	for _, p := range pairs {
		entry := reflect.New(v.Type().Elem())
		name, value := entry.Interface().(interface{ cells() (cell, cell) }).cells()
		*name.at, *name.set, *name.ok = position(p.key), true, true
		name.value.SetString(p.key.Value)
		*value.at, *value.set = position(p.value), true
		of := k
		of.name = p.key.Value
		*value.ok = w.value(p.value, of, value.value)
		v.Set(reflect.Append(v, entry.Elem()))
	}
	return ok
}

func (w *walker) list(n *yaml.Node, k key, v reflect.Value) bool {
	if n.Kind != yaml.SequenceNode {
		w.problem(position(n), "%s must be a list of %s, not %s: %s", k.name, k.of, kindOf(n), k.mendList(n, heldBy(v.Type().Elem())))
		return false
	}
	if len(n.Content) == 0 && k.empty != "" {
		w.problem(position(n), "%s is empty: %s", k.name, k.empty)
	}
	seen := map[string]int{}
	for _, item := range n.Content {
		element := reflect.New(v.Type().Elem()).Elem()
		c := cellOf(element)
		*c.at, *c.set = position(item), true
		word, isWord := wordOf(c.value)
		switch {
		case item.Kind == yaml.MappingNode && isWord, c.value.Kind() == reflect.Struct && !isWord:
			*c.ok = w.fields(item, k.entry, c.value)
		case isWord:
			*word.at, *word.set = *c.at, true
			*word.ok = w.unique(item, k, seen, word.value)
			*c.ok = *word.ok
		default:
			*c.ok = w.unique(item, k, seen, c.value)
		}
		if *c.ok {
			v.Set(reflect.Append(v, element))
		}
	}
	return true
}

// unique reads a text of a list, in which it must not have been seen.
func (w *walker) unique(n *yaml.Node, k key, seen map[string]int, v reflect.Value) bool {
	line, ok := w.line(n, "an entry of "+k.name)
	if !ok {
		return false
	}
	if first, twice := seen[line]; twice {
		w.problem(position(n), "%s is already in %s, on line %d: remove one of the two", Quote(line), k.name, first)
		return false
	}
	seen[line] = n.Line
	v.SetString(line)
	return true
}
