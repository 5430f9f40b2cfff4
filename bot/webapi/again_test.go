package webapi

import (
	"context"
	"testing"
	"time"
)

func TestPuttingOffIsBounded(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tries := range []int{-1 << 62, -1, 0, 1, 63, 1 << 62} {
		if at, ok := PutOff(now, context.DeadlineExceeded, tries); !ok || at.Before(now) || at.After(now.Add(time.Minute)) {
			t.Errorf("%d tries: got %s, %v, want within a minute", tries, at, ok)
		}
	}
}
