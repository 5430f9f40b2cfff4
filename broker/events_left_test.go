package broker_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/secret"
)

// A deed is something that people do, and which Events it leaves, in order: the kind,
// the code and case of what went wrong, and the attempt, counted. What changes of the
// config and of user groups leave is held where they are seen: cmd/internal/app and
// bot/directory.
type deed struct {
	bench func(t *testing.T) *bench
	do    func(t *testing.T, b *bench)
	want  []string
}

// told are the Events on the record, in short.
func (b *bench) told() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	attempts := map[string]int{}
	var out []string
	for _, e := range b.events {
		said := string(e.Kind)
		if e.State != "" {
			said += " " + string(e.State)
		}
		if e.Code != "" {
			said += ":" + string(e.Code)
		}
		if e.Detail != "" {
			said += "/" + e.Detail
		}
		if e.Attempt != "" {
			if attempts[e.Attempt] == 0 {
				attempts[e.Attempt] = len(attempts) + 1
			}
			said += fmt.Sprintf(" #%d", attempts[e.Attempt])
		}
		out = append(out, said)
	}
	return out
}

func wantLeft(t *testing.T, deeds map[string]deed) {
	t.Helper()
	for name, f := range deeds {
		t.Run(name, func(t *testing.T) {
			b := f.bench(t)
			f.do(t, b)
			if diff := cmp.Diff(f.want, b.told()); diff != "" {
				t.Errorf("record (-want +got):\n%s", diff)
			}
		})
	}
}

// must fails t where something that the deed needs fails.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhichEventsIssuingLeave(t *testing.T) {
	issue := func(account string) func(t *testing.T, b *bench) {
		return func(t *testing.T, b *bench) {
			must(t, second(b.Issue(t.Context(), b.request(account, b.device.Code()))))
		}
	}
	refused := &awstest.FaultError{Status: 403, Code: "AccessDenied", Message: "x"}
	wantLeft(t, map[string]deed{
		"direct":            {newBench, issue("prod"), []string{"intent #1", "granted #1"}},
		"first MFA session": {newSessionBench, issue("staging"), []string{"intent #1", "granted #1", "intent #2", "granted #2"}},
		"from the MFA session": {newSessionBench, func(t *testing.T, b *bench) {
			b.begin(t)
			b.wantIssued(t, b.request("staging", ""))
		}, []string{"intent #1", "granted #1", "intent #2", "granted #2"}},
		"refused by AWS": {newBench, func(t *testing.T, b *bench) {
			b.aws.Inject(awstest.Fault{Action: "AssumeRole", Times: 1, Error: refused})
			wantCode(t, second(b.Issue(t.Context(), b.request("prod", b.device.Code()))), broker.CodeAWSRefused)
		}, []string{"intent #1", "failed:aws_refused #1"}},
		"the MFA session refused after it began": {newSessionBench, func(t *testing.T, b *bench) {
			b.aws.Inject(awstest.Fault{Action: "AssumeRole", Times: 1, Error: refused})
			wantCode(t, second(b.Issue(t.Context(), b.request("staging", b.device.Code()))), broker.CodeAWSRefused)
		}, []string{"intent #1", "granted #1", "intent #2", "failed:aws_refused #2"}},
		"answer lost": {newBench, func(t *testing.T, b *bench) {
			b.aws.Inject(awstest.Fault{Action: "AssumeRole", Times: 1, LoseAnswer: true})
			wantCode(t, second(b.Issue(t.Context(), b.request("prod", b.device.Code()))), broker.CodeOutcomeUnknown)
		}, []string{"intent #1", "failed:outcome_unknown #1"}},
		"locked out": {newBench, func(t *testing.T, b *bench) {
			b.lockouts.wrong = make([]string, 4)
			wantCode(t, second(b.Issue(t.Context(), b.request("prod", "000000"))), broker.CodeWrongCode)
		}, []string{"intent #1", "locked_out #1", "failed:wrong_code #1"}},
		"overtaken by a block": {newBench, func(t *testing.T, b *bench) {
			b.orders.blocks = map[string]broker.Order{"U01ALICE": {By: adminID}}
			b.orders.when = func() bool { return len(b.aws.Calls()) > 0 }
			wantCode(t, second(b.Issue(t.Context(), b.request("prod", b.device.Code()))), broker.CodeBlocked)
		}, []string{"intent #1", "failed:blocked/thrown_away #1"}},
		"the console": {newBench, func(t *testing.T, b *bench) {
			must(t, second(b.Issuing.Console(t.Context(), b.request("prod", b.device.Code()), "")))
		}, []string{"intent #1", "granted #1"}},
		"buckets": {newBench, func(t *testing.T, b *bench) {
			r := b.request("prod", b.device.Code())
			r.Purpose = broker.PurposeBuckets
			must(t, second(b.Lists.Buckets(t.Context(), r, "")))
		}, []string{"intent #1", "granted #1", "listing"}},
		"shown again, and ended": {newBench, func(t *testing.T, b *bench) {
			issued := b.wantIssued(t, b.request("prod", b.device.Code()))
			must(t, second(b.Holding.Reveal(t.Context(), b.request("", ""), issued.Grant.ID)))
			must(t, second(b.Holding.End(t.Context(), b.request("", ""), issued.Grant.ID)))
		}, []string{"intent #1", "granted #1", "shown", "ended"}},
		"undelivered, and undeleted": {newBench, func(t *testing.T, b *bench) {
			r := b.request("prod", b.device.Code())
			issued := b.wantIssued(t, r)
			b.Holding.Undelivered(t.Context(), r, issued.Grant, broker.CodeDeliveryUnknown)
			must(t, b.Holding.Undeleted(t.Context(), r, issued.Grant, true))
			b.Holding.SetAside(t.Context(), "answers", "no_answer")
		}, []string{"intent #1", "granted #1", "undelivered:delivery_unknown", "undeleted:not_deleted", "set_aside:set_aside"}},
		"the MFA session ended": {newSessionBench, func(t *testing.T, b *bench) {
			b.begin(t)
			_, ended, err := b.MFASessions.EndMFASession(t.Context(), b.request("", ""))
			if must(t, err); !ended {
				t.Error("there was none to end")
			}
		}, []string{"intent #1", "granted #1", "ended"}},
		"revoked by its person": {newBench, func(t *testing.T, b *bench) {
			b.wantIssued(t, b.request("prod", b.device.Code()))
			must(t, second(b.Revoking.Revoke(t.Context(), b.request("prod", ""))))
		}, []string{"intent #1", "granted #1", "revoking", "revoked"}},
		"who am I": {newBench, func(t *testing.T, b *bench) {
			must(t, second(b.Explaining.WhoAmI(t.Context(), b.request("", ""))))
		}, []string{"identity"}},
		"a key set, replaced and removed": {newBench, func(t *testing.T, b *bench) {
			for _, key := range []secret.PublicKey{keyOf("one"), keyOf("two"), {}} {
				must(t, second(b.Keys.ChangeKey(t.Context(), b.request("", b.code()), key)))
			}
		}, []string{"intent #1", "key_changed #1", "intent #2", "key_changed #2", "intent #3", "key_changed #3"}},
	})
}

func TestWhichEventsRefusalsLeave(t *testing.T) {
	refusal := func(set func(b *bench, r *broker.Request), want string) deed {
		return deed{newBench, func(t *testing.T, b *bench) {
			r := b.request("prod", b.device.Code())
			if set(b, &r); second(b.Issue(t.Context(), r)) == nil {
				t.Error("it was not refused")
			}
		}, []string{"refused:" + want}}
	}
	prod := func(b *bench) *policy.Account { return b.config.Accounts.Find("prod") }
	wantLeft(t, map[string]deed{
		"a stranger":          refusal(func(_ *bench, r *broker.Request) { r.Caller.User = "U05EVE" }, "not_a_user"),
		"a foreign workspace": refusal(func(_ *bench, r *broker.Request) { r.Caller.Team = "T0999" }, "foreign_workspace"),
		"a guest":             refusal(func(b *bench, _ *broker.Request) { b.standing = &broker.Standing{Team: "T0123", Guest: true} }, "not_a_member"),
		"standing unknown":    refusal(func(b *bench, _ *broker.Request) { b.peopleErr = errDown }, "membership_unknown/standing"),
		"no such account":     refusal(func(_ *bench, r *broker.Request) { r.Account = "none" }, "unknown_account"),
		"not allowed":         refusal(func(b *bench, _ *broker.Request) { prod(b).Rules = allow("U02BOB") }, "not_allowed"),
		"too long":            refusal(func(_ *bench, r *broker.Request) { r.Duration = 13 * time.Hour }, "duration_too_long"),
		"too short":           refusal(func(_ *bench, r *broker.Request) { r.Duration = time.Minute }, "duration_too_short"),
		"wrong channel":       refusal(func(b *bench, _ *broker.Request) { prod(b).Channels = []string{"C0OPS"} }, "wrong_channel"),
		"no reason":           refusal(func(b *bench, _ *broker.Request) { prod(b).Reason.Required = true }, "reason_needed"),
		"a key required":      refusal(func(b *bench, _ *broker.Request) { prod(b).SealRequired = true }, "sealed_key_required"),
		"locked out":          refusal(func(b *bench, _ *broker.Request) { b.lockouts.locked = time.Minute }, "locked_out"),
		"blocked": refusal(func(b *bench, _ *broker.Request) {
			b.orders.blocks = map[string]broker.Order{"U01ALICE": {By: adminID}}
		}, "blocked"),
		"paused":         refusal(func(b *bench, _ *broker.Request) { b.orders.pause = &broker.Order{By: adminID} }, "paused"),
		"orders unknown": refusal(func(b *bench, _ *broker.Request) { b.orders.err = errDown }, "store_failed/orders"),
		"a missing code": {newBench, func(t *testing.T, b *bench) {
			wantCode(t, second(b.Issue(t.Context(), b.request("prod", ""))), broker.CodeNeedsCode)
		}, nil},
		"the record away": {newBench, func(t *testing.T, b *bench) {
			b.failOn[event.Intent] = true
			wantCode(t, second(b.Issue(t.Context(), b.request("prod", b.device.Code()))), broker.CodeRecord)
		}, nil},
		"the outcome not recorded": {newBench, func(t *testing.T, b *bench) {
			b.failOn[event.Granted] = true
			wantCode(t, second(b.Issue(t.Context(), b.request("prod", b.device.Code()))), broker.CodeRecord)
		}, []string{"intent #1"}},
	})
}

func TestWhichEventsApprovalsLeave(t *testing.T) {
	vault := func(t *testing.T) *bench { return newVault(t, 1) }
	asked := []string{"refused:approval_needed", "approval waiting"}
	and := func(more ...string) []string { return append(append([]string(nil), asked...), more...) }
	wantLeft(t, map[string]deed{
		"asked": {vault, func(t *testing.T, b *bench) { b.ask(t) }, asked},
		"approved and used": {vault, func(t *testing.T, b *bench) {
			a := b.approve(t, b.ask(t), "U02BOB")
			r := b.request("prod", b.code())
			r.Approval = a.ID
			b.wantIssued(t, r)
		}, and("approving", "approval approved", "intent #1", "granted #1")},
		"denied": {vault, func(t *testing.T, b *bench) {
			a := b.ask(t)
			must(t, second(b.Voting.DenyApproval(t.Context(), b.from("U02BOB"), a.User, a.ID, "no")))
		}, and("approval denied")},
		"cancelled": {vault, func(t *testing.T, b *bench) {
			b.ask(t)
			must(t, second(b.Pending.CancelApprovals(t.Context(), b.request("", ""))))
		}, and("approval cancelled")},
		"expired": {vault, func(t *testing.T, b *bench) {
			a := b.ask(t)
			b.advance(31 * time.Minute)
			_, _, err := b.Pending.ExpireApproval(t.Context(), a.User, a.ID)
			must(t, err)
		}, and("approval expired")},
		"one's own": {vault, func(t *testing.T, b *bench) {
			a := b.ask(t)
			wantCode(t, second(b.Voting.Approve(t.Context(), b.from("U01ALICE"), a.User, a.ID)), broker.CodeOwnApproval)
		}, and("refused:own_approval")},
		"break-glass, acknowledged": {vault, func(t *testing.T, b *bench) {
			b.config.Accounts.Find("prod").BreakGlass = []string{"U01ALICE"}
			r := b.request("prod", b.code())
			r.BreakGlass, r.Reason = true, "all of prod is down"
			b.wantIssued(t, r)
			note, err := b.Voting.AskToAcknowledge(t.Context(), approval.Approval{ID: r.ID, User: "U01ALICE", Account: "prod"})
			must(t, err)
			must(t, second(b.Voting.Acknowledge(t.Context(), b.from("U02BOB"), note.User, note.ID)))
		}, []string{"intent #1", "granted #1", "acknowledged"}},
	})
}

func TestWhichEventsAdminsLeave(t *testing.T) {
	act := func(kinds ...event.Kind) func(t *testing.T, b *bench) {
		return func(t *testing.T, b *bench) {
			for _, kind := range kinds {
				must(t, adminActs(b)[kind](by(b, adminID)))
			}
		}
	}
	wantLeft(t, map[string]deed{
		"block and unblock": {newAdminBench, act(event.Blocked, event.Unblocked), []string{"blocked", "unblocked"}},
		"pause and resume":  {newAdminBench, act(event.Paused, event.Resumed), []string{"paused", "resumed"}},
		"who":               {newAdminBench, act(event.Who), []string{"who"}},
		"status":            {newAdminBench, act(event.Status), []string{"status"}},
		"revoke":            {newAdminBench, act(event.Revoked), []string{"blocked", "revoking", "revoked"}},
		"unlock": {newAdminBench, func(t *testing.T, b *bench) {
			b.lockouts.locked = time.Minute
			act(event.Unlocked)(t, b)
		}, []string{"unlocked"}},
		"unlock of who was not": {newAdminBench, act(event.Unlocked), []string{"unlocked:order_not_ended"}},
		"unblock of who is not": {newAdminBench, act(event.Unblocked), nil},
		"a block of which nobody knows": {newAdminBench, func(t *testing.T, b *bench) {
			b.orders.err = errDown
			b.orders.when = func() bool { return false }
			wantCode(t, adminActs(b)[event.Blocked](by(b, adminID)), broker.CodeStore)
		}, []string{"blocked:store_failed"}},
		"by who is no admin": {newAdminBench, func(t *testing.T, b *bench) {
			wantCode(t, adminActs(b)[event.Paused](by(b, "U01ALICE")), broker.CodeNotAdmin)
		}, []string{"refused:not_an_admin/pause"}},
	})
}
