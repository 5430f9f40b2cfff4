package patience_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assumebot/assumebot/broker/patience"
)

func TestCallsToAWSEndInTimeForWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // its clock stands still
		for name, test := range map[string]struct {
			ago  time.Duration // since the person asked; below 0: nobody waits
			ends time.Duration
			late bool
		}{
			"nobody waits":           {ago: -1, ends: 15 * time.Second},
			"just asked":             {ends: 12 * time.Second},
			"asked a while ago":      {ago: 5 * time.Second, ends: 7 * time.Second},
			"just enough time left":  {ago: 10 * time.Second, ends: 2 * time.Second},
			"less than that":         {ago: 10*time.Second + 1, ends: 2*time.Second - 1, late: true},
			"the time is over":       {ago: time.Minute, ends: -48 * time.Second, late: true},
			"a clock that went back": {ago: -time.Hour, ends: 15 * time.Second},
		} {
			ctx := context.Background()
			if test.ago != -1 {
				ctx = patience.With(ctx, time.Now().Add(-test.ago))
			}
			calls, done := patience.ForAWS(ctx)
			if end, ok := calls.Deadline(); !ok || time.Until(end) != test.ends {
				t.Errorf("%s: calls end in %s, want %s", name, time.Until(end), test.ends)
			}
			done()
			if got := patience.TooLate(ctx); got != test.late {
				t.Errorf("%s: got too late %t, want %t", name, got, test.late)
			}
		}
	})
}

func TestCallsToAWSEndWithWhatTheyAreFor(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	calls, done := patience.ForAWS(patience.With(ctx, time.Now()))
	defer done()
	cancel()
	if calls.Err() == nil {
		t.Error("got calls that go on after what they are for")
	}
}
