package e2e

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/history"
	"github.com/assumebot/assumebot/store/storetest"
)

var endsInEntry = regexp.MustCompile(`  record [0-9,]+\n?$`)

// rowsOf are the lines of a page of history that name an entry of the record.
func rowsOf(m slacktest.Message) (rows []string) {
	for line := range strings.Lines(m.Plain()) {
		if endsInEntry.MatchString(line) {
			rows = append(rows, line)
		}
	}
	return rows
}

// kinds counts the entries of a kind that a replica has read.
func kinds(t *testing.T, r *replica, kind event.Kind) (found []event.Event) {
	t.Helper()
	for n := range r.Record.Size() {
		if e, err := r.Record.Entry(t.Context(), n); err == nil && e.Kind == kind {
			found = append(found, e)
		}
	}
	return found
}

// TestHistoryIsOnesOwnAndForAdminsEverybodys, newest first.
func TestHistoryIsOnesOwnAndForAdminsEverybodys(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	r := w.run(adminConfig, w.settings())
	w.says("U01ALICE", "/assume", "staging "+w.alice.Code()+" because INC-42")
	w.says("U02BOB", "/assume", "prod "+w.bob.Code())
	mine := w.says("U01ALICE", "/assume", "history")
	wantText(t, mine, "Your history.", "staging", "Granted for 1h, ASIA", "“INC-42”", "you", "Nothing more: the record begins there.")
	if strings.Contains(mine.Plain(), "bob") || len(rowsOf(mine)) != 1 {
		t.Errorf("got %s, want hers alone", mine.Plain())
	}
	wantText(t, w.says("U01ALICE", "/assume", "history prod"), "Your history in prod.", "Nothing: the record begins there.")
	for text, whom := range map[string]string{"history @bob": "U02BOB", "history everybody": ""} {
		wantText(t, w.says("U01ALICE", "/assume", text), "Only admins may see what others did.")
		w.auditTells("Refused alice", "Only admins may see what others did.")
		refusals := kinds(t, r, event.Refused)
		if got := refusals[len(refusals)-1].About().Target.ID; got != whom {
			t.Errorf("%s: got that it is about %q on the record, want %q", text, got, whom)
		}
	}
	if looks := kinds(t, r, event.History); len(looks) > 0 {
		t.Errorf("got %v, want nothing on the record of what people see of themselves", looks)
	}
	all := w.says(admin, "/assume", "history everybody refused")
	wantText(t, all, "Everybody's history: refused.", "alice@example.com (U01ALICE)", "Only admins may see what others did.", "bob@example.com (U02BOB)")
	wantText(t, w.says(admin, "/assume", "history @alice staging granted since 1h"), "History of alice@example.com (U01ALICE) in staging: granted, since ",
		"Granted for 1h", "“INC-42”")
	w.auditTells("Looked at by U09ADMIN of T0123: everybody's history, of the kind refused.")
	w.auditTells("Looked at by U09ADMIN of T0123: the history of alice@example.com (U01ALICE) in staging, of the kind granted, since ")
	wantText(t, w.says(admin, "/assume", "history staging"), "Everybody's history in staging.", "alice@example.com (U01ALICE)")
	w.says(admin, "/assume", "block @bob because they left")
	told := w.says("U02BOB", "/assume", "history orders").Plain()
	if !strings.Contains(told, "Blocked") || !strings.Contains(told, "an admin") || strings.Contains(told, "they left") || strings.Contains(told, admin) {
		t.Errorf("got %s, want that he is blocked, and neither by whom nor why", told)
	}
}

// TestHistoryIsPagedByButtonsThatNobodyTrusts, and is a list where Slack takes no table.
func TestHistoryIsPagedByButtonsThatNobodyTrusts(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	r := w.run(adminConfig, w.settings())
	const refusals = 2*message.PastMost + 3
	for range refusals {
		w.says("U02BOB", "/assume", "open")
	}
	m := w.says(admin, "/assume", "history @bob refused")
	seen := rowsOf(m)
	if labels(m.Buttons()) != "Older" {
		t.Errorf("got the buttons %q on the first page", labels(m.Buttons()))
	}
	before := len(w.private(admin))
	for _, want := range []string{"Older Newest", "Newest"} {
		shown := w.private(admin)[before-1].Plain()
		w.acked(w.slack.Press(admin, w.private(admin)[before-1].Ref(), "", message.ActHistoryOlder))
		w.await("another page", func() bool { return w.private(admin)[before-1].Plain() != shown })
		page := w.private(admin)[before-1]
		if labels(page.Buttons()) != want {
			t.Errorf("got the buttons %q, want %q", labels(page.Buttons()), want)
		}
		seen = append(seen, rowsOf(page)...)
	}
	once := map[string]bool{}
	for _, row := range seen {
		once[row] = true
	}
	if len(seen) != refusals || len(once) != refusals {
		t.Errorf("got %d rows, %d of them different, want %d", len(seen), len(once), refusals)
	}
	if looks := kinds(t, r, event.History); len(looks) != 3 {
		t.Errorf("got %d looks on the record, want one for each page", len(looks))
	}
	w.auditTells("Looked at by U09ADMIN of T0123: the history of bob@example.com (U02BOB), of the kind refused.")
	w.acked(w.slack.Press(admin, w.private(admin)[before-1].Ref(), "", message.ActHistoryNewest))
	w.await("the newest", func() bool { return labels(w.private(admin)[before-1].Buttons()) == "Older" })

	// Bob sends the value of an admin's button, and one that no bot ever made.
	mine := w.says("U02BOB", "/assume", "history")
	forged := command.HistoryValue(command.Command{Verb: command.VerbHistory, Past: command.Past{Everybody: true, What: history.Granted}}, 12)
	for value, want := range map[string]string{
		forged:                      "Only admins may see what others did.",
		"99999999999999999999 hist": "The bot cannot read what this button holds",
		"-7 history":                "The bot cannot read what this button holds",
	} {
		w.acked(w.slack.Forge("U02BOB", mine.Ref(), pressOf("", message.ActHistoryOlder, value)))
		w.shown("U02BOB", want)
	}
	w.slack.UnknownBlocks("table")
	list := w.says(admin, "/assume", "history everybody refused")
	wantText(t, list, "Everybody's history: refused.", "• ", "bob@example.com (U02BOB)  open  Refused: ")
	if strings.Contains(string(list.Blocks), `"table"`) {
		t.Error("a table was posted to a Slack that knows none")
	}
}

// TestHistorySaysWhatWasErased and shows nothing of it.
func TestHistorySaysWhatWasErased(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	r := w.run(adminConfig, w.settings())
	w.says("U01ALICE", "/assume", "staging "+w.alice.Code()+" because secret project")
	number := grantIn(t, r)
	wantText(t, w.says("U01ALICE", "/assume", "history"), "“secret project”", fmt.Sprintf("record %d", number))
	if there, err := r.Store.Log.Forget(t.Context(), number); err != nil || !there {
		t.Fatal(there, err)
	}
	for _, m := range []slacktest.Message{w.says("U01ALICE", "/assume", "history"), w.says(admin, "/assume", "history everybody")} {
		if strings.Contains(m.Plain(), "secret project") {
			t.Errorf("got %s, want nothing of what was erased", m.Plain())
		}
	}
}

// TestHistoryReadsWhatTheArchiveAloneHas once Redis has let go of it, with its reason, and says
// what is gone where there is none.
func TestHistoryReadsWhatTheArchiveAloneHas(t *testing.T) {
	t.Parallel()
	for name, record := range map[string]string{"archive": "record: {archive: %q, require: [archive]}\n", "none": "# %q\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newAdminWorld(t)
			settings, url := w.realRedis()
			r := w.run(adminConfig+fmt.Sprintf(record, t.TempDir()), settings)
			w.says("U01ALICE", "/assume", "staging "+w.alice.Code()+" because INC-42")
			w.says("U01ALICE", "/assume", "nowhere because INC-43")
			number := grantIn(t, r)
			rdb := storetest.Raw(t, url)
			for n := range number + 1 { // as Trim does, of what is so old that it may
				if err := errors.Join(rdb.XDel(t.Context(), "assumebot:{record}:entries", fmt.Sprintf("%d-0", n+1)).Err(),
					rdb.HDel(t.Context(), "assumebot:{record}:asides", fmt.Sprint(n)).Err()); err != nil {
					t.Fatal(err)
				}
			}
			m := w.says("U01ALICE", "/assume", "history")
			if name == "archive" {
				wantText(t, m, "Granted for 1h", "“INC-42”", "There is no account of that name.", "the record begins there")
				return
			}
			wantText(t, m, "There is no account of that name.", "assumebot record export",
				fmt.Sprintf("Nothing more back to record %d: what is older is not kept", number+1))
			if strings.Contains(m.Plain(), "Granted") {
				t.Errorf("got %s, want nothing of what is gone", m.Plain())
			}
		})
	}
}
