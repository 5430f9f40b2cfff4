package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/awstest"
)

// approvalConfig has an account that one of the leads must approve, and one that
// two must.
var approvalConfig = strings.NewReplacer("audit_channel: C0AUDIT\n", "audit_channel: C0AUDIT\n  approvals_channel: C0LEADS\n",
	"accounts:\n", vaultAccount).Replace(worldConfig) + `
  - name: safe
    role_arn: arn:aws:iam::222222222222:role/Vault
    allow: [U01ALICE]
    approval: {approvers: [S02LEADS], count: 2, expires: 30m}
`

// vaultAccount begins a list of accounts with one that a lead must approve.
const vaultAccount = `accounts:
  - name: vault
    role_arn: arn:aws:iam::222222222222:role/Vault
    allow: [S01ONCALL, U02BOB]
    approval: {approvers: [S02LEADS], expires: 30m}
`

// leads adds a channel where the leads decide: bob, carol, who is no User of the
// config, and alice, who may not vote on her own. Dave is no lead.
func (w *world) leads() {
	w.slack.AddUser(slacktest.User{ID: "U04DAVE", Name: "dave"})
	w.slack.AddChannel(slacktest.Channel{ID: "C0LEADS", Name: "leads", BotMember: true, Members: []string{"U01ALICE", "U02BOB", "U03CAROL", "U04DAVE"}})
	w.slack.SetUserGroup(slacktest.UserGroup{ID: "S02LEADS", Handle: "leads", Name: "Leads", Members: []string{"U01ALICE", "U02BOB", "U03CAROL"}})
	trust := awstest.Trust{Principals: []string{"arn:aws:iam::111111111111:root"}, RequireMFA: true}
	w.aws.AddRole(awstest.Role{Account: "222222222222", Name: "Vault", Trust: trust})
}

// withLeads is a world with one replica.
func withLeads(t *testing.T) (*world, *replica) {
	w := newWorld(t)
	w.leads()
	return w, w.run(approvalConfig, w.settings())
}

// posted are the messages of the approvals channel that all see.
func (w *world) posted() []slacktest.Message {
	return slices.DeleteFunc(w.slack.InChannel("C0LEADS"), func(m slacktest.Message) bool { return m.Ephemeral })
}

// approval waits until the newest message of the approvals channel holds all
// parts.
func (w *world) approval(parts ...string) slacktest.Message {
	w.t.Helper()
	var found slacktest.Message
	w.await("an approval with "+strings.Join(parts, ", "), func() bool {
		all := w.posted()
		if len(all) == 0 || !holdsAll(all[len(all)-1].Plain(), parts) {
			return false
		}
		found = all[len(all)-1]
		return true
	})
	return found
}

// told waits for a direct message to alice that holds all parts.
func (w *world) toldAlice(parts ...string) slacktest.Message {
	w.t.Helper()
	var found slacktest.Message
	w.await("a direct message with "+strings.Join(parts, ", "), func() bool {
		for _, m := range w.directMessages("U01ALICE") {
			if holdsAll(m.Plain(), parts) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

func (w *world) press(user string, m slacktest.Message, action string) {
	w.t.Helper()
	w.acked(w.slack.Press(user, m.Ref(), "", action))
}

func wantNoButtons(t *testing.T, m slacktest.Message) {
	t.Helper()
	if n := len(m.Buttons()); n != 0 {
		t.Errorf("what has ended has %d buttons:\n%s", n, m.Plain())
	}
}

func TestApprovalFromAskingToCredentials(t *testing.T) {
	t.Parallel()
	w, r := withLeads(t)
	code := w.alice.Code()
	wantText(t, w.says("U01ALICE", "/assume", "vault "+code+" for 30m because INC-42 <!channel> *x*"),
		"Asked for approval: vault for 30m", "@leads", "/assume cancel vault", "The code that you sent was neither used nor kept")
	m := w.approval("Approval wanted: @alice (alice@example.com) asks for vault for 30m.", "AWS account 222222222222, role Vault",
		"Asked from #general", "INC-42 <!channel> *x*", "Waiting until", "One approval is needed", "Asked: @leads", "[Approve] [Deny]")
	if pings := m.Pings(); !slices.Equal(pings, []string{"<@U01ALICE>", "<!subteam^S02LEADS>"}) {
		t.Errorf("pings %v, want who asks and the user group", pings)
	}
	wantText(t, w.says("U01ALICE", "/assume", "vault for 30m"), "Already asked for approval: vault")
	w.press("U03CAROL", m, "approve")
	m = w.approval("Approved by U03CAROL", "by alice@example.com (U01ALICE) alone")
	wantNoButtons(t, m)
	if n := w.stsCalls("AssumeRole"); n != 0 {
		t.Fatalf("got %d AssumeRole calls before the code was entered", n)
	}
	dm := w.toldAlice("Approved: vault for 30m, by @carol", "[Enter code]")
	wantText(t, w.says("U01ALICE", "/assume", "vault for 1h"), "Asked for approval: vault for 1h") // another duration is another request

	w.press("U01ALICE", dm, "enter_code")
	v := w.modal("U01ALICE", "vault for 30m, approved by @carol", "INC-42", "MFA code")
	w.acked(w.slack.Submit("U01ALICE", v.ID, map[string]string{"code": code})) // the one that was not used
	v = w.modal("U01ALICE", "vault is yours until", "30m left")
	if s := v.Preformatted(); len(s) != 1 || !strings.Contains(s[0], "AWS_SESSION_TOKEN") {
		t.Errorf("got snippets %q", s)
	}
	wantText(t, w.auditTells("Granted vault", "alice@example.com"), "approved by U03CAROL", "INC-42", "for 30m")
	w.auditTells("Approved what alice@example.com (U01ALICE) asked for, vault, by U03CAROL")
	w.await("the use to show", func() bool { return strings.Contains(w.posted()[0].Plain(), "Approved by U03CAROL, and used.") })
	wantText(t, w.says("U01ALICE", "/assume", "cancel"), "Cancelled", "vault for 1h")

	w.press("U01ALICE", dm, "enter_code")
	w.shown("U01ALICE", "This approval has been used already")
	w.later(r, time.Minute)
	wantText(t, w.says("U01ALICE", "/assume", "vault "+w.alice.Code()+" for 30m"), "Asked for approval", "neither used nor kept")
	if n := w.stsCalls("AssumeRole"); n != 1 {
		t.Errorf("got %d AssumeRole calls, want one of one approval", n)
	}
}

func TestWhoMayNotDecideIsToldPrivately(t *testing.T) {
	t.Parallel()
	w, _ := withLeads(t)
	w.says("U01ALICE", "/assume", "vault")
	m := w.approval("Approval wanted")
	for _, action := range []string{"approve", "deny"} {
		w.press("U01ALICE", m, action)
		w.shown("U01ALICE", "You cannot vote on your own request", "/assume cancel")
		w.press("U04DAVE", m, action)
		w.shown("U04DAVE", "You are not an approver of vault")
	}
	if views := w.slack.Views("U04DAVE"); len(views) != 0 {
		t.Error("who may not decide was asked for a comment")
	}
	m = w.approval("Waiting until", "[Approve] [Deny]")
	if m.Edits != 0 || len(w.posted()) != 1 {
		t.Errorf("a refusal changed the message: %d edits, %d messages", m.Edits, len(w.posted()))
	}
	w.auditTells("Refused", "U04DAVE", "not_an_approver")
}

func TestOnePersonCountsOnce(t *testing.T) {
	t.Parallel()
	w, _ := withLeads(t)
	w.says("U01ALICE", "/assume", "safe because INC-42")
	m := w.approval("2 approvals are needed, of different people.")
	w.press("U02BOB", m, "approve")
	m = w.approval("approved so far by bob@example.com (U02BOB)", "[Approve] [Deny]")
	w.press("U02BOB", m, "approve")
	w.shown("U02BOB", "You have approved this already, and one person counts once")
	wantText(t, w.says("U01ALICE", "/assume", "safe"), "Already asked for approval", "2 of the approvers")
	w.press("U03CAROL", m, "approve")
	wantNoButtons(t, w.approval("Approved by bob@example.com (U02BOB), U03CAROL"))
	w.toldAlice("Approved: safe")
}

func TestDenyingWithAComment(t *testing.T) {
	t.Parallel()
	w, _ := withLeads(t)
	w.says("U01ALICE", "/assume", "vault")
	m := w.approval("Approval wanted")
	w.press("U02BOB", m, "deny")
	v := w.modal("U02BOB", "@alice (alice@example.com) asks for vault for 1h", "Comment")
	w.acked(w.slack.Submit("U02BOB", v.ID, map[string]string{"comment": "use 123456"}))
	if f, _ := w.modal("U02BOB", "Comment").Field("comment"); !strings.Contains(f.Error, "six digits") {
		t.Errorf("a code in the comment: got error %q", f.Error)
	}
	w.acked(w.slack.Submit("U02BOB", v.ID, map[string]string{"comment": "not on a Friday, <!here>"}))
	m = w.approval("Denied by bob@example.com (U02BOB).", "not on a Friday, <!here>")
	wantNoButtons(t, m)
	w.await("the form to close", func() bool { return len(w.slack.Views("U02BOB")) == 0 })
	if pings := append(m.Pings(), w.toldAlice("Denied: vault for 1h, by bob@example.com", "not on a Friday, <!here>").Pings()...); len(pings) > 0 {
		t.Errorf("pings %v", pings)
	}
	w.auditTells("Denied what alice@example.com (U01ALICE) asked for, vault, by bob@example.com (U02BOB)", "not on a Friday")
	wantText(t, w.says("U01ALICE", "/assume", "vault "+w.alice.Code()), "Asked for approval: vault")
	if n := w.stsCalls("AssumeRole"); n != 0 {
		t.Errorf("got %d AssumeRole calls", n)
	}
}

func TestADenialThatComesTooLateSaysSoInItsForm(t *testing.T) {
	t.Parallel()
	w, _ := withLeads(t)
	w.says("U01ALICE", "/assume", "vault")
	m := w.approval("Approval wanted")
	w.press("U02BOB", m, "deny")
	v := w.modal("U02BOB", "Comment")
	w.press("U03CAROL", m, "approve")
	w.approval("Approved by U03CAROL")
	w.acked(w.slack.Submit("U02BOB", v.ID, nil))
	if f, _ := w.modal("U02BOB", "Comment").Field("comment"); !strings.Contains(f.Error, "approved already") {
		t.Errorf("got error %q", f.Error)
	}
}

func TestCancellingWhatWaits(t *testing.T) {
	t.Parallel()
	w, _ := withLeads(t)
	wantText(t, w.says("U01ALICE", "/assume", "cancel"), "Nothing that you asked for waits")
	w.says("U01ALICE", "/assume", "vault")
	m := w.approval("Approval wanted")
	wantText(t, w.says("U02BOB", "/assume", "cancel vault"), "Nothing that you asked of vault waits")
	wantText(t, w.says("U01ALICE", "/assume", "cancel safe"), "Nothing that you asked of safe waits")
	wantText(t, w.says("U01ALICE", "/assume", "cancel vault"), "Cancelled", "vault for 1h")
	wantNoButtons(t, w.approval("Cancelled by alice@example.com (U01ALICE)"))
	w.auditTells("Cancelled by alice@example.com (U01ALICE)", "vault")
	if _, err := w.slack.Press("U02BOB", m.Ref(), "", "approve"); err == nil {
		t.Error("it can still be approved")
	}
}

func TestApprovalsExpireAndSaySo(t *testing.T) {
	t.Parallel()
	w, r := withLeads(t)
	w.says("U01ALICE", "/assume", "vault")
	w.approval("Approval wanted")
	w.later(r, 31*time.Minute)
	wantNoButtons(t, w.approval("Expired: nobody decided in time"))
	w.toldAlice("Expired: vault for 1h: nobody decided", "/assume vault for 1h because REASON")
	w.auditTells("Expired: what alice@example.com (U01ALICE) asked for, vault")

	w.says("U01ALICE", "/assume", "vault")
	m := w.approval("Approval wanted")
	w.press("U02BOB", m, "approve")
	w.approval("Approved by bob@example.com")
	dm := w.toldAlice("Approved: vault")
	w.later(r, 59*time.Minute)
	w.command("U01ALICE", "/assume", "vault") // there is one: what it needs is a code
	w.modal("U01ALICE", "vault for 1h, approved by bob@example.com", "MFA code")
	w.later(r, 2*time.Minute)
	w.approval("Expired: approved by bob@example.com (U02BOB), but not used in time")
	w.toldAlice("but not used in time")
	w.press("U01ALICE", dm, "enter_code")
	w.shown("U01ALICE", "The time for this request is over")
}

func TestPolicyIsAskedAgainWhenAnApprovalIsUsed(t *testing.T) {
	t.Parallel()
	w, r := withLeads(t)
	w.says("U01ALICE", "/assume", "vault")
	m := w.approval("Approval wanted")
	w.press("U02BOB", m, "approve")
	dm := w.toldAlice("Approved: vault")
	w.press("U01ALICE", dm, "enter_code")
	v := w.modal("U01ALICE", "MFA code")
	w.slack.SetUserGroup(slacktest.UserGroup{ID: "S01ONCALL", Handle: "oncall", Name: "On call"})
	w.later(r, 2*time.Minute)
	w.acked(w.slack.Submit("U01ALICE", v.ID, map[string]string{"code": w.alice.Code()}))
	w.modal("U01ALICE", "You may not have vault")
	if n := w.stsCalls("AssumeRole"); n != 0 {
		t.Errorf("got %d AssumeRole calls", n)
	}
}

// TestAnApprovedRequestThatTakesNoCodeIsAskedForNone, as a code would not be sent.
func TestAnApprovedRequestThatTakesNoCodeIsAskedForNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leads()
	w.aws.AddRole(awstest.Role{Account: "222222222222", Name: "Vault", Trust: awstest.Trust{Principals: []string{"arn:aws:iam::111111111111:root"}}})
	w.run(strings.Replace(approvalConfig, "  - name: vault\n", "  - name: vault\n    mfa: none\n", 1), w.settings())
	w.says("U01ALICE", "/assume", "vault")
	w.press("U02BOB", w.approval("Approval wanted"), "approve")
	w.press("U01ALICE", w.toldAlice("Approved: vault"), "enter_code")
	v := w.modal("U01ALICE", "vault for 1h, approved by bob@example.com")
	if _, asked := v.Field("code"); asked {
		t.Errorf("it asks for a code:\n%s", v.Plain())
	}
	w.acked(w.slack.Submit("U01ALICE", v.ID, nil))
	w.modal("U01ALICE", "vault is yours until", "without MFA")
}

func TestAWrongCodeLeavesTheApproval(t *testing.T) {
	t.Parallel()
	w, r := withLeads(t)
	w.says("U01ALICE", "/assume", "vault because INC-42")
	w.press("U02BOB", w.approval("Approval wanted"), "approve")
	w.press("U01ALICE", w.toldAlice("Approved: vault"), "enter_code")
	v := w.modal("U01ALICE", "MFA code")
	wrong := "000000"
	if w.alice.Code() == wrong {
		wrong = "000001"
	}
	w.acked(w.slack.Submit("U01ALICE", v.ID, map[string]string{"code": wrong}))
	v = w.modal("U01ALICE", "AWS did not accept that code", "vault for 1h, approved by bob@example.com", "INC-42")
	if f, _ := v.Field("code"); f.Value != "" {
		t.Errorf("the code is still there: %q", f.Value)
	}
	w.later(r, time.Minute)
	w.acked(w.slack.Submit("U01ALICE", v.ID, map[string]string{"code": w.alice.Code(), "format": "fish"}))
	w.modal("U01ALICE", "vault is yours until", "set -gx AWS_SESSION_TOKEN")
}

// TestTheFormOfWhatIsApprovedAsksForTheCodeAlone opens it for a request that was
// typed again, rather than from the message that told of the approval.
func TestTheFormOfWhatIsApprovedAsksForTheCodeAlone(t *testing.T) {
	t.Parallel()
	w, _ := withLeads(t)
	w.says("U01ALICE", "/assume", "vault for 30m because INC-42")
	w.press("U02BOB", w.approval("Approval wanted"), "approve")
	w.toldAlice("Approved: vault for 30m")
	wantText(t, w.says("U01ALICE", "/assume", "explain vault"),
		"You may have vault now", "Approved by bob@example.com (U02BOB), for 30m", "Send /assume vault 123456.")
	w.acked(w.slack.Command("U01ALICE", "C0GENERAL", "/assume", "vault"))
	v := w.modal("U01ALICE", "vault for 30m, approved by bob@example.com (U02BOB)", "INC-42", "MFA code")
	if _, ok := v.Field("duration"); ok {
		t.Error("it asks how long, which is decided")
	}
	w.acked(w.slack.Submit("U01ALICE", v.ID, map[string]string{"code": w.alice.Code()}))
	w.modal("U01ALICE", "vault is yours until", "30m left")
}
