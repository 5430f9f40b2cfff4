package share

import "sync"

// Turns gather who waits for the same to be done. The zero value is ready.
type Turns[T any] struct {
	mu      sync.Mutex
	waiting map[string]*Turn[T] // that have not begun, by name
}

// A Turn is done once, for all who joined it before it began.
type Turn[T any] struct {
	result[T]
	turns  *Turns[T]
	name   string
	ids    []string
	urgent bool
}

// Join returns the Turn of that name that will be for id too; leads says that the
// caller has to Lead it.
func (t *Turns[T]) Join(name, id string, urgent bool) (turn *Turn[T], leads bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if turn = t.waiting[name]; turn == nil {
		turn, leads = &Turn[T]{turns: t, name: name, result: unfinished[T]()}, true
		if t.waiting == nil {
			t.waiting = map[string]*Turn[T]{}
		}
		t.waiting[name] = turn
	}
	turn.ids, turn.urgent = append(turn.ids, id), turn.urgent || urgent
	return turn, leads
}

// Lead does the Turn for all who joined. do begins it.
func (t *Turn[T]) Lead(do func() (T, error)) {
	defer close(t.done)
	defer t.Begin() // where do never came to that
	t.answer, t.err = do()
}

// Begin lets nobody join any more, and returns who did.
func (t *Turn[T]) Begin() []string {
	t.turns.mu.Lock()
	defer t.turns.mu.Unlock()
	if t.turns.waiting[t.name] == t {
		delete(t.turns.waiting, t.name)
	}
	return t.ids
}

// Urgent reports whether it is for somebody who joined it as urgent.
func (t *Turn[T]) Urgent() bool {
	t.turns.mu.Lock()
	defer t.turns.mu.Unlock()
	return t.urgent
}
