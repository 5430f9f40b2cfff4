package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/store/storetest"
)

// adminConfig has an admin who is no user of it, and a revoker for staging.
var adminConfig = revokerConfig + "admins: [U09ADMIN]\n"

const admin = "U09ADMIN"

func newAdminWorld(t testing.TB) *world {
	w := newWorld(t)
	w.slack.AddUser(slacktest.User{ID: admin, Name: "root"})
	w.slack.AddChannel(slacktest.Channel{ID: "C0GENERAL", Name: "general", Members: []string{"U01ALICE", "U02BOB", "U03CAROL", admin}})
	w.aws.AddRole(awstest.Role{Account: "333333333333", Name: "Revoker", Trust: awstest.Trust{Principals: []string{"arn:aws:iam::111111111111:user/assumebot"}}})
	return w
}

// inFlight sends a command whose call to STS has been made and is not answered
// yet.
func (w *world) inFlight(user, text, action string) (answered func() slacktest.Message) {
	w.t.Helper()
	clear := w.aws.Inject(awstest.Fault{Action: action, Times: 1, Latency: 3 * time.Second})
	w.t.Cleanup(clear)
	before, calls := len(w.private(user)), w.stsCalls(action)
	w.acked(w.slack.Command(user, "C0GENERAL", "/assume", text))
	w.await("the call to STS", func() bool { return w.stsCalls(action) > calls })
	return func() slacktest.Message {
		w.t.Helper()
		w.await("an answer", func() bool { return len(w.private(user)) > before })
		return w.private(user)[before]
	}
}

func TestABlockCountsOnAllReplicasAtOnce(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	settings, _ := w.realRedis()
	w.run(adminConfig, settings)
	w.run(adminConfig, settings)
	shown := w.says("U02BOB", "/assume", "staging "+w.bob.Code())
	wantText(t, w.says(admin, "/assume", "block @bob because laptop lost"), "Blocked bob@example.com (U02BOB)", "on every replica")
	for range 6 { // whichever replica takes it
		m := w.says("U02BOB", "/assume", "staging 123456")
		wantText(t, m, "You are blocked since ", "Ask in #help-aws", "Your code was not used")
		if strings.Contains(m.Plain(), "laptop") || strings.Contains(m.Plain(), "U09ADMIN") {
			t.Errorf("the blocked person reads by whom and why: %s", m.Plain())
		}
	}
	w.acked(w.slack.Choose("U02BOB", shown.Ref(), "", "format", "fish"))
	w.shown("U02BOB", "You are blocked since")
	w.auditTells("Blocked bob@example.com (U02BOB)", "By U09ADMIN of T0123", "laptop lost")
	if got := w.stsCalls("GetSessionToken") + w.stsCalls("AssumeRole"); got != 1 {
		t.Errorf("got %d calls to STS, want bob's first alone", got)
	}
	w.says("U01ALICE", "/assume", "staging "+w.alice.Code())
	wantText(t, w.says(admin, "/assume", "unblock @bob"), "Unblocked bob@example.com")
	wantText(t, w.says(admin, "/assume", "unblock @bob"), "is not blocked")
	w.auditTells("Unblocked bob@example.com (U02BOB), by U09ADMIN")
	wantText(t, w.says("U02BOB", "/buckets", "hub"), "hub needs the code")
}

func TestWhatABlockOvertakesIsDroppedAndRevoked(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	settings, _ := w.realRedis()
	w.run(adminConfig, settings)
	w.run(adminConfig, settings)
	before := w.pasted(w.says("U01ALICE", "/assume", "staging "+w.alice.Code()))
	answered := w.inFlight("U02BOB", "staging "+w.bob.Code(), "AssumeRole")
	w.says(admin, "/assume", "block @bob")
	m := answered()
	wantText(t, m, "You were blocked while AWS was being asked", "thrown away unseen")
	if strings.Contains(m.Plain(), "AWS_SESSION_TOKEN") {
		t.Error("the blocked person was shown credentials")
	}
	w.auditTells("Failed", "bob@example.com", "They were blocked while", "access key", "error blocked")
	w.auditTells("Revoked", "bob@example.com", "AWS refuses this person's sessions")
	if w.refuses(before) {
		t.Error("alice's sessions were revoked with bob's")
	}
	wantText(t, w.says(admin, "/assume", "who"), "1 set of live credentials", "alice@example.com")
}

func TestAPauseStopsEverythingUntilItIsResumed(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	settings, _ := w.realRedis()
	w.run(adminConfig, settings)
	w.run(adminConfig, settings)
	issued := w.says("U01ALICE", "/assume", "hub "+w.alice.Code())
	answered := w.inFlight("U02BOB", "hub "+w.bob.Code(), "GetSessionToken")
	wantText(t, w.says(admin, "/assume", "pause because the <!channel> worst day"), "Paused", "on every replica", "/assume resume")
	wantText(t, answered(), "The bot was paused while AWS was being asked", "thrown away unseen", "worst day")
	for range 4 {
		wantText(t, w.says("U01ALICE", "/assume", "open"), "The bot is paused since ", "by an admin (U09ADMIN)", "the <!channel> worst day")
	}
	w.acked(w.slack.Choose("U01ALICE", issued.Ref(), "", "format", "fish"))
	w.await("the refusal of a reveal", func() bool { return len(w.private("U01ALICE")) == 6 })
	if last := w.private("U01ALICE")[5]; strings.Contains(last.Plain(), "set -gx") {
		t.Error("credentials are shown again while the bot is paused")
	}
	wantText(t, w.says(admin, "/assume", "resume"), "Resumed")
	wantText(t, w.says(admin, "/assume", "resume"), "The bot is not paused")
	wantText(t, w.says("U01ALICE", "/assume", "open"), "open is yours")
	w.auditTells("Paused", "nothing for anybody", "worst day")
	w.auditTells("Resumed", "U09ADMIN")
}

func TestAnAdminUnlocksWhoSentWrongCodes(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	r := w.run(adminConfig, w.settings())
	wantText(t, w.says(admin, "/assume", "unlock @bob"), "is not locked out")
	for i := range 5 {
		w.says("U02BOB", "/assume", fmt.Sprintf("staging 00000%d", i))
	}
	wantText(t, w.says("U02BOB", "/assume", "staging "+w.bob.Code()), "You are locked out")
	wantText(t, w.says("U02BOB", "/assume", "unlock @bob"), "Only admins may unlock people")
	wantText(t, w.says(admin, "/assume", "unlock @root"), "You cannot unlock yourself")
	wantText(t, w.says(admin, "/assume", "unlock @bob"), "Unlocked bob@example.com (U02BOB)", "forgotten")
	wantText(t, w.says("U02BOB", "/assume", "staging "+w.bob.Code()), "staging is yours")
	w.auditTells("Unlocked bob@example.com (U02BOB) after wrong codes, by U09ADMIN")
	out, lifted := w.recorded(r, event.LockedOut), w.recorded(r, event.Unlocked)
	if len(out) != 1 || len(lifted) != 2 || lifted[0].Data.(event.UnlockedData).Ends != "" || lifted[1].Data.(event.UnlockedData).Ends != out[0].Request {
		t.Errorf("got %+v on the record, want that it ends the lock-out of %s", lifted, out[0].Request)
	}
}

func TestRevokeOfAPersonHasAWSRefuseThemAndNobodyElse(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	r := w.run(strings.Replace(adminConfig, "contact:", "mfa_session: 8h\ncontact:", 1), w.settings())
	alice := w.pasted(w.says("U01ALICE", "/assume", "staging "+w.alice.Code()))
	bobs := w.says("U02BOB", "/assume", "staging "+w.bob.Code())
	bob := w.pasted(bobs)
	if w.refuses(alice) || w.refuses(bob) {
		t.Fatal("credentials do not work to begin with")
	}
	m := w.says(admin, "/assume", "revoke @bob because laptop lost")
	wantText(t, m, "Blocked bob@example.com (U02BOB). Revoked in AWS", "forgotten 1 set of credentials and ended their MFA session",
		"staging  revoked: AWS refuses their sessions", "can take minutes until AWS")
	if !w.refuses(bob) {
		t.Error("the revoked credentials still work")
	}
	if w.refuses(alice) {
		t.Error("another person's credentials were revoked too")
	}
	wantText(t, w.says("U02BOB", "/sessions", ""), "You have no live credentials")
	wantText(t, w.says("U02BOB", "/assume", "staging"), "You are blocked")
	w.auditTells("Blocked bob@example.com (U02BOB)", "laptop lost")
	w.auditTells("Revoked staging of bob@example.com (U02BOB), by U09ADMIN", "AWS refuses this person's sessions", "laptop lost")
	w.later(r, time.Minute)
	w.acked(w.slack.Press(admin, m.Ref(), "", "unblock"))
	w.shown(admin, "Unblocked bob@example.com (U02BOB)")
	wantText(t, w.says("U02BOB", "/buckets", "staging"), "staging needs the code") // the MFA session is gone
	if again := w.pasted(w.says("U02BOB", "/assume", "staging "+w.bob.Code())); w.refuses(again) {
		t.Error("what was issued after the revocation is refused too")
	}
}

func TestRevokeOfAPersonAndOneAccount(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	w.run(adminConfig, w.settings())
	hub := w.pasted(w.says("U02BOB", "/assume", "hub "+w.bob.Code()))
	wantText(t, w.says(admin, "/assume", "revoke @bob stagin"), "There is no account of that name", "nobody was blocked", "Did you mean staging?")
	wantText(t, w.says(admin, "/assume", "revoke @bob hub"), "1 set of credentials", "hub", "not revoked in AWS: copies work until", "names no revoker")
	if w.refuses(hub) {
		t.Error("AWS refuses what it was not told to refuse")
	}
	wantText(t, w.says(admin, "/assume", "revoke @root"), "That is you yourself", "/assume revoke ACCOUNT")
	wantText(t, w.says(admin, "/assume", "revoke @nobody"), "anybody can use that name", "Nothing was done")
}

func TestWhoShowsEverybodysLiveCredentialsToAdmins(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	w.run(adminConfig, w.settings())
	wantText(t, w.says(admin, "/assume", "who"), "Nobody has live credentials")
	w.says("U01ALICE", "/assume", "open because <!channel> & *x*")
	w.says("U02BOB", "/assume", "hub "+w.bob.Code())
	m := w.says(admin, "/assume", "who")
	wantText(t, m, "2 sets of live credentials", "alice@example.com (U01ALICE)", "open", "no MFA", "<!channel> & *x*",
		"bob@example.com (U02BOB)", "hub", "(1h left)", "ASIA")
	if pings := m.Pings(); len(pings) > 0 {
		t.Errorf("it pings %v", pings)
	}
	w.auditTells("Looked at by U09ADMIN", "everybody's live credentials")
}

func TestOnlyAdminsAreServedAsAdmins(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	w.run(adminConfig, w.settings())
	for text, act := range map[string]string{
		"who": "see everybody's credentials", "status": "see how the bot does", "block @alice": "block people",
		"unblock @alice": "unblock people", "unlock @alice": "unlock people",
		"pause": "pause the bot", "resume": "resume the bot", "revoke @alice prod": "revoke what others have",
	} {
		wantText(t, w.says("U02BOB", "/assume", text), "Only admins may "+act)
		wantText(t, w.says("U03CAROL", "/assume", text), "You are not set up to use this bot")
	}
	wantText(t, w.says("U03CAROL", "/assume", "block alice"), "You are not set up to use this bot")
	wantText(t, w.says(admin, "/assume", "block alice"), "not a mention of a person")
	wantText(t, w.says("U01ALICE", "/assume", "open"), "open is yours")
	w.auditTells("Refused", "error not_an_admin")
	if help := w.says("U02BOB", "/assume", "help more"); strings.Contains(help.Plain(), "For admins") {
		t.Error("help shows the commands of admins to others")
	}
	wantText(t, w.says(admin, "/assume", "help more"), "For admins", "/assume pause because REASON")
	wantText(t, w.says("U03CAROL", "/assume", "help"), "You are not set up to use this bot")
}

func TestAdminsByUserGroupAndInGoodStanding(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	w.slack.SetUserGroup(slacktest.UserGroup{ID: "S09ADMINS", Handle: "admins", Name: "Admins", Members: []string{"U02BOB"}})
	w.run(strings.Replace(adminConfig, "U09ADMIN", "S09ADMINS", 1), w.settings())
	wantText(t, w.says(admin, "/assume", "pause"), "You are not set up")
	wantText(t, w.says("U02BOB", "/assume", "block @alice"), "Blocked alice@example.com (U01ALICE)")
	w.auditTells("Blocked alice@example.com (U01ALICE)", "By bob@example.com (U02BOB)")
}

func TestNoAdminActsWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	redis := storetest.StartRedis(t)
	w.run(adminConfig, w.settingsOn(redis.URL))
	redis.Stop()
	for _, text := range []string{"block @bob", "unblock @bob", "revoke @bob", "who", "resume"} {
		wantText(t, w.says(admin, "/assume", text), "store is not answering", "nothing was done")
	}
}

func TestEndOfRevocableCredentialsIsRevocation(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	w.run(adminConfig, w.settings())
	m := w.says("U01ALICE", "/assume", "staging "+w.alice.Code())
	alice := w.pasted(m)
	if !strings.Contains(string(m.Blocks), "AWS will refuse all your sessions of this role") {
		t.Error("End does not ask first")
	}
	w.acked(w.slack.Press("U01ALICE", m.Ref(), "", "end"))
	w.shown("U01ALICE", "Revoked: AWS refuses your sessions of staging", "can take minutes until AWS", "forgotten 1 set of credentials")
	if !w.refuses(alice) {
		t.Error("the ended credentials still work")
	}
	w.auditTells("Revoked", "staging", "alice@example.com (U01ALICE)", "AWS refuses this person's sessions")
}

// TestBlockedAndPausedShowOnHomeAndSessions also shows that the times are dates
// of Slack's, which it prints in the reader's own zone.
func TestBlockedAndPausedShowOnHomeAndSessions(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	w.run(adminConfig, w.settings())
	home := func(user string, want ...string) {
		t.Helper()
		w.acked(w.slack.OpenHome(user))
		w.await("Home", func() bool {
			v, ok := w.slack.Home(user)
			return ok && holdsAll(v.Plain(), want)
		})
	}
	home("U02BOB", "You have no live credentials")
	w.says(admin, "/assume", "block @bob because laptop lost")
	wantText(t, w.says(admin, "/assume", "pause because the worst day"), "Paused")

	blocked := w.says("U02BOB", "/sessions", "")
	wantText(t, blocked, "You are blocked since ", "Ask in #help-aws", "You have no live credentials")
	home("U02BOB", "You are blocked since ", "Ask in #help-aws", "You have no live credentials")
	paused := w.says("U01ALICE", "/sessions", "")
	wantText(t, paused, "The bot is paused since ", "by an admin (U09ADMIN)", "the worst day", "You have no live credentials")
	home("U01ALICE", "The bot is paused since ", "by an admin (U09ADMIN)", "the worst day")
	for _, m := range []slacktest.Message{blocked, paused} {
		for _, never := range []string{" UTC", "code was not used", "laptop"} {
			if strings.Contains(m.Plain(), never) {
				t.Errorf("got %q in %s", never, m.Plain())
			}
		}
		if strings.Contains(m.Fallback(), "since") != strings.Contains(m.Fallback(), " UTC") {
			t.Errorf("the notification has no date element, so it must say UTC: %s", m.Fallback())
		}
	}
	w.says(admin, "/assume", "resume")
	w.says(admin, "/assume", "unblock @bob")
	m := w.says("U02BOB", "/sessions", "")
	if strings.Contains(m.Plain(), "blocked") || strings.Contains(m.Plain(), "paused") {
		t.Errorf("got %s, want no order any more", m.Plain())
	}
}
