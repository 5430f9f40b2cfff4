package command

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/bot/snippet/snippettest"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/history"
	"github.com/assumebot/assumebot/broker/prose"
)

func TestHistoryReadsItsWordsInAnyOrder(t *testing.T) {
	for text, want := range map[string]Command{
		"history":               {},
		"History":               {},
		"history prod":          {Account: "prod"},
		"history <@U02BOB|bob>": {Target: "U02BOB"},
		"history everybody":     {Past: Past{Everybody: true}},
		"history prod <@U02BOB> refused since 7d":      {Account: "prod", Target: "U02BOB", Past: Past{What: history.Refused, Since: 7 * day}},
		"history since 7 days refused <@U02BOB>":       {Target: "U02BOB", Past: Past{What: history.Refused, Since: 7 * day}},
		"history since 2w everyone granted":            {Past: Past{Everybody: true, What: history.Granted, Since: 14 * day}},
		"history break glass since 12h":                {Past: Past{What: history.BreakGlass, Since: 12 * time.Hour}},
		"history break-glass all":                      {Past: Past{What: history.BreakGlass, Everybody: true}},
		"history console prod":                         {Account: "prod", Past: Past{What: history.Console}},
		"history refused refusals prod prod since 1 h": {Account: "prod", Past: Past{What: history.Refused, Since: time.Hour}},
	} {
		want.Verb = VerbHistory
		got, err := ParseAssume(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, got, sameCode); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

func TestHistorySaysWhatItCannotRead(t *testing.T) {
	for text, want := range map[string]string{
		"history @bob":                  "Slack does not say who “bob” is",
		"history <!subteam^S123|@team>": "One person at a time",
		"history <@U02BOB> <@U03CAROL>": "one person or of everybody",
		"history everybody <@U02BOB>":   "one person or of everybody",
		"history <@U02BOB> everybody":   "one person or of everybody",
		"history granted refused":       "One kind at a time: there are granted and refused",
		"history prod staging":          "One account at a time",
		"history prod refsued":          "One account at a time",
		"history since":                 "the time is missing",
		"history since yesterday":       "“yesterday” is no time",
		"history since 7":               "“7” is no time",
		"history since 0d":              "“0d” is no time",
		"history since 30s":             "“30s” is no time",
		"history since 9999w":           "longer ago than ten years",
		"history since 2147483647w":     "longer ago than ten years",
		"history since 7d since 8d":     "The word since is there twice",
		"history prod 123456":           "six digits",
		"history p,rod":                 "is not the name of an account",
	} {
		_, err := ParseAssume(text)
		refused := broker.AsError(err, "")
		if err == nil || refused.Code != broker.CodeGrammar || !strings.Contains(prose.Plain(refused.What), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

func TestTheValueOfAButtonIsReadAsIfItWereTyped(t *testing.T) {
	c := Command{Verb: VerbHistory, Account: "prod", Target: "U02BOB", Past: Past{What: history.Refused, Since: 7 * day}}
	got, before, err := ReadHistory(HistoryValue(c, 4711))
	if err != nil || before != 4711 {
		t.Fatalf("got %d, %v", before, err)
	}
	if diff := cmp.Diff(c, got, sameCode); diff != "" {
		t.Error(diff)
	}
}

func FuzzReadHistory(f *testing.F) {
	for _, seed := range []string{
		"0 history", "4711 history prod <@U02BOB> refused since 10080m", "-1 history", "9007199254740993 history", "1 prod 123456", "", "1", "1 history <@U02BOB",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		c, before, err := ReadHistory(value)
		if err != nil {
			snippettest.CheckRefusal(t, value, broker.AsError(err, ""))
			return
		}
		if c.Verb != VerbHistory || before < 0 || before > maxBefore || c.Past.Since < 0 || c.Past.Since > maxSince || !c.Code.Empty() {
			t.Fatalf("%q: got %+v before %d", value, c, before)
		}
		again, same, err := ReadHistory(HistoryValue(c, before))
		if diff := cmp.Diff(c, again, sameCode); err != nil || same != before || diff != "" {
			t.Errorf("%q: got %d, %v, %s again", value, same, err, diff)
		}
	})
}
