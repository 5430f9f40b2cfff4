package bot

import (
	"context"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/bot/due"
)

func TestHostileEntriesOfDueListsAreSetAside(t *testing.T) {
	b := goldenBot()
	for name, test := range map[string]struct {
		serve   func(context.Context, []byte) due.Result
		entries []string
	}{
		"approvals": {b.approvals.serveApproval, []string{
			`{"user":"{","id":"x","press":"p","tries":-1}`, `{"user":"U1","id":"a:b"}`, `{"id":"x"}`, `null`, `[]`, `{"user":"U1","id":"` + strings.Repeat("x",
				100) + `"}`,
		}},
		"deletions": {b.delivery.serveDeletion, []string{
			`{"channel":"C0AUDIT","ts":"1.2"}`, `{"channel":"D1","ts":"","refused":1}`, `{"channel":"D1","ts":"1.2","refused":-1}`, `{"channel":"","ts":"1.2"}`, `x`,
		}},
		"reminders": {b.reminders.serveReminder, []string{`{"user":"{","grant":"x"}`, `{"user":"U1","grant":""}`, `"x"`}},
	} {
		for _, entry := range test.entries {
			if v := test.serve(t.Context(), []byte(entry)); v.Aside == "" {
				t.Errorf("%s: %s: got %+v, want it set aside", name, entry, v)
			}
		}
	}
}
