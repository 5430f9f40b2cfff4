package bot

import (
	"context"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/turns"
)

// TestStoppingSaysWhatItAbandoned has been told to stop as long ago as what was accepted
// may take then.
func TestStoppingSaysWhatItAbandoned(t *testing.T) {
	b := goldenBot()
	b.sweeper = newSweeper(func() {})
	ctx, abandon := context.WithCancel(t.Context())
	b.ctx = ctx
	b.intake.turns = turns.New(turns.Deps[arrival]{
		Bounds: turns.Bounds{Own: 1, OwnWaiting: 1, Bytes: 1 << 20},
		Serve:  func(arrival) { <-ctx.Done() },
	})
	b.intake.turns.TakeOwn(arrival{}, 1)
	b.work(func(ctx context.Context) { <-ctx.Done() })
	b.work(func(ctx context.Context) { <-ctx.Done() })
	told := make(chan time.Time, 1)
	told <- time.Now().Add(-drainTimeout)
	b.drain(told, abandon)
	if got := b.Abandoned(); got != 3 {
		t.Errorf("got %d abandoned, want the 3 that had not ended", got)
	}
}
