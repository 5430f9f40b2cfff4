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
)

const wildReason = "INC-42 <!channel> *bold* <https://x.example|link> @here"

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
		"admin_revoked_none":    PersonRevoked(v, broker.PersonRevocation{Target: "U02BOB"}),
		"admin_revoked_others":  PersonRevoked(v, broker.PersonRevocation{Target: "U02BOB", Others: []string{"hub"}}),
		"admin_revoked_all":     PersonRevoked(v, broker.PersonRevocation{Target: "U02BOB", Accounts: revoked.Accounts[:1], Others: []string{"hub"}}),
		"admin_unblocked":       Unblocked("bob@example.com (U02BOB)", true),
		"admin_not_blocked":     Unblocked("U02BOB", false),
		"admin_unlocked":        Unlocked("bob@example.com (U02BOB)", true),
		"admin_not_locked":      Unlocked("U02BOB", false),
		"admin_paused":          Paused(v, nil),
		"admin_paused_again":    Paused(v, &broker.Order{By: "U02BOB", ByName: "bob@example.com", At: goldenTime}),
		"admin_resumed":         Resumed(true),
		"admin_not_paused":      Resumed(false),
		"admin_who":             Who(v, broker.Everybody{Grants: held(5)}),
		"admin_who_many":        Who(v, broker.Everybody{Grants: held(WhoMost), More: true}),
		"admin_who_none":        Who(v, broker.Everybody{}),
		"admin_revoked":         PersonRevoked(v, revoked),
		"admin_revoked_many":    PersonRevoked(v, many),
		"admin_revoked_nothing": PersonRevoked(v, broker.PersonRevocation{Target: "U07GONE", Err: failed}),
		"admin_help":            Help(v, slices.Values[[]policy.Account](nil), true, true),
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
