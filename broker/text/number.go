package text

import (
	"fmt"
	"strconv"
	"strings"
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

// Seconds writes d in whole seconds, rounded up.
func Seconds(d time.Duration) string {
	return FormatDuration(max(d+time.Second-1, time.Second).Truncate(time.Second))
}

// Minutes writes d in whole minutes, at least one.
func Minutes(d time.Duration) string { return FormatDuration(max(d.Round(time.Minute), time.Minute)) }

// Listed joins names, at most n of them, and says when it left some out.
func Listed(names []string, n int) string {
	if len(names) <= n {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:n], ", ") + " and more"
}
