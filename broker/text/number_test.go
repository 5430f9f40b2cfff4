package text_test

import (
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/text"
)

func TestDurationsReadAsPeopleTypeThem(t *testing.T) {
	for seconds, want := range map[int]string{0: "0s", 59: "59s", 900: "15m", 3600: "1h", 5400: "1h30m", 129600: "36h", 61: "1m1s"} {
		if got := text.FormatDuration(time.Duration(seconds) * time.Second); got != want {
			t.Errorf("FormatDuration(%ds) = %q, want %q", seconds, got, want)
		}
	}
}
