package config

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/assumebot/assumebot/broker/event"
)

// mostInChange is how many values of a list one Change has, so that it fits into an entry
// of the record whatever they are.
const mostInChange = 24

// Changes are what differs between two summaries, by field. Of what only the start of a
// process changes, they say so when running is true.
func Changes(before, after Summary, running bool) []event.Change {
	var all []event.Change
	for _, key := range union(before, after) {
		old, was := before[key]
		new, is := after[key]
		switch {
		case reflect.DeepEqual(old, new):
		case !was:
			all = append(all, new.added()...)
		case !is:
			all = append(all, event.Change{Of: printed(old.Name), What: event.Removed})
		default:
			all = append(all, old.changes(new, running)...)
		}
	}
	return all
}

func (e entry) changes(after entry, running bool) []event.Change {
	var all []event.Change
	add := func(c event.Change) {
		c.What, c.NextStart = event.Changed, running && slices.Contains(fixed, c.Field)
		if after.Name != "" {
			c.Of = printed(after.Name)
		}
		all = append(all, c)
	}
	for _, field := range union(e.Lists, after.Lists) {
		gained, lost := without(after.Lists[field], e.Lists[field]), without(e.Lists[field], after.Lists[field])
		for len(gained)+len(lost) > 0 {
			c := event.Change{Field: field}
			c.Gained, gained = portion(gained, mostInChange)
			c.Lost, lost = portion(lost, mostInChange-len(c.Gained))
			add(c)
		}
	}
	for _, field := range union(e.Values, after.Values) {
		if old, new := e.Values[field], after.Values[field]; old != new {
			add(event.Change{Field: field, Was: printed(old), Is: printed(new)})
		}
	}
	return all
}

// added is all of an entry, who may have it first.
func (e entry) added() []event.Change {
	var all []event.Change
	for _, field := range slices.Sorted(maps.Keys(e.Lists)) {
		for left := e.Lists[field]; len(left) > 0; {
			c := event.Change{Of: printed(e.Name), What: event.Added, Field: field}
			c.Gained, left = portion(left, mostInChange)
			all = append(all, c)
		}
	}
	for _, field := range slices.Sorted(maps.Keys(e.Values)) {
		all = append(all, event.Change{Of: printed(e.Name), What: event.Added, Field: field, Is: printed(e.Values[field])})
	}
	if len(all) == 0 {
		all = append(all, event.Change{Of: printed(e.Name), What: event.Added})
	}
	return all
}

// portion parts the first of values, at most so many, as changes show them.
func portion(values []string, most int) (first, rest []string) {
	n := min(most, len(values))
	for _, v := range values[:n] {
		first = append(first, printed(v))
	}
	return first, values[n:]
}

// printed is a value as changes show it, without what could hide or reorder text.
func printed(value string) string {
	switch {
	case strings.HasPrefix(value, concealed):
		return event.Concealed
	case strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) }):
		return strconv.QuoteToGraphic(value)
	}
	return value
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
