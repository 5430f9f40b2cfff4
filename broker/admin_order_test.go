package broker_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
)

func (m *memory) Unlock(context.Context, string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	was := m.lockouts.locked > 0
	m.lockouts.wrong, m.lockouts.locked = nil, 0
	return was, m.lockouts.err
}

const adminID = "U09ADMIN" // no User of the config

func newAdminBench(t *testing.T) *bench {
	b := newBench(t)
	b.config.Admins = []string{adminID}
	return b
}

func by(b *bench, user string) broker.Request {
	r := b.request("", "")
	r.Caller.User, r.Reason = user, "INC-42"
	return r
}

// adminActs is everything that admins alone may do, to alice.
func adminActs(b *bench) map[event.Kind]func(r broker.Request) error {
	ctx := context.Background()
	return map[event.Kind]func(r broker.Request) error{
		event.Blocked:   func(r broker.Request) error { return second(b.Broker.Admins.Block(ctx, r, "U01ALICE")) },
		event.Unblocked: func(r broker.Request) error { return second(b.Broker.Admins.Unblock(ctx, r, "U01ALICE")) },
		event.Unlocked:  func(r broker.Request) error { return second(b.Broker.Admins.Unlock(ctx, r, "U01ALICE")) },
		event.Paused:    func(r broker.Request) error { return second(b.Broker.Admins.Pause(ctx, r)) },
		event.Resumed:   func(r broker.Request) error { return second(b.Broker.Admins.Resume(ctx, r)) },
		event.Who:       func(r broker.Request) error { return second(b.Holding.Who(ctx, r, 60)) },
		event.History: func(r broker.Request) error {
			return second(b.Histories.History(ctx, r, broker.Look{Person: "U01ALICE", Everybody: true}, 5))
		},
		event.Status:  func(r broker.Request) error { return second(b.Broker.Admins.Status(ctx, r)) },
		event.Revoked: func(r broker.Request) error { return second(b.Revoking.RevokePerson(ctx, r, "U01ALICE")) },
	}
}

func TestOnlyAdminsActAsAdmins(t *testing.T) {
	refusals := []struct {
		name string
		user string
		want broker.Code
		set  func(b *bench)
	}{
		{"a User", "U01ALICE", broker.CodeNotAdmin, func(*bench) {}},
		{"a stranger", "U05EVE", broker.CodeNotUser, func(*bench) {}},
		{"nobody is admin", adminID, broker.CodeNotUser, func(b *bench) { b.config.Admins = nil }},
		{"of a workspace that is not served", adminID, broker.CodeWorkspace, func(b *bench) { b.config.Workspaces = []string{"T0OTHER"} }},
		{"a guest", adminID, broker.CodeNotAMember, func(b *bench) { b.standing = &broker.Standing{Team: "T0123", Guest: true} }},
		{"standing unknown", adminID, broker.CodeDirectory, func(b *bench) { b.peopleErr = errDown }},
		{"membership unknown", adminID, broker.CodeDirectory, func(b *bench) { b.config.Admins, b.groupErr = []string{"S09ADMINS"}, errDown }},
		{"not in the user group", adminID, broker.CodeNotUser, func(b *bench) { b.config.Admins = []string{"S09ADMINS"} }},
		{"a blocked admin", adminID, broker.CodeBlocked, func(b *bench) { b.orders.blocks = map[string]broker.Order{adminID: {By: "U08OTHER"}} }},
		{"orders unknown", adminID, broker.CodeStore, func(b *bench) { b.orders.err = errDown }},
	}
	for _, c := range refusals {
		b := newAdminBench(t)
		b.orders.pause = &broker.Order{By: "U08OTHER"}
		c.set(b)
		for kind, act := range adminActs(b) {
			t.Run(c.name+"/"+string(kind), func(t *testing.T) {
				wantCode(t, act(by(b, c.user)), c.want)
				last := b.last(t)
				if last.Kind != event.Refused || last.Code != c.want || last.Actor.User != c.user {
					t.Errorf("got %+v on the record, want the refusal", last)
				}
				if about := kind != event.Paused && kind != event.Resumed && kind != event.Who && kind != event.Status; (last.Target.ID == "U01ALICE") != about {
					t.Errorf("got target %q on the record of a refused %s", last.Target, kind)
				}
			})
		}
		if b.orders.pause == nil || len(b.orders.blocks["U01ALICE"].By) > 0 {
			t.Errorf("%s: it was done all the same", c.name)
		}
	}
}

func TestAdminsByUserGroupAct(t *testing.T) {
	b := newAdminBench(t)
	b.config.Admins = []string{"S09ADMINS"}
	b.groups["S09ADMINS"] = []string{adminID}
	if _, err := b.Broker.Admins.Block(t.Context(), by(b, adminID), "U01ALICE"); err != nil {
		t.Fatal(err)
	}
}

func TestEachAdminActIsOnTheRecordWithWhoAndWhom(t *testing.T) {
	b := newAdminBench(t)
	b.orders.blocks = map[string]broker.Order{"U01ALICE": {By: "x"}}
	b.orders.pause = &broker.Order{By: "x"}
	for kind, act := range adminActs(b) {
		b.lockouts.locked = time.Minute
		b.orders.blocks["U01ALICE"] = broker.Order{ID: "block", By: "x"}
		b.orders.pause = &broker.Order{ID: "pause", By: "x"}
		if err := act(by(b, adminID)); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		last := b.last(t)
		reason := map[bool]string{true: "INC-42"}[kind != event.Status && kind != event.History]
		if last.Kind != kind || last.Actor.User != adminID || last.Reason != reason || last.Purpose != "" {
			t.Errorf("%s: got %+v on the record", kind, last)
		}
		if last.Target.ID != "" && (last.Target.ID != "U01ALICE" || last.Target.Name != "alice") {
			t.Errorf("%s: got target %q (%q)", kind, last.Target, last.Target.Name)
		}
		if want := map[event.Kind]string{event.Unblocked: "block", event.Resumed: "pause"}[kind]; last.Ends != want {
			t.Errorf("%s: got that it ends %q, want %q alone", kind, last.Ends, want)
		}
	}
}

func TestWhatTakesAwayStaysWhenTheRecordFails(t *testing.T) {
	b := newAdminBench(t)
	for _, kind := range []event.Kind{event.Blocked, event.Paused, event.Revoking, event.Revoked} {
		b.failOn[kind] = true
	}
	if _, err := b.Broker.Admins.Pause(t.Context(), by(b, adminID)); err != nil || b.orders.pause == nil {
		t.Errorf("pause: got %v and %v", err, b.orders.pause)
	}
	if _, err := b.Revoking.RevokePerson(t.Context(), by(b, adminID), "U01ALICE"); err != nil || b.orders.blocks["U01ALICE"].By != adminID {
		t.Errorf("revoke: got %v and %v", err, b.orders.blocks)
	}
	if o := b.orders.pause; o.By != adminID || o.Reason != "INC-42" || o.At.IsZero() {
		t.Errorf("got order %+v", o)
	}
}

func TestWhatGivesBackNeedsTheRecord(t *testing.T) {
	b := newAdminBench(t)
	b.orders.blocks = map[string]broker.Order{"U01ALICE": {By: "x"}}
	b.orders.pause = &broker.Order{By: "x"}
	b.lockouts.locked = time.Minute
	for _, kind := range []event.Kind{event.Unblocked, event.Resumed, event.Unlocked, event.Who, event.History} {
		b.failOn[kind] = true
		wantCode(t, adminActs(b)[kind](by(b, adminID)), broker.CodeRecord)
	}
	if len(b.orders.blocks) != 1 || b.orders.pause == nil || b.lockouts.locked == 0 {
		t.Error("something was given back off the record")
	}
}

// TestStatusIsToldThoughTheRecordFails also shows whose the pause is.
func TestStatusIsToldThoughTheRecordFails(t *testing.T) {
	b := newAdminBench(t)
	b.failOn[event.Status] = true
	b.orders.pause = &broker.Order{By: "U08OTHER", Reason: "a\nb"}
	pause, err := b.Broker.Admins.Status(t.Context(), by(b, adminID))
	if err != nil || pause == nil || pause.By != "U08OTHER" || pause.Reason != "a b" {
		t.Errorf("got %+v, %v, want the pause", pause, err)
	}
}

func TestThereIsNothingToUnblockOrResume(t *testing.T) {
	b := newAdminBench(t)
	if was, err := b.Broker.Admins.Unblock(t.Context(), by(b, adminID), "U01ALICE"); was || err != nil {
		t.Errorf("unblock: got %v, %v", was, err)
	}
	if was, err := b.Broker.Admins.Resume(t.Context(), by(b, adminID)); was || err != nil {
		t.Errorf("resume: got %v, %v", was, err)
	}
	if got := b.kinds(); len(got) != 0 {
		t.Errorf("got %v on the record, want nothing", got)
	}
}

func TestUnlockSaysThatNobodyWasLockedOut(t *testing.T) {
	b := newAdminBench(t)
	b.lockouts.wrong = []string{"one"}
	if was, err := b.Broker.Admins.Unlock(t.Context(), by(b, adminID), "U01ALICE"); was || err != nil {
		t.Errorf("got %v, %v, want false, nil", was, err)
	}
	if got := b.last(t); got.Kind != event.Unlocked || got.Code != broker.CodeNotEnded {
		t.Errorf("got %+v on the record, want that there was no lock-out to end", got)
	}
	if len(b.lockouts.wrong) != 0 {
		t.Error("the wrong codes still count")
	}
	b.lockouts.err = errDown
	wantCode(t, second(b.Broker.Admins.Unlock(t.Context(), by(b, adminID), "U01ALICE")), broker.CodeStore)
}

func TestASecondBlockSaysWhoseItReplaces(t *testing.T) {
	b := newAdminBench(t)
	if done, err := b.Broker.Admins.Block(t.Context(), by(b, adminID), "U01ALICE"); err != nil || done.Before != nil {
		t.Fatalf("first: got %+v, %v, want none before it", done, err)
	}
	done, err := b.Broker.Admins.Block(t.Context(), by(b, adminID), "U01ALICE")
	if err != nil || done.Before == nil || done.Before.By != adminID || done.Before.Reason != "INC-42" {
		t.Errorf("second: got %+v, %v, want the first as the one before", done, err)
	}
}

func TestAdminsDoNotActUponThemselves(t *testing.T) {
	b := newAdminBench(t)
	for name, act := range map[string]func() error{
		"block":  func() error { return second(b.Broker.Admins.Block(t.Context(), by(b, adminID), adminID)) },
		"revoke": func() error { return second(b.Revoking.RevokePerson(t.Context(), by(b, adminID), adminID)) },
		"unlock": func() error { return second(b.Broker.Admins.Unlock(t.Context(), by(b, adminID), adminID)) },
	} {
		t.Run(name, func(t *testing.T) { wantCode(t, act(), broker.CodeGrammar) })
	}
	if len(b.orders.blocks) > 0 {
		t.Error("the admin blocked themselves")
	}
}

func TestWhoListsEverybodysGrantsThoseOfTheForgottenToo(t *testing.T) {
	b := newAdminBench(t)
	if _, err := b.Issue(t.Context(), b.request("prod", b.device.Code())); err != nil {
		t.Fatal(err)
	}
	b.grants["gone"] = broker.Grant{ID: "g9", User: "U07GONE", Account: "prod", Principal: "arn:aws:sts::222222222222:assumed-role/OnCall/gone"}
	all, err := b.Holding.Who(t.Context(), by(b, adminID), 60)
	if got := all.Grants; err != nil || len(got) != 2 || got[0].User != "U07GONE" || got[0].Name != "" || got[1].Name != "alice" {
		t.Errorf("got %+v, %v", all, err)
	}
	b.saveErr = errDown
	wantCode(t, second(b.Holding.Who(t.Context(), by(b, adminID), 60)), broker.CodeStore)
}

func TestRevokePersonTakesEverythingAndTellsAWS(t *testing.T) {
	b := newAdminBench(t)
	revocable(b)
	b.config.MFASession = 8 * time.Hour
	if _, err := b.Issue(t.Context(), b.request("prod", b.device.Code())); err != nil {
		t.Fatal(err)
	}
	b.offset += time.Minute
	if _, err := b.MFASessions.BeginMFASession(t.Context(), b.request("", b.device.Code())); err != nil {
		t.Fatal(err)
	}
	done, err := b.Revoking.RevokePerson(t.Context(), by(b, adminID), "U01ALICE")
	if err != nil {
		t.Fatal(err)
	}
	if len(done.Accounts) != 1 || done.Accounts[0].Denied == nil || done.Accounts[0].Ended != 1 || !done.Session || done.Err != nil {
		t.Errorf("got %+v", done)
	}
	if len(b.grants)+len(b.sessions) > 0 || b.orders.blocks["U01ALICE"].By != adminID {
		t.Error("something is left, or she is not blocked")
	}
	if kinds := b.kinds(); slices.Index(kinds, event.Blocked) > slices.Index(kinds, event.Revoked) {
		t.Errorf("got %v, want the block first", kinds)
	}
}

func TestRevokePersonGoesOnWhereOneAccountFails(t *testing.T) {
	b := newAdminBench(t)
	revocable(b)
	broken := *b.config.Accounts.Find("prod")
	broken.Name, broken.Revoker = "broken", "arn:aws:iam::222222222222:role/Nowhere"
	b.config.Accounts = policy.Accounts(broken, *b.config.Accounts.Find("prod"), *b.config.Accounts.Find("hub"))
	done, err := b.Revoking.RevokePerson(t.Context(), by(b, adminID), "U01ALICE")
	if err != nil || len(done.Accounts) != 2 {
		t.Fatalf("got %+v, %v", done, err)
	}
	if done.Accounts[0].Err == nil || done.Accounts[0].Denied != nil || done.Accounts[1].Denied == nil || done.Accounts[1].Err != nil {
		t.Errorf("got %+v, want that the second is refused all the same", done.Accounts)
	}
}

func TestRevokePersonKnowsTheForgottenByTheirGrants(t *testing.T) {
	b := newAdminBench(t)
	revocable(b)
	gone := "U07GONE"
	done, err := b.Revoking.RevokePerson(t.Context(), by(b, adminID), gone)
	if err != nil || len(done.Accounts) != 1 || done.Accounts[0].Err == nil {
		t.Errorf("got %+v, %v, want that AWS cannot be told", done, err)
	}
	b.grants["x"] = broker.Grant{ID: "g9", User: gone, Account: "prod", Principal: "arn:aws:sts::222222222222:assumed-role/OnCall/gone"}
	done, err = b.Revoking.RevokePerson(t.Context(), by(b, adminID), gone)
	if err != nil || done.Accounts[0].Denied == nil || done.Accounts[0].Ended != 1 {
		t.Errorf("got %+v, %v, want their sessions refused", done, err)
	}
	// A name that is alice's by now is not theirs.
	b.grants["x"] = broker.Grant{ID: "g9", User: gone, Account: "prod", Principal: "arn:aws:sts::222222222222:assumed-role/OnCall/alice"}
	if done, _ = b.Revoking.RevokePerson(t.Context(), by(b, adminID), gone); done.Accounts[0].Denied != nil {
		t.Error("alice's sessions were refused for another's")
	}
}

func TestRevokePersonOfNoSuchAccountDoesNothing(t *testing.T) {
	b := newAdminBench(t)
	r := by(b, adminID)
	r.Account = "prdo"
	e := wantCode(t, second(b.Revoking.RevokePerson(t.Context(), r, "U01ALICE")), broker.CodeUnknownAccount)
	if len(b.orders.blocks) > 0 || prose.Plain(e.Hint) != "Did you mean prod? Without an account it is for all of them." {
		t.Errorf("got hint %q and blocks %v", prose.Plain(e.Hint), b.orders.blocks)
	}
}

func TestHelpTellsAdminsApart(t *testing.T) {
	b := newAdminBench(t)
	if mine, isAdmin, err := b.Explaining.Help(t.Context(), b.request("", "")); err != nil || isAdmin || mine.Len() == 0 {
		t.Errorf("a User: got %d accounts, %v, %v", mine.Len(), isAdmin, err)
	}
	if mine, isAdmin, err := b.Explaining.Help(t.Context(), by(b, adminID)); err != nil || !isAdmin || mine.Len() != 0 {
		t.Errorf("an admin who is no User: got %d accounts, %v, %v", mine.Len(), isAdmin, err)
	}
	_, _, err := b.Explaining.Help(t.Context(), by(b, "U05EVE"))
	wantCode(t, err, broker.CodeNotUser)
	if err := b.Visits.Identify(t.Context(), by(b, adminID)); err != nil {
		t.Errorf("an admin is a stranger: %v", err)
	}
	elsewhere := by(b, adminID)
	elsewhere.Caller.Team = "T0999"
	_, _, err = b.Explaining.Help(t.Context(), elsewhere)
	wantCode(t, err, broker.CodeWorkspace)
}

func TestTwoAccountsOfOneRoleWaitForEachOther(t *testing.T) {
	b := newAdminBench(t)
	revocable(b)
	again := *b.config.Accounts.Find("prod")
	again.Name = "prod-again"
	b.config.Accounts.Add(again.Name, again)
	done, err := b.Revoking.RevokePerson(t.Context(), by(b, adminID), "U01ALICE")
	if err != nil || len(done.Accounts) != 2 || done.Accounts[0].Denied == nil || done.Accounts[1].Denied == nil {
		t.Fatalf("got %+v, %v", done, err)
	}
	if len(b.holders) != 2 || len(b.leases) != 0 {
		t.Errorf("got holders %v and leases %v, want one holder for each account", b.holders, b.leases)
	}
}

func TestOnlyAGrantOfTheRoleThatItsAccountHasTodayIsRevocable(t *testing.T) {
	b := newBench(t)
	b.config.Accounts.Find("prod").Revoker = "arn:aws:iam::222222222222:role/Revoker"
	for role, want := range map[policy.RoleARN]bool{b.config.Accounts.Find("prod").RoleARN: true, "arn:aws:iam::222222222222:role/Before": false, "": false} {
		if got := b.Holding.Revocable(broker.Grant{Account: "prod", RoleARN: role}); got != want {
			t.Errorf("%q: got %v, want %v", role, got, want)
		}
	}
	if b.Holding.Revocable(broker.Grant{Account: "hub"}) || b.Holding.Revocable(broker.Grant{Account: "gone"}) {
		t.Error("an account without a revoker has one")
	}
}

func TestEndForgetsTheMFASessionToo(t *testing.T) {
	b := newSessionBench(t)
	if _, err := b.MFASessions.BeginMFASession(t.Context(), b.request("", b.device.Code())); err != nil {
		t.Fatal(err)
	}
	b.offset += time.Minute
	issued, err := b.Issue(t.Context(), b.request("prod", b.device.Code()))
	if err != nil {
		t.Fatal(err)
	}
	ended, err := b.Holding.End(t.Context(), b.request("", ""), issued.Grant.ID)
	if err != nil || !ended.Session || ended.Revoked != nil || len(b.grants)+len(b.sessions) > 0 {
		t.Errorf("got %+v, %v, want the grant and the MFA session gone", ended, err)
	}
	if kinds := b.kinds(); kinds[len(kinds)-1] != event.Ended || kinds[len(kinds)-2] != event.Ended {
		t.Errorf("got %v, want both ends on the record", kinds)
	}
}

// pausing is the bench's broker, whose pauses end by themselves after ten minutes.
func pausing(b *bench) *broker.Broker {
	d := b.deps()
	d.PauseFor = 10 * time.Minute
	return broker.New(d)
}

func TestAPauseThatEndsByItselfSaysUntilWhen(t *testing.T) {
	b := newAdminBench(t)
	if before, err := pausing(b).Admins.Pause(t.Context(), by(b, adminID)); before != nil || err != nil {
		t.Fatalf("got %+v, %v", before, err)
	}
	o := b.orders.pause
	told := b.last(t)
	if o == nil || o.Until.Sub(o.At) != 10*time.Minute || told.Kind != event.Paused || !told.Until.Equal(o.Until) || told.Code != "" {
		t.Fatalf("got %+v, and %+v on the record", o, b.last(t))
	}
	e := wantCode(t, second(b.Issue(t.Context(), b.request("prod", b.device.Code()))), broker.CodePaused)
	if !strings.Contains(prose.Plain(e.Hint), "It lasts until") {
		t.Errorf("got %q, want when it ends", prose.Plain(e.Hint))
	}
	if before, err := b.Broker.Admins.Pause(t.Context(), by(b, adminID)); err != nil || before == nil || !b.orders.pause.Until.IsZero() {
		t.Errorf("an admin's own: got %+v, %v, want it in its place, without an end", before, err)
	}
	if told := b.last(t); !told.Until.IsZero() {
		t.Errorf("got %+v on the record, want no end", told)
	}
}

// TestWhoGivesNoPauseWithoutAnEndLiftsNone: a drill looks first, and an admin may be quicker.
func TestWhoGivesNoPauseWithoutAnEndLiftsNone(t *testing.T) {
	b := newAdminBench(t)
	b.orders.pause = &broker.Order{By: "U08OTHER", ID: "theirs", At: b.now()}
	if was, err := pausing(b).Admins.Resume(t.Context(), by(b, adminID)); was || err != nil || b.orders.pause == nil {
		t.Errorf("got %v, %v and %+v, want that it stands", was, err, b.orders.pause)
	}
	b.orders.pause.Until = b.now().Add(time.Minute)
	if was, err := pausing(b).Admins.Resume(t.Context(), by(b, adminID)); !was || err != nil || b.orders.pause != nil {
		t.Errorf("of one with an end: got %v, %v and %+v, want it lifted", was, err, b.orders.pause)
	}
}

// TestAPauseThatEndsByItselfTakesNoOthersPlace also where an admin's came just now.
func TestAPauseThatEndsByItselfTakesNoOthersPlace(t *testing.T) {
	looked := false
	for name, when := range map[string]func() bool{
		"it stood before":    nil,
		"it came just now":   func() bool { was := looked; looked = true; return was },
		"and cannot be read": func() bool { return false },
	} {
		b := newAdminBench(t)
		b.orders.pause, b.orders.when = &broker.Order{By: "U08OTHER"}, when
		want := broker.CodePaused
		if name == "and cannot be read" {
			want = broker.CodeStore
		}
		wantCode(t, second(pausing(b).Admins.Pause(t.Context(), by(b, adminID))), want)
		if b.orders.pause.By != "U08OTHER" {
			t.Errorf("%s: got %+v in its place", name, b.orders.pause)
		}
		for _, e := range b.kinds() {
			if e == event.Paused {
				t.Errorf("%s: the record tells of a pause that was not given", name)
			}
		}
	}
}

func TestAPauseOfWhichNobodyKnowsSaysUntilWhenItMayHold(t *testing.T) {
	b := newAdminBench(t)
	b.orders.err, b.orders.when = errDown, func() bool { return false } // only what is given fails
	wantCode(t, second(pausing(b).Admins.Pause(t.Context(), by(b, adminID))), broker.CodeStore)
	if told := b.last(t); told.Kind != event.Paused || told.Code != broker.CodeStore || told.Until.IsZero() {
		t.Errorf("got %+v on the record", told)
	}
}
