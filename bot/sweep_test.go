package bot

import (
	"context"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/assumebot/assumebot/broker/secret"
)

func TestStartsAndVisitsAreSweptSoonAfterTheyEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var swept atomic.Int64
		s := newSweeper(func() { swept.Add(1) })
		ctx, cancel := context.WithCancel(t.Context())
		go s.run(ctx)
		touch := func(times int) {
			for range times {
				s.touch()
				synctest.Wait()
			}
		}
		after := func(d time.Duration, want int64) {
			t.Helper()
			time.Sleep(d) // of the bubble's own clock
			synctest.Wait()
			if got := swept.Load(); got != want {
				t.Errorf("got %d sweeps, want %d", got, want)
			}
		}
		after(sweepAfter, 1) // what the start held
		after(time.Hour, 1)
		touch(1)
		after(sweepAfter, 2)
		after(time.Hour, 2)
		touch(20) // the first asks for a sweep, and the others for one more
		after(sweepAfter, 3)
		after(sweepAfter, 4)
		after(time.Hour, 4)
		cancel()
		synctest.Wait()
	})
}

// TestNothingOfAVisitStaysAfterItWasSwept looks whether the payload of a Visit can
// still be reached, without a collection of the test's own.
func TestNothingOfAVisitStaysAfterItWasSwept(t *testing.T) {
	b := &core{ctx: t.Context()}
	swept := make(chan struct{}, 1)
	b.sweeper = newSweeper(func() { swept <- struct{}{} })
	held := func() weak.Pointer[[4096]byte] {
		payload := new([4096]byte)
		sent := secret.New(strings.Repeat("123456", 100))
		b.work(func(context.Context) {
			payload[0] = byte(len(sent.Reveal()))
			runtime.KeepAlive(payload)
		})
		return weak.Make(payload)
	}()
	b.working.Wait()
	if len(b.sweeper.touched) != 1 {
		t.Fatal("the end of a Visit asks for no sweep")
	}
	debug.FreeOSMemory()
	if held.Value() != nil {
		t.Error("what the Visit held can still be reached")
	}
}
