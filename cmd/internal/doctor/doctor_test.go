package doctor

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWhatOthersSaidIsPrintableInAFinding(t *testing.T) {
	t.Parallel()
	got := together(t.Context(), 1, look{"record-witness", "a\u202eb", time.Minute, func(context.Context) []Finding {
		return wrong("do \u009b31m", "it says %s", "\x1b[2J\nok")
	}})
	want := []Finding{{"record-witness", `a\u202eb`, Wrong, `it says \x1b[2J\nok`, `do \u009b31m`}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}
