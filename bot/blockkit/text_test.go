package blockkit

import (
	"testing"
	"time"
)

func TestTheTextFormReadsAsSlackShowsIt(t *testing.T) {
	m := NewMessage("fallback",
		Paragraph(Bold("You may have prod."), " Ask ", Member("U01ALICE"), " or ", Group("S01ONCALL"), ".\nUntil ", Moment(time.Unix(0, 0)), "."),
		Bullets(Line("one ", Code("a")), Line("two")),
		Preformatted("x\ny"), Quote("said"))
	want := "You may have prod. Ask <U01ALICE> or <S01ONCALL>.\nUntil 1970-01-01 00:00 UTC.\n  • one a\n  • two\nx\ny\n> said"
	if got := m.TextForm(func(id string) string { return "<" + id + ">" }); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
