package broker

// A TokenCode is the six digits of an MFA device. It is a secret until it is
// spent, and treated as one afterwards too.
type TokenCode struct{ Secret }

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
	return TokenCode{NewSecret(s)}, true
}
