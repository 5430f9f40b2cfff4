package command

import (
	"testing"
	"time"
)

func TestParseMFA(t *testing.T) {
	begin := func(d time.Duration) Command { return Command{Verb: VerbMFA, Code: tokenCode("123456"), Duration: d} }
	status, end, help := Command{Verb: VerbMFAStatus}, Command{Verb: VerbMFAEnd}, Command{Verb: VerbHelp}
	checkParse(t, ParseMFA, []parseCase{
		{name: "empty", text: "", want: status},
		{name: "blank", text: " \u00a0\n", want: status},
		{name: "status", text: "status", want: status},
		{name: "show", text: "Show!", want: status},
		{name: "help", text: "help", want: help},
		{name: "helpWithDashes", text: "—help", want: help},
		{name: "end", text: "end", want: end},
		{name: "endLoud", text: "END!!", want: end},
		{name: "endDashes", text: "--end", want: end},
		{name: "stop", text: "stop", want: end},
		{name: "off", text: "off.", want: end},
		{name: "code", text: "123456", want: begin(0)},
		{name: "spacedCode", text: "123 456", want: begin(0)},
		{name: "thirds", text: "12 34 56", want: begin(0)},
		{name: "dashedCode", text: "123-456", want: begin(0)},
		{name: "quoted", text: "“123456”", want: begin(0)},
		{name: "fullwidth", text: "１２３４５６", want: begin(0)},
		{name: "keycaps", text: "1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣", want: begin(0)},
		{name: "telephoneLink", text: "<tel:123456|123 456>", want: begin(0)},
		{name: "duration", text: "123456 for 8h", want: begin(8 * time.Hour)},
		{name: "durationFirst", text: "for 90m 123 456", want: begin(90 * time.Minute)},
		{name: "words", text: "123456 for two hours", want: begin(2 * time.Hour)},
		{name: "equals", text: "123456 —for=2h", want: begin(2 * time.Hour)},

		{name: "fiveDigits", text: "12345", fail: "this one has five"},
		{name: "sevenDigits", text: "1234567", fail: "this one has seven"},
		{name: "letters", text: "12345a", fail: "no letters"},
		{name: "twoCodes", text: "123456 for 2h 654321 for", fail: "twice"},
		{name: "twoNumbers", text: "123456 for 2h 654321", fail: "two numbers"},
		{name: "durationAlone", text: "for 8h", fail: "the code is missing"},
		{name: "durationMissing", text: "123456 for", fail: "the duration is missing"},
		{name: "unitless", text: "123456 for 8", fail: "needs a unit"},
		{name: "unreadable", text: "123456 for ever", fail: "I cannot read “ever” as a duration."},
		{name: "durationWithoutFor", text: "123456 8h", fail: "I do not know the word “8h” there. Write for before how long you want it: for 8h."},
		{name: "durationBeforeTheCode", text: "8h 123456", fail: "for 8h."},
		{name: "durationOfTwoWords", text: "123 456 8 hours", fail: "There is a duration without the word for. Write for before how long you want it: for 8h."},
		{name: "formatIsNoneOfIts", text: "123456 fish", fail: "for all accounts alike"},
		{name: "until", text: "123456 until 6pm", fail: "Write for how long, not until when: for 2h."},
		{name: "account", text: "prod 123456", fail: "I do not know the word “prod” there. An MFA session is for all accounts alike."},
		{name: "accountBehind", text: "123456 prod", fail: "for all accounts alike"},
		{name: "near", text: "ned", fail: "Did you mean “end”?"},
		{name: "endWithCode", text: "end 123456", fail: "Nothing else goes with the word end."},
		{name: "codeThenEnd", text: "123456 end", fail: "Nothing else goes with the word end."},
		{name: "endFor", text: "end for 2h", fail: "Nothing else goes with"},
		{name: "endTwice", text: "end end", fail: "Nothing else goes with"},
		{name: "statusWithCode", text: "status 123456", fail: "Nothing else goes with the word status."},
		{name: "reason", text: "123456 because x", fail: "I do not know the word “because”"},
		{name: "person", text: "<@U123ABC|bob> 123456", fail: "An MFA session is your own."},
		{name: "codeInWord", text: "code=123456", fail: "There is a word that I do not know."},
		{name: "accountNumber", text: "222222222222", fail: "Twelve digits"},
	})
}

func FuzzParseMFA(f *testing.F) {
	for _, seed := range []string{
		"", "123456", "123 456 for 8h", "end", "status", "help", "for half an hour 123-456", "prod 123456", "<@U123ABC> end", "end 123456",
		"１２３４５６ —for=1h30m", "123456 8h", "8 hours 123 456", "123456 until 6pm", "123456 for 2 parsecs",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkParseHolds(t, text, ParseMFA)
		if c, err := ParseMFA(text); err == nil && (c.Code.Empty() == (c.Verb == VerbMFA) || c.Account+c.Reason+string(c.Format) != "") {
			t.Errorf("parse(%q) = %+v, want a code exactly where an MFA session begins, and nothing else", text, c)
		}
	})
}
