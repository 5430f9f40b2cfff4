package main

import (
	"math"
	"testing"
	"time"
)

// TestTheTrendOfASoakIsWhatStaysOnceItIsWarm takes what grows at first alone, what sways,
// and what leaks.
func TestTheTrendOfASoakIsWhatStaysOnceItIsWarm(t *testing.T) {
	for name, test := range map[string]struct {
		at   func(i float64) float64
		want float64
	}{
		"stays":           {func(float64) float64 { return 40 }, 0},
		"grows at first":  {func(i float64) float64 { return 40 + min(i, 40) }, 0},
		"sways":           {func(i float64) float64 { return 40 + 5*math.Mod(i, 2) }, 0},
		"leaks":           {func(i float64) float64 { return 40 + i/10 }, 5.9},
		"leaks and sways": {func(i float64) float64 { return 40 + i/10 + 5*math.Mod(i, 2) }, 5.9},
	} {
		var samples []sample
		for i := range 100 {
			s := sample{at: time.Duration(i) * time.Second}
			s.values[soakFiles] = test.at(float64(i))
			samples = append(samples, s)
		}
		got := trendOf(samples, soakFiles)
		if math.Abs(got.grew()-test.want) > 0.3 || got.span != 59*time.Second {
			t.Errorf("%s: got a growth of %.2f in %s, want %.2f in 59s", name, got.grew(), got.span, test.want)
		}
	}
}
