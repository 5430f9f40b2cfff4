package e2e

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/store/storetest"
)

var entryNamed = regexp.MustCompile(`\brecord ([0-9,]+)`)

// TestEveryReplyNamesTheEntryThatTellsOfIt reads the numbers as a person does, and looks up
// what stands there.
func TestEveryReplyNamesTheEntryThatTellsOfIt(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	r := w.run(adminConfig, w.settings())
	alices := w.alice.Code()
	for _, does := range []struct {
		user, command, text string
		want                event.Kind // "": nothing is recorded, so nothing is named
	}{
		{"U03CAROL", "/assume", "staging 123456", event.Refused},
		{"U01ALICE", "/assume", "nowhere 123456", event.Refused},
		{"U01ALICE", "/assume", "staging 12345", ""},
		{"U01ALICE", "/assume", "staging 000000", event.Failed},
		{"U01ALICE", "/assume", "staging " + alices, event.Granted},
		{"U01ALICE", "/assume", "staging " + alices, event.Refused},
		{"U01ALICE", "/sessions", "", ""},
		{"U01ALICE", "/assume", "whoami", event.Identity},
		{"U01ALICE", "/assume", "pause", event.Refused},
		{admin, "/assume", "who", event.Who},
		{admin, "/assume", "status", event.Status},
		{"U01ALICE", "/assume", "history everybody", event.Refused},
		{admin, "/assume", "pause because drill", event.Paused},
		{"U01ALICE", "/assume", "staging 123456", event.Refused},
		{admin, "/assume", "resume", event.Resumed},
		{admin, "/assume", "block @bob because drill", event.Blocked},
		{admin, "/assume", "unblock @bob", event.Unblocked},
		{"U01ALICE", "/assume", "revoke staging", event.Revoked},
	} {
		m := w.says(does.user, does.command, does.text)
		named := entryNamed.FindStringSubmatch(m.Plain())
		if does.want == "" {
			if named != nil {
				t.Errorf("%s %s: names an entry, and none tells of it: %s", does.command, does.text, m.Plain())
			}
			continue
		}
		if named == nil {
			t.Errorf("%s %s: names no entry: %s", does.command, does.text, m.Plain())
			continue
		}
		number, err := strconv.Atoi(strings.ReplaceAll(named[1], ",", ""))
		if err != nil {
			t.Fatal(err)
		}
		all := storetest.Replica{Log: r.Record}.Events(t)
		if number >= len(all) || all[number].Kind != does.want || all[number].Actor.User != does.user {
			t.Errorf("%s %s: record %d is %v, want %s by %s", does.command, does.text, number, all[min(number, len(all)-1)], does.want, does.user)
		}
	}
}
