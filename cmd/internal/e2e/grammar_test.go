package e2e

import (
	"testing"
	"time"
)

// TestAWordWithoutItsKeywordCostsNoCode: the person is told what to type, nothing
// is issued, and the very same code works afterwards.
func TestAWordWithoutItsKeywordCostsNoCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	for _, test := range []struct{ command, before, after, hint string }{
		{"/assume", "prod ", " 2h", "how long you want it: for 2h."},
		{"/assume", "prod ", " 2 hours", "how long you want it: for 2h."},
		{"/assume", "2h prod ", "", "how long you want it: for 2h."},
		{"/assume", "prod ", " console", "before the format: as console."},
		{"/assume", "prod ", " INC-42", "last of all: because INC-42."},
		{"/assume", "prod ", " until 6pm", "not until when: for 2h."},
		{"/assume", "prod ", " please", "because before it"},
		{"/buckets", "prod ", " logs-", "prefix logs-"},
		{"/mfa", "", " 8h", "how long you want it: for 8h."},
	} {
		code, calls := w.alice.Code(), len(w.aws.Calls())
		m := w.says("U01ALICE", test.command, test.before+code+test.after)
		wantText(t, m, test.hint, "Your code was not used")
		if got := len(w.aws.Calls()); got != calls {
			t.Errorf("%s %sCODE%s: got %d calls to AWS, want none", test.command, test.before, test.after, got-calls)
		}
		wantText(t, w.says("U01ALICE", "/assume", "prod "+code), "prod is yours")
		w.later(r, time.Minute)
	}
}
