package turns

import (
	"iter"
	"slices"
)

// A queue is first in, first out. It keeps nothing of what it gave.
type queue[E any] struct {
	elements []E
	head     int // of elements
}

func (q *queue[E]) len() int { return len(q.elements) - q.head }

func (q *queue[E]) push(e E) { q.elements = append(q.elements, e) }

func (q *queue[E]) pop() (e E, ok bool) {
	if q.len() == 0 {
		return e, false
	}
	var none E
	e, q.elements[q.head] = q.elements[q.head], none
	q.head++
	q.shrink()
	return e, true
}

// all are those that wait, to be changed in place.
func (q *queue[E]) all() iter.Seq[*E] {
	return func(yield func(*E) bool) {
		for i := range q.elements[q.head:] {
			if !yield(&q.elements[q.head+i]) {
				return
			}
		}
	}
}

// cut removes those of which is true, and returns them.
func (q *queue[E]) cut(is func(E) bool) (out []E) {
	for _, e := range q.elements[q.head:] {
		if is(e) {
			out = append(out, e)
		}
	}
	if out != nil {
		rest := slices.DeleteFunc(q.elements[q.head:], is)
		q.elements = q.elements[:q.head+len(rest)]
		q.shrink()
	}
	return out
}

// shrink gives up what is not used, at most once for each element that was pushed.
func (q *queue[E]) shrink() {
	switch {
	case q.len() == 0:
		q.elements, q.head = nil, 0
	case q.head > len(q.elements)/2:
		q.elements = slices.Clone(q.elements[q.head:])
		q.head = 0
	}
}
