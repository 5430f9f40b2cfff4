package text

import (
	"fmt"
	"strconv"
	"time"
)

// FormatDuration writes d as people type it: 90m, 2h, 1h30m.
func FormatDuration(d time.Duration) string {
	h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	out := ""
	if h > 0 {
		out += fmt.Sprintf("%dh", h)
	}
	if m > 0 {
		out += fmt.Sprintf("%dm", m)
	}
	if s > 0 || out == "" {
		out += fmt.Sprintf("%ds", s)
	}
	return out
}

// FormatNumber writes n as people read it: 10,000.
func FormatNumber(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", FormatNumber(n/1000), n%1000)
}
