package command

import (
	"strings"
	"time"

	"github.com/assumebot/assumebot/bot/typed"
)

// maxTypedDuration bounds what is read at all. Each Account's own maximum is
// the broker's to judge, and it says more.
const maxTypedDuration = 30 * 24 * time.Hour

// A durationProblem says why the words after for are not a duration.
type durationProblem int

const (
	durationFine durationProblem = iota
	durationMissing
	durationUnreadable
	durationUnitless
	durationZero
	durationNegative
	durationTooLong
)

// readTyped reads a duration from the beginning of words, which are lower
// case, and returns how many it took. It stops where the next word cannot belong
// to it, since the code may follow: for 2h 123456.
func readTyped(words []string) (total time.Duration, used int, problem durationProblem) {
	if len(words) == 0 {
		return 0, 0, durationMissing
	}
	if rest, ok := strings.CutPrefix(words[0], "-"); ok && startsWithDigit(rest) {
		return 0, 0, durationNegative
	}
	for used < len(words) {
		at := used
		if used > 0 && words[at] == "and" {
			at++
		}
		part, taken, problem := readPart(words[at:])
		if problem == durationMissing || problem == durationUnreadable {
			break
		}
		if problem == durationUnitless && used > 0 && mayBeCode(words[at:]) {
			break
		}
		if problem != durationFine {
			return 0, 0, problem
		}
		total, used = total+part, at+taken
		if total > maxTypedDuration {
			return 0, 0, durationTooLong
		}
	}
	if used == 0 {
		return 0, 0, durationUnreadable
	}
	if total = total.Truncate(time.Second); total == 0 {
		return 0, 0, durationZero
	}
	return total, used, durationFine
}

// mayBeCode tells, of a number without a unit behind a whole duration, the
// beginning of a code from minutes that lack their unit (for 1 hour 30).
func mayBeCode(words []string) bool {
	return len(words[0]) > 2 || len(words) > 1 && typed.Digits(words[1]) != ""
}

// readPart reads one number and its unit, or one word that holds several of both.
func readPart(words []string) (part time.Duration, taken int, problem durationProblem) {
	if len(words) == 0 {
		return 0, 0, durationMissing
	}
	if startsWithDigit(words[0]) {
		part, problem = readCompact(words[0])
		if problem != durationUnitless || len(words) < 2 {
			return part, 1, problem
		}
		one, known := unit(words[1])
		if !known {
			return 0, 0, durationUnitless
		}
		part, problem = times(words[0], one)
		return part, 2, problem
	}
	if words[0] == "half" {
		return readHalf(words)
	}
	count, ok := numberWord(words[0])
	if !ok || len(words) < 2 {
		return 0, 0, durationUnreadable
	}
	one, known := unit(words[1])
	if !known {
		return 0, 0, durationUnreadable
	}
	return time.Duration(count) * one, 2, durationFine
}

// readHalf reads half an hour.
func readHalf(words []string) (time.Duration, int, durationProblem) {
	at := 1
	if at < len(words) && (words[at] == "a" || words[at] == "an") {
		at++
	}
	if at == len(words) {
		return 0, 0, durationUnreadable
	}
	one, known := unit(words[at])
	if !known {
		return 0, 0, durationUnreadable
	}
	return one / 2, at + 1, durationFine
}

// readCompact reads 90m, 1h30m, 1.5h and 1h30. A word of digits alone is
// unitless.
func readCompact(word string) (total time.Duration, problem durationProblem) {
	last := time.Duration(0)
	for word != "" {
		number := word[:len(word)-len(strings.TrimLeft(word, "0123456789.,"))]
		word = word[len(number):]
		letters := word
		if i := strings.IndexAny(word, "0123456789.,"); i >= 0 {
			letters = word[:i]
		}
		word = word[len(letters):]
		one, known := unit(letters)
		switch {
		case number == "":
			return 0, durationUnreadable
		case known:
		case letters == "" && last == 0:
			return 0, durationUnitless
		case letters == "" && last == time.Hour && len(number) == 2:
			one = time.Minute
		default:
			return 0, durationUnreadable
		}
		part, problem := times(number, one)
		if problem != durationFine {
			return 0, problem
		}
		total, last = total+part, one
		if total > maxTypedDuration {
			return 0, durationTooLong
		}
	}
	return total, durationFine
}

// times multiplies a decimal number by a unit, with a dot or a comma and up to
// three decimals.
func times(number string, one time.Duration) (time.Duration, durationProblem) {
	whole, decimals, _ := strings.Cut(strings.ReplaceAll(number, ",", "."), ".")
	if whole == "" || len(decimals) > 3 || strings.Contains(decimals, ".") {
		return 0, durationUnreadable
	}
	limit := maxTypedDuration / one
	count := time.Duration(0)
	for _, digit := range whole {
		if digit < '0' || digit > '9' {
			return 0, durationUnreadable
		}
		if count = count*10 + time.Duration(digit-'0'); count > limit {
			return 0, durationTooLong
		}
	}
	total, place := count*one, one //nolint:durationcheck // count is a number of ones
	for _, digit := range decimals {
		place /= 10
		total += time.Duration(digit-'0') * place
	}
	return total, durationFine
}

func startsWithDigit(word string) bool {
	return word != "" && word[0] >= '0' && word[0] <= '9'
}

func unit(word string) (time.Duration, bool) {
	switch word {
	case "s", "sec", "secs", "second", "seconds":
		return time.Second, true
	case "m", "min", "mins", "minute", "minutes":
		return time.Minute, true
	case "h", "hr", "hrs", "hour", "hours":
		return time.Hour, true
	case "d", "day", "days":
		return 24 * time.Hour, true
	}
	return 0, false
}

// numberWord reads the numbers that dictation writes out.
func numberWord(word string) (int, bool) {
	switch word {
	case "a", "an":
		return 1, true
	case "fifteen":
		return 15, true
	case "twenty":
		return 20, true
	case "thirty":
		return 30, true
	case "forty-five":
		return 45, true
	case "sixty":
		return 60, true
	case "ninety":
		return 90, true
	}
	for n, name := range smallNumbers() {
		if word == name {
			return n, true
		}
	}
	return 0, false
}

// smallNumbers are the words for zero to twelve.
func smallNumbers() []string {
	return []string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"}
}
