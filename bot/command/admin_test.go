package command

import (
	"strings"
	"testing"
)

func TestParseAssumeReadsWhatAdminsWrite(t *testing.T) {
	for text, want := range map[string]Command{
		"who":                            {Verb: VerbWho},
		"Status":                         {Verb: VerbStatus},
		" Resume ":                       {Verb: VerbResume},
		"pause":                          {Verb: VerbPause},
		"pause because the worst day":    {Verb: VerbPause, Reason: "the worst day"},
		"unlock <@U02BOB|bob>":           {Verb: VerbUnlock, Target: "U02BOB"},
		"UNBLOCK <@W02BOB>":              {Verb: VerbUnblock, Target: "W02BOB"},
		"block <@U02BOB|bob>":            {Verb: VerbBlock, Target: "U02BOB"},
		"unlock <@U02BOB|bob> because x": {Verb: VerbUnlock, Target: "U02BOB", Reason: "x"},
		"resume because all is well":     {Verb: VerbResume, Reason: "all is well"},
		"block <@U02BOB|bob> because x":  {Verb: VerbBlock, Target: "U02BOB", Reason: "x"},
		"revoke <@U02BOB|bob>":           {Verb: VerbRevoke, Target: "U02BOB"},
		"revoke <@U02BOB|bob> PROD":      {Verb: VerbRevoke, Target: "U02BOB", Account: "prod"},
		"revoke <@U02BOB|bob> prod because <@U03CAROL|carol> saw it": {Verb: VerbRevoke, Target: "U02BOB", Account: "prod", Reason: "@carol saw it"},
		"revoke <@U02BOB|bob> because lost":                          {Verb: VerbRevoke, Target: "U02BOB", Reason: "lost"},
		"whoami":                                                     {Verb: VerbWhoami},
	} {
		if got, err := ParseAssume(text); err != nil || got != want {
			t.Errorf("%q: got %+v, %v, want %+v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"who is it":                                 "I do not know the word “is” there. Nothing was done.",
		"status now":                                "I do not know the word “now” there. Nothing was done.",
		"status because x":                          "I do not know the word “because” there. Nothing was done.",
		"resume now":                                "I do not know the word “now” there. Nothing was done.",
		"pause now":                                 "I do not know the word “now” there. Nothing was done.",
		"pause because":                             "the reason is missing",
		"pause because 123456":                      "six digits that look like your code",
		"block":                                     "Whom?",
		"block @bob":                                "who “bob” is: anybody can use that name",
		"block “@bob”":                              "anybody can use that name",
		"revoke @bob prod":                          "anybody can use that name",
		"block bob":                                 "“bob” is not a mention of a person",
		"block U02BOB":                              "not a mention of a person",
		"block <!subteam^S01TEAM|@team>":            "One person at a time",
		"revoke <!here>":                            "One person at a time",
		"block <#C0GENERAL|general>":                "One person at a time",
		"block <@U02BOB|bob> <@U03CAROL|carol>":     "do not understand all of that",
		"blokc <@U02BOB|bob>":                       "is read as an account",
		"unblock <@U02BOB|bob> now":                 "I do not know the word “now” there. Nothing was done.",
		"revoke <@U02BOB|bob> 123456":               "the name of an account",
		"revoke <@U02BOB|bob> a/b":                  "“a/b” is not the name of an account. Nothing was done.",
		"revoke <@U02BOB|bob> <@U03CAROL|carol>":    "the name of an account",
		"revoke <@U02BOB|bob> prod staging":         "I do not know the word “staging” there. Nothing was done.",
		"revoke <@U02BOB|bob> prod because 123 456": "six digits that look like your code",
		"block <@U02BOB|bob> because " + strings.Repeat("x", maxReason+1): "at most 500 characters",
	} {
		if got, err := ParseAssume(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %+v, %v, want an error with %q", text, got, err, want)
		} else if got != (Command{}) {
			t.Errorf("%q: got %+v beside an error", text, got)
		}
	}
}
