package text_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/assumebot/assumebot/broker/text"
)

// blanks are what a person sees nothing of, though it is no white space.
var blanks = map[string]string{
	"Hangul filler": "\u3164", "Hangul choseong filler": "\u115f", "Hangul jungseong filler": "\u1160", "halfwidth Hangul filler": "\uffa0",
	"Braille blank": "\u2800", "joiner": "\u200d", "non-joiner": "\u200c", "grapheme joiner": "\u034f", "zero width space": "\u200b",
	"no-break space": "\u00a0", "word joiner": "\u2060", "byte order mark": "\ufeff", "soft hyphen": "\u00ad", "variation selector": "\ufe0f",
	"supplementary variation selector": "\U000e0100", "Mongolian variation selector": "\u180b", "tag": "\U000e0041", "invisible times": "\u2062",
	"right to left mark": "\u200f", "override": "\u202e", "isolate": "\u2066", "Khmer inherent vowel": "\u17b4", "hieroglyph blank": "\U00013441",
	"null notehead": "\U0001d159", "Khitan filler": "\U00016fe4", "line separator": "\u2028", "ideographic space": "\u3000", "controls": "\x00\x1b\x7f\u0085",
	"not UTF-8": "\xff", "private use": "\ue000", "combining mark alone": "\u0301",
}

func TestWhatShowsNothingSaysNothing(t *testing.T) {
	for name, s := range blanks {
		for _, s := range []string{s, strings.Repeat(s, 40), " " + s + "\t" + s} {
			if text.SaysSomething(s) {
				t.Errorf("%s, %+q: got that it says something", name, s)
			}
		}
		if !text.SaysSomething(s + "x") {
			t.Errorf("%s and a letter: got that it says nothing", name)
		}
	}
	for _, s := range []string{"a", "INC-42", "é", "理由", "سبب", "कारण", "🔥", "👩‍💻", "!", "1"} {
		if !text.SaysSomething(s) {
			t.Errorf("%q: got that it says nothing", s)
		}
	}
}

func TestOneLineIsOneLineOfWhatIsSeen(t *testing.T) {
	for s, want := range map[string]string{
		"INC-42 failover":              "INC-42 failover",
		"":                             "",
		"  a \t b\r\n\u2028c\u0085 d ": "a b c d",
		"prod\nGranted prod to bob":    "prod Granted prod to bob",
		"\u202etxt.exe\u202c \u2066x\u2069\u200f":          "txt.exe x",
		"red \x1b[31malert\x07":                            "red [31malert",
		"p\u200dr\u200co\u034fd\ufe0f":                     "prod",
		"\u3164a\u115f\u1160\uffa0":                        "a",
		"a\u2800b":                                         "a b",
		"👩‍💻 🏳️‍🌈 ❤️‍🔥":                                    "👩‍💻 🏳️‍🌈 ❤️‍🔥",
		"\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645": "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
		"👩\u200d\u200d\u200d\ufe0f\ufe0f💻":                 "👩\u200d💻",
		"é e\u0301":                                        "é e\u0301",
		"a\xffb\ue000":                                     "a\ufffdb\ufffd",
	} {
		if got := text.OneLine(s); got != want {
			t.Errorf("%+q: got %+q, want %+q", s, got, want)
		}
	}
}

func FuzzOneLine(f *testing.F) {
	for _, s := range blanks {
		f.Add("a" + s + "b" + s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := text.OneLine(s)
		if long := text.OneLine(s + "\n"); long != got { // which is never plain
			t.Errorf("%+q: got %+q, and %+q with a line end", s, got, long)
		}
		if !utf8.ValidString(got) || got != strings.TrimSpace(got) || strings.Contains(got, "  ") {
			t.Errorf("%+q: got %+q, want one line of text", s, got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) {
				t.Errorf("%+q: got %+q, which holds %U", s, got, r)
			}
		}
		if again := text.OneLine(got); again != got {
			t.Errorf("%+q: got %+q, and of that %+q", s, got, again)
		}
		if text.SaysSomething(s) && got == "" {
			t.Errorf("%+q says something, and got nothing of it", s)
		}
	})
}
