package share

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
)

// TestARunServesThoseThatNeedNothingElse, and never one that needs more.
func TestARunServesThoseThatNeedNothingElse(t *testing.T) {
	var runs Runs[int]
	began, end, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		_, _, _ = runs.Do(context.Background(), "alice staging", []string{"old"}, func() int {
			close(began)
			<-end
			return 1
		})
	}()
	<-began
	for _, other := range []struct {
		name string
		ids  []string
	}{{"alice staging", []string{"old", "newer"}}, {"bob staging", []string{"old"}}} {
		if got, shared, err := runs.Do(t.Context(), other.name, other.ids, func() int { return 7 }); shared || got != 7 || err != nil {
			t.Errorf("%s, %v: got %d, shared %v, %v, want a run of its own", other.name, other.ids, got, shared, err)
		}
	}
	close(end)
	<-ended
	if _, shared, _ := runs.Do(t.Context(), "alice staging", []string{"old"}, func() int { return 0 }); shared {
		t.Error("one that had ended was waited for")
	}
}

func TestAnIdenticalRunGetsTheAnswerOfTheOneUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs Runs[int]
		end := make(chan struct{})
		do := func(run func() int) (int, bool, error) {
			return runs.Do(context.Background(), "alice staging", []string{"old"}, run)
		}
		go func() {
			_, _, _ = do(func() int {
				<-end
				return 1
			})
		}()
		synctest.Wait()
		for range 27 {
			go func() {
				got, shared, err := do(func() int { return 7 })
				if got != 1 || !shared || err != nil {
					t.Errorf("got %d, %v, want the answer of the first", got, err)
				}
			}()
		}
		synctest.Wait()
		close(end)
		synctest.Wait()
	})
}

func TestWhoComesBeforeATurnBeginsJoinsIt(t *testing.T) {
	var turns Turns[int]
	first, leads := turns.Join("role", "alice", false)
	second, follows := turns.Join("role", "bob", true)
	if !leads || follows || first != second || !first.Urgent() {
		t.Fatalf("got leads %v, %v and urgent %v, want one turn that is urgent", leads, follows, first.Urgent())
	}
	if got := first.Begin(); !slices.Equal(got, []string{"alice", "bob"}) {
		t.Errorf("got %v, want both", got)
	}
	if late, leads := turns.Join("role", "carol", false); !leads || late == first {
		t.Error("who came after it began joined it: what was issued meanwhile would not be refused")
	}
}

func TestWhoWaitedForARunThatPanickedIsNotToldThatItEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs Runs[int]
		var turns Turns[int]
		end := make(chan struct{})
		do := func(run func() int) (int, bool, error) {
			return runs.Do(context.Background(), "alice staging", []string{"old"}, run)
		}
		turn, _ := turns.Join("role", "alice", false)
		go func() {
			defer func() { _ = recover() }()
			_, _, _ = do(func() int { <-end; panic("x") })
		}()
		go func() {
			defer func() { _ = recover() }()
			turn.Lead(func() (int, error) { <-end; panic("x") })
		}()
		synctest.Wait()
		go func() {
			if got, shared, err := do(func() int { return 7 }); !shared || !errors.Is(err, ErrUnfinished) {
				t.Errorf("got %d, shared %t, %v, want an error for what nobody finished", got, shared, err)
			}
		}()
		go func() {
			if _, err := turn.Wait(context.Background()); !errors.Is(err, ErrUnfinished) {
				t.Errorf("got %v, want an error for what nobody finished", err)
			}
		}()
		synctest.Wait()
		close(end)
	})
}

func TestWhoHasNoMoreTimeToWaitForARunDecidesThemselvesWhatToDo(t *testing.T) {
	var runs Runs[int]
	under := &run[int]{result: unfinished[int]()}
	runs.under = map[string]*run[int]{"alice staging": under}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	do := func() int {
		t.Error("do was called, with no time left")
		return 7
	}
	if got, shared, err := runs.Do(ctx, "alice staging", nil, do); got != 0 || !shared || !errors.Is(err, ErrUnfinished) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %d, shared %t, %v, want nothing, as it did not end and there is no more time", got, shared, err)
	}
	under.answer, under.err = 1, nil
	close(under.done)
	for range 100 { // both are there, and select takes either
		if got, shared, err := runs.Do(ctx, "alice staging", nil, do); got != 1 || !shared || err != nil {
			t.Fatalf("got %d, shared %t, %v, want what was done at the last moment", got, shared, err)
		}
	}
}
