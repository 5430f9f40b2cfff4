package storetest

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/store"
)

// The clock of a real Redis cannot be moved, so a test waits for units of it and must do
// its own work well within one. A machine that is busy may need longer: what such a test
// then says is no word about the store. So it is tried, and where it failed and took too
// long, tried again with a longer unit.

// units are those of a real Redis.
var units = []time.Duration{600 * time.Millisecond, 3 * time.Second, 15 * time.Second}

// embeddedUnit goes by without waiting.
const embeddedUnit = time.Minute

// inTime runs a test on the Redis at url, with as long a unit as the machine needs.
func (test test) inTime(t *testing.T, url string) {
	if url == store.Embedded {
		test.run(t, newHarness(t, url, embeddedUnit))
		return
	}
	for i, unit := range units {
		h, a := newHarness(t, url, unit), &try{TB: t}
		a.run(func() { test.run(a, h) })
		if !a.Failed() {
			return
		}
		if i == len(units)-1 || h.longestWork() < unit/8 {
			a.tell()
			return
		}
		t.Logf("it worked for %s at a stretch, which says nothing in units of %s: it is tried with a longer one", h.longestWork(), unit)
	}
}

// pause and resume are around the time that a test waits for.
func (h *harness) pause() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.worked = max(h.worked, time.Since(h.since))
}

func (h *harness) resume() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.since = time.Now()
}

// overslept notes that a wait took longer than it should have, which is the test's time too.
func (h *harness) overslept(by time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.worked = max(h.worked, by)
}

// longestWork is how long the test worked between two waits.
func (h *harness) longestWork() time.Duration {
	h.pause()
	return h.worked
}

// A try keeps what a test says of its failure. All else is the test's own.
type try struct {
	testing.TB

	mu     sync.Mutex
	failed bool
	said   []string
}

// run runs f to its end, or to where it gives up.
func (a *try) run(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	<-done
}

func (a *try) fail(said string) {
	said = place() + said
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failed = true
	a.said = append(a.said, said)
}

// place is where in the suite, and on whose behalf.
func place() string {
	callers := make([]uintptr, 16)
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers)])
	var at strings.Builder
	for {
		frame, more := frames.Next()
		if file := filepath.Base(frame.File); strings.HasPrefix(file, "suite_") {
			fmt.Fprintf(&at, "%s:%d: ", file, frame.Line)
		}
		if !more {
			return at.String()
		}
	}
}

// tell has the test itself fail.
func (a *try) tell() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.TB.Fail()
	for _, said := range a.said {
		a.Log(said)
	}
}

// Failed implements [testing.TB], as do those below.
func (a *try) Failed() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.failed
}

func (a *try) Fail() { a.fail("failed") }

func (a *try) FailNow() {
	a.fail("failed")
	runtime.Goexit()
}

func (a *try) Error(args ...any) { a.fail(fmt.Sprintln(args...)) }

func (a *try) Errorf(format string, args ...any) { a.fail(fmt.Sprintf(format, args...)) }

func (a *try) Fatal(args ...any) {
	a.fail(fmt.Sprintln(args...))
	runtime.Goexit()
}

func (a *try) Fatalf(format string, args ...any) {
	a.fail(fmt.Sprintf(format, args...))
	runtime.Goexit()
}
