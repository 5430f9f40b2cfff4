package secret

import (
	"regexp"
	"strings"
)

// A TokenCode is the six digits of an MFA device. It is a secret until it is
// spent, and treated as one afterwards too.
type TokenCode struct{ Text }

// ParseTokenCode takes exactly six ASCII digits, which is what STS takes.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func ParseTokenCode(s string) (TokenCode, bool) {
	if len(s) != 6 {
		return TokenCode{}, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return TokenCode{}, false
		}
	}
	return TokenCode{New(s)}, true
}

// betweenDigits is what people write between the digits of a code.
var betweenDigits = regexp.MustCompile(`([0-9])[-._]+([0-9])`)

// MayHoldCode reports whether word holds exactly six digits in a row, with or
// without something between them. That is a code whose space was forgotten
// (prod123456, prod-123-456), and taking it for part of a name would put a live
// code on the record.
func MayHoldCode(word string) bool {
	for joined := ""; joined != word; {
		joined, word = word, betweenDigits.ReplaceAllString(word, "$1$2")
	}
	for _, run := range strings.FieldsFunc(word, func(r rune) bool { return r < '0' || r > '9' }) {
		if len(run) == 6 {
			return true
		}
	}
	return false
}
