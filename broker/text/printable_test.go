package text

import "testing"

func TestPrintableLeavesTextAndShowsWhatHides(t *testing.T) {
	for in, want := range map[string]string{
		"prod, Zoë, 東京 …":  "prod, Zoë, 東京 …",
		"a\x1b[31mb":       `a\x1b[31mb`,
		"a\nGranted\tb\r":  `a\nGranted\tb\r`,
		"\u202eevil\u2066": `\u202eevil\u2066`,
		"\u200b\ufeff":     `\u200b\ufeff`,
		"\xff\xfeok":       `\xff\xfeok`,
		"\x07\x9b":         `\a\x9b`,
		"":                 "",
	} {
		if got := Printable(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
