package command

import (
	"strings"
	"testing"
)

func TestParseAssumeReadsReceipt(t *testing.T) {
	for text, want := range map[string]int64{
		"receipt 4711":                 4711,
		"Receipt #4711":                4711,
		"receipt 4,711":                4711,
		"receipt record 4,711":         4711,
		"receipt “record 1,234,711”.":  1_234_711,
		"receipt entry 4.711":          4711,
		"receipt 1 234 711":            1_234_711,
		"receipt 1\u202f234":           1234,
		"receipt 4’711":                4711,
		"receipt 0":                    0,
		"receipt 123456":               123456, // it looks like a code, and is none
		"receipt ４７１１":                 4711,
		"receipt <tel:4711|4711>":      4711,
		"—receipt `4711`":              4711,
		"receipt 999999999999999":      999_999_999_999_999,
		"receipt 000000000004711":      4711,
		"receipt record 4,711 ":        4711,
		"receipt &#4711":               -1,
		"receipt 4711x":                -1,
		"receipt 4711 12":              -1,
		"receipt 4711 because x":       -1,
		"receipt 9999999999999999":     -1,
		"receipt 99999999999999999999": -1,
		"receipt <#C0123ABC|4711>":     -1,
		"receipt <@U02BOB|bob>":        -1,
		"receipt":                      -1,
		"receipt record":               -1,
		"receipt prod 4711":            -1,
	} {
		got, err := ParseAssume(text)
		if want < 0 {
			if err == nil || !strings.Contains(err.Error(), "entry") {
				t.Errorf("%q: got %+v, %v, want an error that says which entry", text, got, err)
			}
			continue
		}
		if err != nil || got != (Command{Verb: VerbReceipt, Entry: want}) {
			t.Errorf("%q: got %+v, %v, want entry %d", text, got, err, want)
		}
	}
}

func FuzzParseReceipt(f *testing.F) {
	for _, seed := range []string{"", "4711", "#4,711", "record 4 711", "123456", "<#C0123ABC|4711>", "\u202e4711", "9999999999999999", "4’711", "-5"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkParseHolds(t, "receipt "+text, ParseAssume)
		cmd, ok, err := parseReceipt("receipt " + text)
		if ok && err == nil && (cmd.Entry < 0 || cmd.Entry > 999_999_999_999_999 || cmd != (Command{Verb: VerbReceipt, Entry: cmd.Entry})) {
			t.Errorf("%q: got %+v", text, cmd)
		}
	})
}
