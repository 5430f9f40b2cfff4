package retry

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

var errAway = errors.New("away")

// tried runs Do in a bubble of its own and returns when each try began.
func tried(t *testing.T, p Pace, within time.Duration, try func(n int) error) (began []time.Duration, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		start := time.Now()
		err = p.Do(ctx, func() error {
			began = append(began, time.Since(start))
			return try(len(began))
		})
	})
	return began, err
}

func TestTheWaitsDoubleUpToTheLongest(t *testing.T) {
	began, err := tried(t, Pace{First: time.Second, Longest: 4 * time.Second}, time.Hour, func(n int) error {
		if n == 6 {
			return nil
		}
		return errAway
	})
	if err != nil || len(began) != 6 {
		t.Fatalf("got %d tries, %v, want 6 and no error", len(began), err)
	}
	for i, want := range []float64{1, 2, 4, 4, 4} {
		if got := (began[i+1] - began[i]).Seconds(); got < want/2 || got > want*3/2 {
			t.Errorf("wait %d: got %.1fs, want %.0fs give or take a half", i+1, got, want)
		}
	}
}

func TestAFinalErrorIsTheLast(t *testing.T) {
	began, err := tried(t, Pace{First: time.Second}, time.Hour, func(int) error { return Final(errAway) })
	if len(began) != 1 || err != errAway { //nolint:errorlint // it comes back without the mark
		t.Errorf("got %d tries, %v, want one and the error itself", len(began), err)
	}
}

func TestWhatTheOtherSideSaysGoesBeforeThePace(t *testing.T) {
	var told []time.Duration
	began, err := tried(t, Pace{First: time.Second, Report: func(err error, wait time.Duration) {
		told = append(told, wait)
		if !errors.Is(err, errAway) || err.Error() != errAway.Error() {
			t.Errorf("got %v, want the error as it was", err)
		}
	}}, time.Hour, func(n int) error {
		if n == 2 {
			return nil
		}
		return After(errAway, 40*time.Second)
	})
	if err != nil || len(began) != 2 || began[1] != 40*time.Second || len(told) != 1 || told[0] != 40*time.Second {
		t.Errorf("got tries at %v, told %v, %v, want the second after 40s", began, told, err)
	}
}

// TestWhatTicksTicksTogether: whoever begins when, they go on at the same moments.
func TestWhatTicksTicksTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(300 * time.Millisecond)
		for _, want := range []time.Duration{700 * time.Millisecond, time.Second, time.Second} {
			began := time.Now()
			Tick(t.Context(), time.Second)
			if got := time.Since(began); got != want || time.Now().Nanosecond() != 0 {
				t.Errorf("got a tick after %s, at %s, want one at the full second after %s", got, time.Now(), want)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		began := time.Now()
		Tick(ctx, time.Hour)
		if got := time.Since(began); got != 10*time.Millisecond {
			t.Errorf("got %s, want the end of the context", got)
		}
	})
}

func TestTriesAreCounted(t *testing.T) {
	began, err := tried(t, Pace{First: time.Second, Tries: 3}, time.Hour, func(int) error { return errAway })
	if len(began) != 3 || !errors.Is(err, errAway) {
		t.Errorf("got %d tries, %v, want 3", len(began), err)
	}
}

func TestTheEndOfTheContextEndsTheWaitAndKeepsTheLastError(t *testing.T) {
	began, err := tried(t, Pace{First: time.Minute}, time.Second, func(int) error { return errAway })
	if len(began) != 1 || !errors.Is(err, errAway) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %d tries, %v, want one, and both reasons", len(began), err)
	}
}

func TestWaitsBeginAnewAfterAReset(t *testing.T) {
	w := Pace{First: time.Second, Longest: time.Hour}.Waits()
	for range 8 {
		w.Next(errAway)
	}
	if got := w.Next(errAway); got < time.Minute {
		t.Errorf("got %s after eight failures, want minutes", got)
	}
	if got := w.Next(After(errAway, time.Millisecond)); got != time.Millisecond {
		t.Errorf("got %s, want what the other side says", got)
	}
	w.Reset()
	if got := w.Next(errAway); got > 2*time.Second {
		t.Errorf("got %s after a reset, want about a second", got)
	}
}
