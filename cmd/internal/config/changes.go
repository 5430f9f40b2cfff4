package config

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Changes says in words what differs between two summaries, a line each. Of
// what only the start of a process changes, it says so when running is true.
func Changes(before, after Summary, running bool) []string {
	var lines []string
	for _, key := range union(before, after) {
		old, was := before[key]
		new, is := after[key]
		switch {
		case reflect.DeepEqual(old, new):
		case !was:
			lines = append(lines, printed(new.Name)+" added: "+new.describe())
		case !is:
			lines = append(lines, printed(old.Name)+" removed")
		default:
			lines = append(lines, old.changes(new, running)...)
		}
	}
	return lines
}

func (e entry) changes(after entry, running bool) []string {
	var lines []string
	add := func(field, what string) {
		if running && slices.Contains(fixed, field) {
			what += " (from the next start)"
		}
		line := field + " " + what
		if after.Name != "" {
			line = printed(after.Name) + ": " + line
		}
		lines = append(lines, line)
	}
	for _, field := range union(e.Lists, after.Lists) {
		var what []string
		if gained := without(after.Lists[field], e.Lists[field]); len(gained) > 0 {
			what = append(what, "gained "+printedAll(gained))
		}
		if lost := without(e.Lists[field], after.Lists[field]); len(lost) > 0 {
			what = append(what, "lost "+printedAll(lost))
		}
		if len(what) > 0 {
			add(field, strings.Join(what, ", "))
		}
	}
	for _, field := range union(e.Values, after.Values) {
		old, new := e.Values[field], after.Values[field]
		switch {
		case old == new:
		case strings.HasPrefix(old, concealed) && strings.HasPrefix(new, concealed):
			add(field, "changed")
		case field == "approval" && new == "":
			add(field, printed(old)+" → NOT NEEDED any more")
		default:
			add(field, printed(old)+" → "+printed(new))
		}
	}
	return lines
}

// describe is all of an entry, who may have it first.
func (e entry) describe() string {
	var parts []string
	for _, field := range slices.Sorted(maps.Keys(e.Lists)) {
		parts = append(parts, field+" "+printedAll(e.Lists[field]))
	}
	for _, field := range slices.Sorted(maps.Keys(e.Values)) {
		parts = append(parts, field+" "+printed(e.Values[field]))
	}
	return strings.Join(parts, "; ")
}

// printed is a value as lines show it, without what could hide or reorder text.
func printed(value string) string {
	switch {
	case value == "":
		return "none"
	case strings.HasPrefix(value, concealed):
		return "set"
	case strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) }):
		return strconv.QuoteToGraphic(value)
	}
	return value
}

func printedAll(values []string) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = printed(v)
	}
	return strings.Join(out, ", ")
}

// union is the keys of both, sorted.
func union[V any](a, b map[string]V) []string {
	keys := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(keys)
	return slices.Compact(keys)
}

// without returns what is in a and not in b.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(x string) bool { return slices.Contains(b, x) })
}
