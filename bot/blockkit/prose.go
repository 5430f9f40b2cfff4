package blockkit

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/assumebot/assumebot/broker/text"
)

// Counted is n things: 1 bucket, 2 buckets.
func Counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// EntryName is how an entry of the record is called everywhere: record 4,711.
func EntryName(number int64) string {
	digits := strconv.FormatInt(max(number, 0), 10)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return "record " + digits
}

// NoMFA is said of credentials that no code was needed for.
const NoMFA = "NO MFA: these credentials were issued without a second factor."

// TimeLeft writes a duration as people say it, to the minute.
func TimeLeft(d time.Duration) string {
	if d < time.Minute {
		return "less than a minute"
	}
	return text.FormatDuration(d.Round(time.Minute))
}

// Shortened cuts text after n characters, and shows that it did.
func Shortened(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:n]) + "…"
}

// List joins words as a sentence does.
func List(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// Named is how a person is called, without pinging them.
func Named(name, slackID string) string {
	if name == "" {
		return slackID
	}
	return name + " (" + slackID + ")"
}
