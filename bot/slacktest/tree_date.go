package slacktest

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"
)

var dateToken = regexp.MustCompile(`\{[a-z_]+\}`)

// date prints a template as Slack's client in American English does, with a
// clock of twelve hours. A template with a token that Slack does not know
// shows its fallback.
// https://docs.slack.dev/reference/block-kit/block-elements/date-element
func (t *treeReader) date(unix int64, template, url, fallback string) Span {
	s := Span{Kind: SpanDate, Text: fallback, Ref: strconv.FormatInt(unix, 10), URL: url}
	if unix < 0 {
		return s
	}
	zone := t.reader.Zone
	if zone == nil {
		zone = time.UTC
	}
	at, now := time.Unix(unix, 0).In(zone), t.reader.Now.In(zone)
	known := true
	text := dateToken.ReplaceAllStringFunc(template, func(token string) string {
		word, ok := dateWord(token, at, now)
		known = known && ok
		return word
	})
	if !known {
		return s
	}
	// Observed, not documented: what the template begins with is capitalised,
	// and a zero-width space before it prevents that.
	// https://metacpan.org/pod/Slack::BlockKit::Block::RichText::Date
	switch first, size := utf8.DecodeRuneInString(text); {
	case first == '\u200b':
		text = text[size:]
	case unicode.IsLower(first):
		text = string(unicode.ToUpper(first)) + text[size:]
	}
	s.Text = text
	return s
}

func dateWord(token string, at, now time.Time) (string, bool) {
	month := at.Format("January ") + ordinal(at.Day())
	long := at.Format("Monday, ") + month
	pretty := func(otherwise string) (string, bool) {
		if near := nearDay(at, now); near != "" {
			return near, true
		}
		return otherwise, true
	}
	switch token {
	case "{date_num}":
		return at.Format("2006-01-02"), true
	case "{date_slash}":
		return at.Format("02/01/2006"), true
	case "{date}", "{date_long_full}":
		return month + at.Format(", 2006"), true
	case "{date_short}":
		return at.Format("Jan 2, 2006"), true
	case "{date_long}":
		return long + at.Format(", 2006"), true
	case "{date_pretty}":
		return pretty(month + at.Format(", 2006"))
	case "{date_short_pretty}":
		return pretty(at.Format("Jan 2, 2006"))
	case "{date_long_pretty}":
		return pretty(long + at.Format(", 2006"))
	case "{day_divider_pretty}":
		if at.Year() == now.Year() {
			return pretty(long)
		}
		return pretty(long + at.Format(", 2006"))
	case "{time}":
		return at.Format("3:04 PM"), true
	case "{time_secs}":
		return at.Format("3:04:05 PM"), true
	case "{ago}":
		return ago(at, now), true
	}
	return "", false
}

func ordinal(n int) string {
	suffix := "th"
	if n < 11 || n > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.Itoa(n) + suffix
}

// nearDay is yesterday, today, tomorrow, or nothing.
func nearDay(at, now time.Time) string {
	for days, word := range map[int]string{-1: "yesterday", 0: "today", 1: "tomorrow"} {
		if y, m, d := now.AddDate(0, 0, days).Date(); at.Year() == y && at.Month() == m && at.Day() == d {
			return word
		}
	}
	return ""
}

func ago(at, now time.Time) string {
	d, form := now.Sub(at), "%s ago"
	if d < 0 {
		d, form = -d, "in %s"
	}
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		if n := int(d / unit.length); n > 0 {
			plural := "s"
			if n == 1 {
				plural = ""
			}
			return fmt.Sprintf(form, fmt.Sprintf("%d %s%s", n, unit.name, plural))
		}
	}
	return "now"
}
