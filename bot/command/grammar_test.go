package command

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/bot/snippet/snippettest"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

// A parseCase is what is typed and what it means: a Command, or a part of the
// sentence that refuses it.
type parseCase struct {
	name string
	text string
	want Command
	fail string // part of Message and Hint; "": no error
}

func tokenCode(s string) secret.TokenCode {
	c, ok := secret.ParseTokenCode(s)
	if !ok {
		panic("not a code")
	}
	return c
}

// withCode is /assume prod 123456.
func withCode(change func(*Command)) Command {
	c := Command{Verb: VerbAssume, Account: "prod", Code: tokenCode("123456")}
	if change != nil {
		change(&c)
	}
	return c
}

var sameCode = cmp.Comparer(func(a, b secret.TokenCode) bool { return a.Reveal() == b.Reveal() })

func checkParse(t *testing.T, parse func(string) (Command, error), tests []parseCase) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := parse(test.text)
			if test.fail == "" {
				if err != nil {
					t.Fatalf("parse(%q) = %v, want a command", test.text, err)
				}
				if diff := cmp.Diff(test.want, got, sameCode); diff != "" {
					t.Errorf("parse(%q): (-want +got)\n%s", test.text, diff)
				}
				return
			}
			var refused *broker.Error
			if !errors.As(err, &refused) || refused.Code != broker.CodeGrammar {
				t.Fatalf("parse(%q) = %+v, %v, want a grammar error", test.text, got, err)
			}
			if said := prose.Plain(refused.What) + " " + prose.Plain(refused.Hint); !strings.Contains(said, test.fail) {
				t.Errorf("parse(%q) says %q, want it to say %q", test.text, said, test.fail)
			}
			snippettest.CheckRefusal(t, test.text, refused)
		})
	}
}

func TestParseAssumeReadsEverySpellingOfAccountAndCode(t *testing.T) {
	tests := []parseCase{
		{name: "accountAlone", text: "prod", want: Command{Verb: VerbAssume, Account: "prod"}},
		{name: "digitsInAccount", text: "eu2024", want: Command{Verb: VerbAssume, Account: "eu2024"}},
		{name: "link", text: "<http://prod.example.com|prod.example.com> 123456", want: withCode(func(c *Command) { c.Account = "prod.example.com" })},
		{name: "linkWithoutLabel", text: "<http://prod.example.com> 123456", want: withCode(func(c *Command) { c.Account = "prod.example.com" })},
		{name: "dashInAccount", text: "prod-eu_1 123456", want: withCode(func(c *Command) { c.Account = "prod-eu_1" })},
	}
	for name, text := range map[string]string{
		"word": "prod 123456 break-glass because all is down", "before": "break-glass prod 123456 because all is down",
		"phone": "prod 123 456 —break–glass because all is down", "spaced": "prod 123456 break glass because all is down",
		"joined": "prod 123456 Breakglass because all is down", "beforeTheCode": "prod break-glass 123456 because all is down",
	} {
		tests = append(tests, parseCase{name: "breakGlass " + name, text: text, want: withCode(func(c *Command) { c.BreakGlass, c.Reason = true, "all is down" })})
	}
	tests = append(tests,
		parseCase{name: "breakGlassWithoutReason", text: "prod 123456 break-glass", fail: "break-glass needs a reason"},
		parseCase{name: "breakGlassTwice", text: "prod break-glass break-glass because x", fail: "twice"},
		parseCase{name: "misspeltVerb", text: "revok vault", fail: "Did you mean assume revoke?"},
		parseCase{name: "approve", text: "approve vault", fail: "Approvers press Approve"},
		parseCase{name: "breakAlone", text: "prod 123456 break because x", fail: "I do not know the word"},
		parseCase{name: "breakGlassInReason", text: "prod 123456 because of break-glass", want: withCode(func(c *Command) { c.Reason = "of break-glass" })},
	)
	for name, text := range map[string]string{
		"plain": "prod 123456", "spacedCode": "prod 123 456", "dashedCode": "prod 123-456", "thirds": "prod 12 34 56",
		"longDash": "prod 123–456", "dotted": "prod 123.456", "codeFirst": "123456 prod", "spacedCodeFirst": "123 456 prod",
		"spaces": "   prod \t\n  123456  ", "nbsp": "prod\u00a0123\u202f456", "zeroWidthSpace": "prod\u200b123456",
		"zeroWidthInside": "pr\u2060od 123\ufeff456", "bidi": "\u202dprod\u202c 123456", "capitals": "PROD 123456", "capital": "Prod 123456",
		"fullwidth": "ｐｒｏｄ　１２３４５６", "arabicDigits": "prod ١٢٣٤٥٦", "keycaps": "prod 1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣",
		"smartQuotes": "“prod” ‘123456’", "smartQuotesAroundAll": "“prod 123456”", "straightQuotes": `"prod" '123456'`,
		"backticks": "`prod` `123456`", "bold": "*prod* 123456", "comma": "prod, 123456.", "exclamation": "prod 123456!",
		"parentheses": "prod (123456)", "dashBetween": "prod — 123456", "telephoneLink": "prod <tel:123456|123 456>",
		"control": "prod\x00123456", "url": "<https://prod/> 123456",
	} {
		tests = append(tests, parseCase{name: name, text: text, want: withCode(nil)})
	}
	checkParse(t, ParseAssume, tests)
}

func TestParseAssumeReadsEverySpellingOfADuration(t *testing.T) {
	var tests []parseCase
	for text, want := range map[string]time.Duration{
		"90m": 90 * time.Minute, "2h": 2 * time.Hour, "2 hours": 2 * time.Hour, "1h30m": 90 * time.Minute, "1h30": 90 * time.Minute,
		"1 hour 30 minutes": 90 * time.Minute, "1 hour and 30 minutes": 90 * time.Minute, "1h 30m": 90 * time.Minute, "an hour": time.Hour,
		"half an hour": 30 * time.Minute, "two hours": 2 * time.Hour, "1.5h": 90 * time.Minute, "1,5 hours": 90 * time.Minute,
		"90 MINUTES": 90 * time.Minute, "2hrs.": 2 * time.Hour, "“2h”": 2 * time.Hour, "3600s": time.Hour, "a day": 24 * time.Hour,
		"one hour thirty minutes": 90 * time.Minute, "２ｈ": 2 * time.Hour, "1h30m15s": 90*time.Minute + 15*time.Second, "48h": 48 * time.Hour,
	} {
		got := withCode(func(c *Command) { c.Duration = want })
		tests = append(tests,
			parseCase{name: text, text: "prod 123456 for " + text, want: got},
			parseCase{name: text + " then code", text: "prod for " + text + " 123456", want: got},
			parseCase{name: text + " then spaced code", text: "for " + text + " 123 456 prod", want: got},
		)
	}
	for _, keyword := range []string{"--for ", "—for ", "–for ", "-for ", "FOR ", "for: ", "for=", "--for=", "for:"} {
		tests = append(tests, parseCase{name: keyword, text: "prod 123456 " + keyword + "2h", want: withCode(func(c *Command) { c.Duration = 2 * time.Hour })})
	}
	checkParse(t, ParseAssume, tests)
}

func TestParseAssumeRefusesWhatIsNoDuration(t *testing.T) {
	var tests []parseCase
	for text, fail := range map[string]string{
		"for 90": "“90” needs a unit.", "for 123": "A duration needs a unit.", "for 123 456": "A duration needs a unit.",
		"for 1 hour 30": "needs a unit", "for 0": "needs a unit", "for 0h": "more than zero",
		"for 0.001s": "more than zero", "for -2h": "“-2h” is negative", "for −2h": "negative", "for 9999999999999999999h": "longer than AWS",
		"for 99999999999999999999999999999999 hours": "longer than AWS", "for 31d": "“31d” is longer than AWS",
		"for 31 days": "“31 days” is longer than AWS", "for 29d 29d": "longer than AWS",
		"for 24h 999h": "longer than AWS", "for 719h 719h": "longer than AWS", "for 719h719h": "longer than AWS",
		"for": "missing", "for as fish": "missing", "for because x": "missing", "for because": "missing", "for 2h for 3h": "twice",
		"for 2x":       "I cannot read “2x” as a duration.",
		"for 2parsecs": "cannot read", "for 2 parsecs": "needs a unit", "for ever": "cannot read", "for 1..5h": "cannot read",
		"for 1.2345h": "cannot read", "for .5h": "cannot read", "for debugging": "because", "for <@U123ABC|bob>": "missing", "for 1h30m15": "cannot read",
		"for half": "cannot read", "for half a mile": "cannot read", "for two": "cannot read", "for zero hours": "“zero hours” must be more than zero",
		"for a\u3164\u202e*_b": "“a_b”", "for 2h 30x": "word",
	} {
		tests = append(tests, parseCase{name: text, text: "prod 123456 " + text, fail: fail})
	}
	checkParse(t, ParseAssume, tests)
}

func TestParseAssumeReadsFormats(t *testing.T) {
	var tests []parseCase
	for word, want := range map[string]snippet.Format{
		"bash": snippet.Bash, "sh": snippet.Bash, "zsh": snippet.Bash, "Fish": snippet.Fish, "fish.": snippet.Fish, "powershell": snippet.PowerShell,
		"pwsh": snippet.PowerShell, "ps1": snippet.PowerShell, "CMD": snippet.Cmd, "cmd.exe": snippet.Cmd, "dotenv": snippet.Dotenv, "env": snippet.Dotenv,
		".env": snippet.Dotenv, "profile": snippet.Profile, "json": snippet.JSON, "‘json’": snippet.JSON,
	} {
		tests = append(tests, parseCase{name: word, text: "prod 123456 --as " + word, want: withCode(func(c *Command) { c.Format = want })})
	}
	tests = append(tests,
		parseCase{name: "unknown", text: "prod 123456 as yaml", fail: "bash, fish, powershell, cmd, dotenv, profile, json or console"},
		parseCase{name: "near", text: "prod 123456 as fsh", fail: "Did you mean “fish”?"},
		parseCase{name: "code", text: "prod as 123456", fail: "I do not know that format."},
		parseCase{name: "missing", text: "prod 123456 as", fail: "the format is missing"},
		parseCase{name: "missingBeforeBecause", text: "prod 123456 as because x", fail: "the format is missing"},
		parseCase{name: "twice", text: "prod 123456 as fish as bash", fail: "The word as is there twice."},
	)
	checkParse(t, ParseAssume, tests)
}

func TestParseAssumeKeepsTheReasonWhole(t *testing.T) {
	long := strings.Repeat("ü", maxReason)
	var tests []parseCase
	for text, want := range map[string]string{
		"INC-42 failover":                       "INC-42 failover",
		"we go for 2h as bob":                   "we go for 2h as bob",
		"because because":                       "because because",
		"“INC-42 is   down”":                    "INC-42 is down",
		"'quoted'":                              "quoted",
		`"a" and "b"`:                           `"a" and "b"`,
		"it's down":                             "it's down",
		"line\none\r\n\ttwo":                    "line one two",
		"a\u202egnp.exe\u2066b":                 "agnp.exeb",
		"\x1b[31mred":                           "[31mred",
		"<@U123ABC|bob> asked":                  "@bob asked",
		"<@U123ABC>, then <#C123|general>":      "@U123ABC, then #general",
		"ask <!subteam^S123|@team> or <!here>":  "ask @team or @here",
		"see <https://x.example/1|the ticket>":  "see the ticket",
		"see (<https://x.example/1>)":           "see (https://x.example/1)",
		"mail <mailto:a@b.example|a@b.example>": "mail a@b.example",
		"a &amp; b &lt;c&gt;":                   "a & b <c>",
		"typed &amp;lt; and &amp;amp;":          "typed &lt; and &amp;",
		"&lt;@U123ABC&gt;":                      "<@U123ABC>",
		"Überlauf – naïve 日本語 👩‍💻":              "Überlauf – naïve 日本語 👩‍💻",
		"ticket 654321":                         "ticket 654321",
		long:                                    long,
	} {
		tests = append(tests, parseCase{name: want[:min(len(want), 30)], text: "prod 123456 for 2h because " + text, want: withCode(func(c *Command) {
			c.Duration, c.Reason = 2*time.Hour, want
		})})
	}
	tests = append(tests,
		parseCase{name: "dashes", text: "prod 123456 —because it is down", want: withCode(func(c *Command) { c.Reason = "it is down" })},
		parseCase{name: "colon", text: "prod 123456 Because: it is down", want: withCode(func(c *Command) { c.Reason = "it is down" })},
		parseCase{name: "empty", text: "prod 123456 because", fail: "the reason is missing"},
		parseCase{name: "invisible", text: "prod 123456 because \u202e \u200b “”", fail: "the reason is missing"},
		parseCase{name: "tooLong", text: "prod 123456 because " + long + "ü", fail: "at most 500 characters; this one has 501"},
		parseCase{name: "muchTooLong", text: "prod 123456 because " + strings.Repeat("x", 1234), fail: "this one has 1,234"},
		parseCase{name: "codeAtTheEnd", text: "prod because INC-42 failover 123 456.", fail: "put the code before because"},
		parseCase{name: "codeRepeated", text: "prod 123456 because the code 123-456 works", fail: "repeats your code"},
	)
	checkParse(t, ParseAssume, tests)
}

func TestParseAssumeReadsItsVerbs(t *testing.T) {
	checkParse(t, ParseAssume, []parseCase{
		{name: "empty", text: "", want: Command{Verb: VerbForm}},
		{name: "blank", text: " \u00a0\n", want: Command{Verb: VerbForm}},
		{name: "questionMark", text: "?", want: Command{Verb: VerbHelp}},
		{name: "help", text: "help", want: Command{Verb: VerbHelp}},
		{name: "helpWithDashes", text: "—help", want: Command{Verb: VerbHelp}},
		{name: "helpMore", text: "help more", want: Command{Verb: VerbMoreHelp}},
		{name: "helpForSomething", text: "Help! for what", want: Command{Verb: VerbHelp}},
		{name: "accounts", text: "accounts", want: Command{Verb: VerbAccounts}},
		{name: "accountsOfSomething", text: "accounts prod", fail: "Nothing else goes with"},
		{name: "accountsWithCode", text: "accounts 123456", fail: "Nothing else goes with"},
		{name: "whoami", text: "whoami", want: Command{Verb: VerbWhoami}},
		{name: "whoamiOfAccount", text: "Whoami PROD", want: Command{Verb: VerbWhoami, Account: "prod"}},
		{name: "whoamiOfTwo", text: "whoami prod staging", fail: "I do not know the word “staging”"},
		{name: "whoamiWithCode", text: "whoami prod 123456", fail: "and nothing else"},
		{name: "whoamiFor", text: "whoami prod for 2h", fail: "and nothing else"},
		{name: "everything", text: "123 456 PROD —as Fish for an hour because INC-42", want: withCode(func(c *Command) {
			c.Format, c.Duration, c.Reason = snippet.Fish, time.Hour, "INC-42"
		})},
	})
}

func TestParseAssumeRefusesWithoutRepeatingACode(t *testing.T) {
	checkParse(t, ParseAssume, []parseCase{
		{name: "codeAlone", text: "123456", fail: "assume ACCOUNT CODE"},
		{name: "codeAndReason", text: "123456 because x", fail: "the account is missing"},
		{name: "formatAlone", text: "as fish", fail: "The account is missing"},
		{name: "fiveDigits", text: "prod 12345", fail: "this one has five"},
		{name: "sevenDigits", text: "prod 1234567", fail: "A code has six digits; this one has seven"},
		{name: "sevenDigitsInTwo", text: "prod 123 4567", fail: "this one has seven"},
		{name: "manyDigits", text: "prod 12345678901234567", fail: "more than twelve"},
		{name: "accountNumber", text: "222222222222 123456", fail: "I know accounts by name"},
		{name: "accountNumberWithDashes", text: "2222-2222-2222 123456", fail: "I know accounts by name"},
		{name: "twoCodes", text: "123456 prod 654321", fail: "two numbers"},
		{name: "numberAfterDuration", text: "prod 123456 for 2h 30", fail: "needs a unit"},
		{name: "letters", text: "prod 12345a", fail: "no letters"},
		{name: "lettersFirst", text: "l23456 prod", fail: "no letters"},
		{name: "noSpace", text: "prod123456", fail: "run together"},
		{name: "separated", text: "prod-123-456", fail: "run together"},
		{name: "separatedUnderWhoami", text: "whoami prod.123456", fail: "run together"},
		{name: "withAnotherCode", text: "prod123456 654321", fail: "run together"},
		{name: "inTheMiddleOfTheReason", text: "prod because failover 223 624 now", fail: "look like your code"},
		{name: "noSpaceAndAgain", text: "prod123456 123456", fail: "run together"},
		{name: "codeInUnknownWord", text: "prod 123456 code=123456", fail: "There is a word that I do not know."},
		{name: "codeInName", text: "prod/123456", fail: "That cannot be the name"},
		{name: "unknownWord", text: "prod 123456 fro 2h", fail: "Did you mean “for”?"},
		{name: "unknownBecause", text: "prod 123456 becuase it is for 2h", fail: "Did you mean “because”?"},
		{name: "twoAccounts", text: "prod staging 123456", fail: "I do not know the word “staging” there. Leave it out"},
		{name: "longWord", text: "prod " + strings.Repeat("x", 100), fail: "“" + strings.Repeat("x", maxQuoted) + "…”"},
		{name: "formatting", text: "prod *_~evil~_*&lt;!here&gt;", fail: "the word “evil_here”"},
		{name: "reserved", text: "sessions", fail: "“sessions” cannot be the name"},
		{name: "slash", text: "prod/eu 123456", fail: "cannot be the name of an account"},
		{name: "person", text: "<@U123ABC|bob> 123456", fail: "this is a person"},
		{name: "typedPerson", text: "@bob 123456", fail: "this is a person"},
		{name: "channel", text: "<#C123|general> 123456", fail: "this is a channel"},
		{name: "group", text: "<!subteam^S123|@team>", fail: "this is a user group"},
		{name: "everybody", text: "<!channel> 123456", fail: "a mention of everybody"},
		{name: "personLater", text: "prod 123456 <@U123ABC>", fail: "I do not know what to do with a person there"},
		{name: "tooLong", text: "prod 123456 because " + strings.Repeat("x", MaxText), fail: "4,000 bytes"},
		{name: "invalid", text: "prod \xff\xfe 123456", fail: "not readable text"},
	})
}

func TestParseBuckets(t *testing.T) {
	checkParse(t, ParseBuckets, []parseCase{
		{name: "empty", text: "", want: Command{Verb: VerbHelp}},
		{name: "help", text: "help", want: Command{Verb: VerbHelp}},
		{name: "account", text: "Prod", want: Command{Verb: VerbBuckets, Account: "prod"}},
		{name: "code", text: "prod 123 456", want: Command{Verb: VerbBuckets, Account: "prod", Code: tokenCode("123456")}},
		{name: "prefix", text: "prod prefix logs-", want: Command{Verb: VerbBuckets, Account: "prod", Prefix: "logs-"}},
		{name: "all", text: "123456 prod —prefix “Logs.”", want: Command{Verb: VerbBuckets, Account: "prod", Code: tokenCode("123456"), Prefix: "Logs."}},
		{name: "prefixFirst", text: "prefix logs- prod 123456", want: Command{Verb: VerbBuckets, Account: "prod", Code: tokenCode("123456"), Prefix: "logs-"}},
		{name: "equals", text: "prod prefix=Logs-", want: Command{Verb: VerbBuckets, Account: "prod", Prefix: "Logs-"}},
		{name: "digits", text: "prod prefix 2024", want: Command{Verb: VerbBuckets, Account: "prod", Prefix: "2024"}},
		{name: "link", text: "prod prefix <http://logs.example.com|logs.example.com>", want: Command{Verb: VerbBuckets, Account: "prod", Prefix: "logs.example.com"}},
		{name: "missing", text: "prod prefix", fail: "After prefix"},
		{name: "twice", text: "prod prefix a prefix b", fail: "twice"},
		{name: "wrong", text: "prod prefix a/b", fail: "No bucket name begins with “a/b”."},
		{name: "mention", text: "prod prefix <@U123ABC>", fail: "After prefix"},
		{name: "withoutPrefix", text: "prod logs-", fail: "I do not know the word “logs-” there. Another account needs " +
			"a command of its own. If the names of the buckets begin so, write: prefix logs-"},
		{name: "withoutPrefixInItsCase", text: "prod 123456 Logs.", fail: "write: prefix Logs."},
		{name: "withoutPrefixNotRepeated", text: "prod 123456 logs-654321", fail: "write: prefix P"},
		{name: "codeTwice", text: "prod 123456 654321", fail: "this one has twelve"},
		{name: "forMeansNoPrefix", text: "prod 123456 for 2h", fail: "Leave it out"},
		{name: "near", text: "prod prefx logs-", fail: "Did you mean “prefix”?"},
		{name: "forIsNoneOfIts", text: "prod 123456 for 2h", fail: "I do not know the word “for”"},
		{name: "codeAlone", text: "123456", fail: "buckets ACCOUNT CODE"},
		{name: "whoami", text: "whoami", fail: "cannot be the name"},
		{name: "seven", text: "prod 1234567", fail: "seven"},
	})
}

func TestCommandRedactsItsCode(t *testing.T) {
	c := withCode(nil)
	for _, got := range []string{fmt.Sprintf("%v", c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c)} {
		if strings.Contains(got, "123456") {
			t.Errorf("a Command prints as %s", got)
		}
	}
}

func TestParseAssumeSaysWhatToType(t *testing.T) {
	checkParse(t, ParseAssume, []parseCase{
		{name: "duration", text: "prod 123456 2h", fail: "I do not know the word “2h” there. Write for before how long you want it: for 2h."},
		{name: "durationInWords", text: "prod 123456 half an hour", fail: "for 30m."},
		{name: "durationOfTwo", text: "prod 123456 1h 30m", fail: "for 1h30m."},
		{name: "durationOfTwoWords", text: "prod 123456 2 hours", fail: "There is a duration without the word for. Write for before how long you want it: for 2h."},
		{name: "durationOfFourWords", text: "prod 123 456 2 hours 30 minutes", fail: "for 2h30m."},
		{name: "durationOfTwoWordsFirst", text: "2 hours prod 123456", fail: "for 2h."},
		{name: "durationOfTwoWordsInTheMiddle", text: "prod 2 hours 123456", fail: "for 2h."},
		{name: "halfACodeIsNoDuration", text: "prod 123 456 m", fail: "I do not know the word “m” there."},
		{name: "durationFirst", text: "2h prod 123456", fail: "“2h” is read as an account. " +
			"I do not know the word “prod” there. Write for before how long you want it: for 2h."},
		{name: "formatFirst", text: "fish prod 123456", fail: "“fish” is read as an account. " +
			"I do not know the word “prod” there. Write as before the format: as fish."},
		{name: "untilFirst", text: "until 6pm prod 123456", fail: "Write for how long, not until when: for 2h."},
		{name: "nothingToSee", text: "prod 123456 \u3164x\u202e", fail: "I do not know the word “x” there."},
		{name: "durationBeforeTheCode", text: "prod 2h 123456", fail: "for 2h."},
		{name: "explained", text: "explain prod 2h", fail: "for 2h."},
		{name: "format", text: "prod 123456 console", fail: "I do not know the word “console” there. Write as before the format: as console."},
		{name: "shell", text: "prod 123456 zsh", fail: "as bash."},
		{name: "ticket", text: "prod 123456 INC-42", fail: "as the last of all: because INC-42."},
		{name: "longTicket", text: "prod 123456 INC-4242", fail: "because REASON."},
		{name: "until", text: "prod 123456 until 6pm", fail: "Write for how long, not until when: for 2h."},
		{name: "please", text: "prod 123456 please", fail: "I do not know the word “please” there. Leave it out, or write because before it"},
	})
}
