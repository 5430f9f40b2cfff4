package config

import "iter"

// A Position is where something stands in the file, from 1.
type Position struct{ Line, Column int }

// At is what one key of the file holds, and where. What is not written stands
// where the map does that could have it.
type At[T any] struct {
	Position
	Value T    // its default when it is not OK
	Set   bool // the key is written
	OK    bool // and what it holds can be used; what depends on it is judged only then, so that one mistake is one problem
}

// An Entry is one of a map whose keys are up to the person.
type Entry[T any] struct {
	Key   At[string]
	Value At[T]
}

// reject takes back what was found to be no good.
func (a *At[T]) reject() {
	var none T
	a.Value, a.OK = none, false
}

// resolve gives a value to what is not written.
func (a *At[T]) resolve(v T) {
	if !a.OK {
		a.Value = v
	}
}

// refuse reports what is wrong with a value, and rejects it.
func refuse[T any](c *collector, a *At[T], format string, args ...any) {
	c.problem(a.Position, format, args...)
	a.reject()
}

// values are those of a list.
func values[T any](list []At[T]) []T {
	var out []T
	for _, a := range list {
		out = append(out, a.Value)
	}
	return out
}

// each goes over a list by reference.
func each[T any](list []At[T]) iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for i := range list {
			if !yield(&list[i].Value) {
				return
			}
		}
	}
}
