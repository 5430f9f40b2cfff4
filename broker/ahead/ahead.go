// Package ahead keeps answers that were asked for ahead.
//
// What a Visit asks the store one after the other is mostly known when it arrives, so it
// is asked in one trip. An answer serves the first question that is the same, once:
// whoever asks again wants to know anew. Whoever changes what was asked about drops it.
package ahead

import (
	"context"
	"sync"
)

type key struct{}

type answers struct {
	mu   sync.Mutex
	kept map[string]any
}

// With returns a ctx that can keep answers; without it none is kept.
func With(ctx context.Context) context.Context {
	return context.WithValue(ctx, key{}, &answers{kept: map[string]any{}})
}

// Kept reports whether ctx can keep answers.
func Kept(ctx context.Context) bool { return of(ctx) != nil }

// Keep keeps the answer to a question.
func Keep[T any](ctx context.Context, question string, answer T) {
	if a := of(ctx); a != nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.kept[question] = answer
	}
}

// Take returns the answer to a question and drops it; false when there is none.
func Take[T any](ctx context.Context, question string) (answer T, ok bool) {
	a := of(ctx)
	if a == nil {
		return answer, false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	answer, ok = a.kept[question].(T)
	delete(a.kept, question)
	return answer, ok
}

// Drop drops the answers to questions.
func Drop(ctx context.Context, questions ...string) {
	if a := of(ctx); a != nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		for _, q := range questions {
			delete(a.kept, q)
		}
	}
}

// Forget drops all answers.
func Forget(ctx context.Context) {
	if a := of(ctx); a != nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		clear(a.kept)
	}
}

func of(ctx context.Context) *answers {
	a, _ := ctx.Value(key{}).(*answers)
	return a
}
