package bot

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker/secret"
)

func TestVisitsAreSweptOnceSoonAfterTheyEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		swept := 0
		s := newSweeper(func() { swept++ })
		ctx, cancel := context.WithCancel(t.Context())
		go s.run(ctx)
		for _, want := range []int{1, 2} {
			for range 20 {
				s.touch()
				synctest.Wait()
			}
			time.Sleep(sweepAfter) // of the bubble's own clock
			synctest.Wait()
			if swept != want {
				t.Errorf("got %d sweeps, want %d", swept, want)
			}
		}
		time.Sleep(time.Hour)
		if swept != 2 {
			t.Errorf("idle: got %d sweeps, want 2", swept)
		}
		cancel()
		synctest.Wait()
	})
}

// TestNothingOfAVisitStaysAfterItWasSwept looks whether the payload of a Visit can
// still be reached, without a collection of the test's own.
func TestNothingOfAVisitStaysAfterItWasSwept(t *testing.T) {
	b := &core{ctx: t.Context(), web: webapi.New(nil, webapi.NewHTTPClient(), "")}
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
	b.sweepMemory()
	if held.Value() != nil {
		t.Error("what the Visit held can still be reached")
	}
}
