package command

import (
	"strings"
	"testing"
)

func TestParseAssumeReadsRevoke(t *testing.T) {
	for text, want := range map[string]Command{
		"revoke prod":                       {Verb: VerbRevoke, Account: "prod"},
		" Revoke  PROD ":                    {Verb: VerbRevoke, Account: "prod"},
		"revoke prod because INC-42 laptop": {Verb: VerbRevoke, Account: "prod", Reason: "INC-42 laptop"},
		"revoke prod Because “lost it”":     {Verb: VerbRevoke, Account: "prod", Reason: "lost it"},
	} {
		if got, err := ParseAssume(text); err != nil || got != want {
			t.Errorf("%q: got %+v, %v, want %+v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"revoke":                     "Of which account?",
		"revoke prod staging":        "I do not know the word “staging” there. One account at a time",
		"revoke a/b":                 "“a/b” is not the name of an account",
		"revoke prod <@U02BOB|bob>":  "One account at a time",
		"revoke 123456":              "not the name of an account",
		"revoke prod-123456":         "not the name of an account",
		"revoke prod because":        "the reason is missing",
		"revoke prod because 123456": "six digits that look like your code",
		"revoke prod because " + strings.Repeat("x", maxReason+1): "at most 500 characters",
	} {
		if got, err := ParseAssume(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %+v, %v, want an error with %q", text, got, err, want)
		}
	}
}
