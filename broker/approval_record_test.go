package broker_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
)

// swapper is a store in which something happens once a swap was taken.
type swapper struct {
	*memory
	then func() error
}

func (s swapper) SwapApproval(ctx context.Context, old approval.Kept, a approval.Approval) (bool, error) {
	taken, err := s.memory.SwapApproval(ctx, old, a)
	if failed := s.then(); failed != nil {
		return false, failed
	}
	return taken, err
}

// over is the bench's broker over other Approvals and another record.
func (b *bench) over(approvals broker.Approvals, record broker.Recorder) *broker.Broker {
	d := b.deps()
	d.Approvals, d.Recorder = approvals, record
	return broker.New(d)
}

func TestAnApprovalWhoseAnswerWasLostIsTakenAndOnTheRecord(t *testing.T) {
	b := newVault(t, 1)
	a := b.ask(t)
	lossy := b.over(swapper{b.memory, func() error { return errors.New("i/o timeout") }}, b.memory)
	if got, err := lossy.Voting.Approve(t.Context(), b.from("U02BOB"), a.User, a.ID); err != nil || got.State != approval.Approved {
		t.Errorf("got %+v, %v, want it approved: it is", got.State, err)
	}
	if n := countStates(b, approval.Approved); n != 1 {
		t.Errorf("got %d entries of it, want 1", n)
	}
}

func TestNothingIsApprovedOffTheRecord(t *testing.T) {
	b := newVault(t, 1)
	a := b.ask(t)
	b.failOn[event.Approving] = true
	_, err := b.Voting.Approve(t.Context(), b.from("U02BOB"), a.User, a.ID)
	wantCode(t, err, broker.CodeRecord)
	if got, err := b.Pending.Approval(t.Context(), a.User, a.ID); err != nil || len(got.Votes) > 0 {
		t.Errorf("got %+v, %v, want no vote", got, err)
	}
}

func TestADecisionIsOnTheRecordThoughWhoeverPressedIsGone(t *testing.T) {
	b := newVault(t, 1)
	a := b.ask(t)
	ctx, cancel := context.WithCancel(t.Context())
	dying := b.over(swapper{b.memory, func() error { cancel(); return nil }}, b.memory)
	if got, err := dying.Voting.DenyApproval(ctx, b.from("U02BOB"), a.User, a.ID, "no"); err != nil || got.State != approval.Denied {
		t.Fatalf("got %v, %v, want it denied", got.State, err)
	}
	if n := countStates(b, approval.Denied); n != 1 {
		t.Errorf("got %d entries of it, want 1", n)
	}
}

func TestUnacknowledgedBreakGlassKeepsNobodyFromAsking(t *testing.T) {
	b := newVault(t, 1)
	for range 5 {
		use := approval.Approval{ID: broker.NewID(), User: "U01ALICE", Account: "prod"}
		if _, err := b.Voting.AskToAcknowledge(t.Context(), use); err != nil {
			t.Fatal(err)
		}
	}
	b.ask(t)
}

func TestAnApprovalIsForTheTermsThatItWasGivenFor(t *testing.T) {
	for name, change := range map[string]func(*policy.Account){
		"session policy":  func(a *policy.Account) { a.SessionPolicy = "" },
		"policies":        func(a *policy.Account) { a.PolicyARNs = nil },
		"external ID":     func(a *policy.Account) { a.ExternalID = "other" },
		"MFA":             func(a *policy.Account) { a.MFA = policy.MFANone },
		"tags":            func(a *policy.Account) { a.Tags = nil },
		"source identity": func(a *policy.Account) { a.SourceIdentity = true },
	} {
		t.Run(name, func(t *testing.T) {
			b := newVault(t, 1)
			prod := b.config.Accounts.Find("prod")
			prod.SessionPolicy, prod.PolicyARNs = `{"Version":"2012-10-17","Statement":[]}`, []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"}
			prod.Tags = map[string]string{"team": "a"}
			a := b.approve(t, b.ask(t), "U02BOB")
			change(prod)
			r := b.request("prod", b.device.Code())
			_, err := b.Issue(t.Context(), r)
			wantCode(t, err, broker.CodeNeedsApproval)
			r.Approval = a.ID
			_, err = b.Issue(t.Context(), r)
			wantCode(t, err, broker.CodeApprovalGone)
			_, err = b.Voting.Approve(t.Context(), b.from("U03CAROL"), a.User, a.ID)
			wantCode(t, err, broker.CodeApprovalGone)
		})
	}
}

func TestWhoNeedsNoApprovalIsNotHeldToOne(t *testing.T) {
	b := newVault(t, 1)
	b.approve(t, b.ask(t), "U02BOB")
	b.config.Accounts.Find("prod").Allow = append(b.config.Accounts.Find("prod").Allow, policy.Rule{Who: []string{"U01ALICE"}, OnCall: true})
	r := b.request("prod", b.device.Code())
	r.Reason = "INC-2"
	issued, err := b.Issue(t.Context(), r)
	if got := b.last(t); err != nil || got.Reason != "INC-2" || got.Seconds != 3600 || issued.Grant.Approval != "" {
		t.Errorf("got %+v, %v, want what was asked now, and the approval unused", got, err)
	}
}

// hooked runs something while an Event is being recorded, as another replica may.
type hooked struct {
	*memory
	during map[event.Kind]func()
}

func (h hooked) Record(ctx context.Context, events ...event.Event) (event.Receipt, error) {
	receipt, err := h.memory.Record(ctx, events...)
	if f := h.during[events[0].Kind]; f != nil {
		f()
	}
	return receipt, err
}

func TestANewerOrderOutlivesTheEndOfTheOneBefore(t *testing.T) {
	b := newAdminBench(t)
	b.config.Admins = []string{adminID, "U02BOB"}
	for _, order := range []struct {
		kind event.Kind
		give func(by string) error
		end  func(*broker.Broker) error
	}{
		{
			event.Resumed,
			func(by string) error { _, err := b.Broker.Admins.Pause(t.Context(), b.from(by)); return err },
			func(br *broker.Broker) error { _, err := br.Admins.Resume(t.Context(), b.from(adminID)); return err },
		},
		{
			event.Unblocked,
			func(by string) error {
				_, err := b.Broker.Admins.Block(t.Context(), b.from(by), "U01ALICE")
				return err
			},
			func(br *broker.Broker) error {
				_, err := br.Admins.Unblock(t.Context(), b.from(adminID), "U01ALICE")
				return err
			},
		},
	} {
		if err := order.give(adminID); err != nil {
			t.Fatal(err)
		}
		meanwhile := b.over(b.memory, hooked{b.memory, map[event.Kind]func(){order.kind: func() {
			if err := order.give("U02BOB"); err != nil {
				t.Error(err)
			}
		}}})
		wantCode(t, order.end(meanwhile), broker.CodeNotEnded)
		if !slices.ContainsFunc(b.events, func(e entry) bool { return e.Kind == order.kind && e.Code == broker.CodeNotEnded }) {
			t.Errorf("%s: the record does not say that the order stands", order.kind)
		}
		block, pause, _ := b.memory.Orders(t.Context(), "U01ALICE")
		if order.kind == event.Resumed && pause == nil || order.kind == event.Unblocked && block == nil {
			t.Errorf("%s: what bob ordered meanwhile is gone", order.kind)
		}
	}
}

func TestWhatIsAskedDuringABlockDoesNotOutliveIt(t *testing.T) {
	b := newVault(t, 1)
	b.config.Admins = []string{"U03CAROL"}
	meanwhile := b.over(b.memory, hooked{b.memory, map[event.Kind]func(){event.Approval: func() {
		if block, _, _ := b.memory.Orders(t.Context(), "U01ALICE"); block != nil {
			return
		}
		if _, err := b.Broker.Admins.Block(t.Context(), b.from("U03CAROL"), "U01ALICE"); err != nil {
			t.Error(err)
		}
	}}})
	r := b.request("prod", "")
	r.Duration = time.Hour
	_, _, err := meanwhile.Asking.Ask(t.Context(), r)
	wantCode(t, err, broker.CodeBlocked)
	if a, err := b.Pending.Approval(t.Context(), "U01ALICE", r.ID); err != nil || a.State != approval.Cancelled {
		t.Errorf("got %v, %v, want it cancelled", a.State, err)
	}
}

func TestABlockDuringAFailedUseCancelsTheApproval(t *testing.T) {
	b := newVault(t, 1)
	b.config.Admins = []string{"U03CAROL"}
	a := b.approve(t, b.ask(t), "U02BOB")
	blocked := false
	meanwhile := b.over(b.memory, hooked{b.memory, map[event.Kind]func(){event.Intent: func() {
		if blocked {
			return
		}
		blocked = true
		if _, err := b.Broker.Admins.Block(t.Context(), b.from("U03CAROL"), "U01ALICE"); err != nil {
			t.Error(err)
		}
	}}})
	r := b.request("prod", "000000")
	r.Approval = a.ID
	_, err := meanwhile.Issuing.Issue(t.Context(), r)
	wantCode(t, err, broker.CodeWrongCode)
	got, err := b.Pending.Approval(t.Context(), "U01ALICE", a.ID)
	if err != nil || got.State != approval.Cancelled || got.EndedBy.User != "U03CAROL" {
		t.Errorf("got %s by %q, %v, want it cancelled by who blocked", got.State, got.EndedBy.User, err)
	}
	if !slices.ContainsFunc(b.events, func(e entry) bool {
		return e.Kind == event.Approval && e.State == approval.Cancelled
	}) {
		t.Error("the record does not say that it was cancelled")
	}
}
