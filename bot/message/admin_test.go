package message

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/watch"
)

const wildReason = "INC-42 <!channel> *bold* <https://x.example|link> @here"

// goldenReport is of two replicas that are well.
func goldenReport() watch.Report {
	return watch.Report{
		State: watch.State{
			Connected: true, Sockets: 2, Counted: 4, Working: 1, StoreTook: 400 * time.Microsecond,
			Record:  watch.Record{Entries: 4711, Signed: 4711, SignedAt: goldenTime.Add(-2 * time.Minute)},
			Readers: []watch.Reader{{Name: watch.ReaderArchive, Next: 4711}, {Name: watch.ReaderAudit, Next: 4710}},
		},
		Replicas: []watch.Replica{
			{ID: "abcdefghijkl", Host: "assumebot-7d9f-x2x4q", Version: "v1.4.0", Began: goldenTime.Add(-50 * time.Hour), Sockets: 2, Config: "3f9a21bc77"},
			{ID: "mnopqrstuvwx", Version: "v1.4.0", Began: goldenTime.Add(-30 * time.Second), Sockets: 2, Config: "3f9a21bc77"},
		},
		Store:  watch.Store{Kind: "single node", Version: "7.2.4", Role: "master"},
		Config: watch.Config{Digest: "3f9a21bc77", At: goldenTime.Add(-time.Hour)},
	}
}

// goldenTrouble is all that can be wrong, at once.
func goldenTrouble() watch.Report {
	r := goldenReport()
	r.Counted, r.StoreTook, r.Due, r.Unknown, r.Config.Refused = 10, 120*time.Millisecond, 1234, 1, true
	r.Record.Stopped, r.Record.Signed, r.Record.Unsigned, r.Readers[1].Next = true, 4000, time.Hour, 12
	r.Silent = []watch.Silence{{Endpoint: "AWS STS in eu-west-1", Since: goldenTime.Add(-time.Minute)}}
	r.Replicas[1].Sockets, r.Replicas[1].Stopped, r.Replicas[1].Version, r.Replicas[1].Config = 0, true, "v1.3.9", "other"
	r.Replicas = append(r.Replicas, watch.Replica{ID: "yzyzyzyzyzyz", Version: "v1.3.9", Began: goldenTime, Config: "other", Draining: true})
	return r
}

// adminMessages are those that admins read.
func adminMessages() map[string]blockkit.Message {
	v := goldenVoice()
	held := func(n int) []broker.LiveGrant {
		var all []broker.LiveGrant
		for i := range n {
			g := goldenIssued(i%5 != 0).Grant
			g.User, g.Reason = fmt.Sprintf("U%02dPERSON", i), strings.Repeat(wildReason, i%3)
			all = append(all, broker.LiveGrant{Grant: g, Name: []string{"", "alice@example.com"}[i%2]})
		}
		return all
	}
	denied := func(everybody bool) *broker.Denied {
		return &broker.Denied{Before: goldenTime, Everybody: everybody}
	}
	failed := &broker.Error{Code: broker.CodeRevoker, Ref: "abcdefgh",
		What: prose.Say("The bot could not tell AWS to refuse the credentials of broken that were issued before: they work until " +
			"they expire."), Hint: prose.Say("Tell the people who run the AWS account. Do it now if somebody else may have the credentials.")}
	account := func(name string) policy.Account { return policy.Account{Name: name, Revoker: "x"} }
	revoked := broker.PersonRevocation{Target: "U02BOB", TargetName: "bob@example.com", Session: true, Accounts: []broker.Revocation{
		{Account: account("prod"), Ended: 2, Denied: denied(false)}, {Account: account("full"), Denied: denied(true)},
		{Account: account("broken"), Err: failed}, {Account: policy.Account{Name: "hub"}, Ended: 1, Until: goldenTime},
	}}
	var many broker.PersonRevocation
	many.Target = "U02BOB"
	for i := range 200 {
		many.Accounts = append(many.Accounts, broker.Revocation{Account: account(fmt.Sprintf("account-%03d", i)), Err: failed})
	}
	ended := broker.Ending{Grant: goldenIssued(true).Grant, Session: true}
	denying := broker.Revocation{Account: account("prod"), Ended: 1, Session: true, Denied: denied(false)}
	has := Holding{Grants: []broker.Grant{goldenIssued(true).Grant, otherGrant()}, Revocable: map[string]bool{goldenIssued(true).Grant.ID: true}}
	return map[string]blockkit.Message{
		"admin_blocked":       Blocked(v, "U02BOB", "bob@example.com (U02BOB)", nil),
		"admin_blocked_again": Blocked(v, "U02BOB", "bob@example.com (U02BOB)", &broker.Order{By: "U09ADMIN", Reason: wildReason, At: goldenTime}),
		"revoked":             Revoked(v, denying),
		"revoked_everybody":   Revoked(v, broker.Revocation{Account: account("prod"), Denied: denied(true)}),
		"revoked_not":         Revoked(v, broker.Revocation{Account: policy.Account{Name: "hub"}, Ended: 2, Session: true, Until: goldenTime}),
		"revoked_failed":      Revoked(v, broker.Revocation{Account: account("broken"), Ended: 1, Until: goldenTime, Err: failed}),
		"revoked_still":       StillRevoking("staging"),
		"revoked_nothing":     Revoked(v, broker.Revocation{Account: account("prod")}),
		"revoked_nothing_known": Revoked(v, broker.Revocation{Account: account("prod"),
			Err: &broker.Error{Code: broker.CodeStore, Ref: "abcdefgh",
				What: prose.Say("The bot's own store is not answering, so it may still keep credentials or an MFA " +
					"session of yours."), Hint: prose.Say("Try again in a minute.")}}),
		"admin_revoked_none":   PersonRevoked(v, broker.PersonRevocation{Target: "U02BOB"}),
		"admin_revoked_others": PersonRevoked(v, broker.PersonRevocation{Target: "U02BOB", Others: []string{"hub"}}),
		"admin_revoked_all":    PersonRevoked(v, broker.PersonRevocation{Target: "U02BOB", Accounts: revoked.Accounts[:1], Others: []string{"hub"}}),
		"admin_unblocked":      Unblocked("bob@example.com (U02BOB)", true),
		"admin_not_blocked":    Unblocked("U02BOB", false),
		"admin_unlocked":       Unlocked("bob@example.com (U02BOB)", true),
		"admin_not_locked":     Unlocked("U02BOB", false),
		"admin_paused":         Paused(v, nil),
		"admin_paused_again":   Paused(v, &broker.Order{By: "U02BOB", ByName: "bob@example.com", At: goldenTime}),
		"admin_resumed":        Resumed(true),
		"admin_not_paused":     Resumed(false),
		"admin_who":            Who(v, broker.Everybody{Grants: held(5)}),
		"admin_who_many":       Who(v, broker.Everybody{Grants: held(WhoMost), More: true}),
		"admin_status":         Status(v, goldenReport(), nil),
		"admin_status_wrong":   Status(v, goldenTrouble(), &broker.Order{By: "U09ADMIN", Reason: wildReason, At: goldenTime}),
		"admin_status_paused_until": Status(v, goldenReport(),
			&broker.Order{By: "U02BOB", ByName: "bob@example.com", Reason: "drill 4711", At: goldenTime, Until: goldenTime.Add(10 * time.Minute)}),
		"admin_who_none":        Who(v, broker.Everybody{}),
		"admin_revoked":         PersonRevoked(v, revoked),
		"admin_revoked_many":    PersonRevoked(v, many),
		"admin_revoked_nothing": PersonRevoked(v, broker.PersonRevocation{Target: "U07GONE", Err: failed}),
		"admin_help":            new(Helps).Help(v, slices.Values[[]policy.Account](nil), true, true),
		"ended_session":         Ended(v, ended),
		"ended_revoked":         Ended(v, broker.Ending{Grant: ended.Grant, Revoked: &denying}),
		"sessions_revocable":    Sessions(v, has),
		"error_paused": v.Error(&broker.Error{Code: broker.CodePaused, Use: broker.UseUnused,
			What: prose.Say("The bot is paused since ", prose.At(goldenTime.Truncate(time.Minute)), ", by admin@example.com: nothing is issued to anybody."),
			Hint: prose.Say("Try again once an admin has resumed it."), Quote: wildReason}),
	}
}

func TestListsOfAdminsFitOneMessageAndSayWhatIsLeftOut(t *testing.T) {
	for _, name := range []string{"admin_who_many", "admin_revoked_many"} {
		m := adminMessages()[name]
		if !m.Fits() {
			t.Errorf("%s does not fit", name)
		}
	}
	if got := blockkit.Shortened(strings.Repeat("é", whoReason+1), whoReason); got != strings.Repeat("é", whoReason)+"…" {
		t.Errorf("got %q", got)
	}
	if left := blockkit.TimeLeft(time.Hour); left != "1h" {
		t.Errorf("got %q", left)
	}
}

// TestStatusFitsWhateverReplicasThereAre: what is left of dead ones is told as a number.
func TestStatusFitsWhateverReplicasThereAre(t *testing.T) {
	r := goldenTrouble()
	for i := range 61 {
		r.Replicas = append(r.Replicas, watch.Replica{
			ID: fmt.Sprintf("%026d", i), Host: strings.Repeat("h", 60) + fmt.Sprint(i), Version: strings.Repeat("v", 60), Config: fmt.Sprint(i), Stopped: true,
		})
	}
	r.Record.Stopped = false
	m := Status(goldenVoice(), r, nil)
	if !m.Fits() {
		t.Error("it does not fit into a message of Slack's")
	}
	if got := m.TextForm(nil); !strings.Contains(got, "and 52 more replicas") {
		t.Errorf("the others are not counted:\n%s", got)
	}
}
