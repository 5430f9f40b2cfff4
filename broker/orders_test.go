package broker_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

// orders is a broker.Orders.
type orders struct {
	blocks map[string]broker.Order
	pause  *broker.Order
	err    error
	// when delays orders and err until it says so; nil: they hold at once.
	when func() bool
}

func (m *memory) Orders(_ context.Context, user string) (block, pause *broker.Order, err error) {
	if m.orders.when != nil && !m.orders.when() {
		return nil, nil, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if o, ok := m.orders.blocks[user]; ok {
		block = &o
	}
	return block, m.orders.pause, m.orders.err
}

// KnownOrders are those that Orders returns: this record is the process's own.
func (m *memory) KnownOrders(user string) (block, pause *broker.Order) {
	block, pause, _ = m.Orders(context.Background(), user)
	return block, pause
}

func (m *memory) Block(_ context.Context, user string, o broker.Order) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.orders.blocks == nil {
		m.orders.blocks = map[string]broker.Order{}
	}
	m.orders.blocks[user] = o
	return m.orders.err
}

func (m *memory) Unblock(_ context.Context, user string, o broker.Order) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if is, ok := m.orders.blocks[user]; !ok || is != o {
		return false, m.orders.err
	}
	delete(m.orders.blocks, user)
	return true, m.orders.err
}

func (m *memory) Pause(_ context.Context, o broker.Order) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !o.Until.IsZero() && m.orders.pause != nil {
		return broker.ErrOrderStands
	}
	m.orders.pause = &o
	return m.orders.err
}

func (m *memory) Resume(_ context.Context, o broker.Order) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.orders.pause == nil || *m.orders.pause != o {
		return false, m.orders.err
	}
	m.orders.pause = nil
	return true, m.orders.err
}

// A held lease is one holder's until then.
type held struct {
	holder string
	until  time.Time
}

func (m *memory) HoldLease(_ context.Context, name, holder string, ttl time.Duration) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.leases == nil {
		m.leases = map[string]held{}
	}
	if m.leasesErr != nil {
		return 0, m.leasesErr
	}
	if l, ok := m.leases[name]; ok && l.holder != holder && time.Now().Before(l.until) {
		return 0, nil
	}
	m.leases[name] = held{holder, time.Now().Add(ttl)}
	if !slices.Contains(m.holders, holder) {
		m.holders = append(m.holders, holder)
	}
	return int64(slices.Index(m.holders, holder) + 1), nil
}

func (m *memory) ReleaseLease(_ context.Context, name, holder string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.leases[name].holder == holder {
		delete(m.leases, name)
	}
	return nil
}

func (m *memory) Held(_ context.Context, most int) (broker.Held, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var held broker.Held
	for _, g := range m.grants {
		if held.More = len(held.Grants) == most; held.More {
			break
		}
		held.Grants = append(held.Grants, g)
	}
	return held, m.saveErr
}

// anOrder is one of each kind, and what whoever it hits is told.
var anOrder = map[broker.Code]func(*orders){
	broker.CodeBlocked: func(c *orders) {
		c.blocks = map[string]broker.Order{"U01ALICE": {By: "U09ADMIN", ByName: "root", Reason: "a secret reason", At: time.Now()}}
	},
	broker.CodePaused: func(c *orders) {
		c.pause = &broker.Order{By: "U09ADMIN", ByName: "root", Reason: "*the* <!channel> worst day", At: time.Now()}
	},
	broker.CodeStore: func(c *orders) { c.err = errDown },
}

// gives is everything that gives somebody something.
func gives(b *bench, grant string) map[string]func(r broker.Request) error {
	ctx := context.Background()
	return map[string]func(r broker.Request) error{
		"Issue":           func(r broker.Request) error { return second(b.Issue(ctx, r)) },
		"Judge":           func(r broker.Request) error { return b.Issuing.Judge(ctx, r) },
		"Console":         func(r broker.Request) error { return second(b.Issuing.Console(ctx, r, "")) },
		"Buckets":         func(r broker.Request) error { return second(b.Lists.Buckets(ctx, r, "")) },
		"BeginMFASession": func(r broker.Request) error { return second(b.MFASessions.BeginMFASession(ctx, r)) },
		"ChangeKey":       func(r broker.Request) error { return second(b.Keys.ChangeKey(ctx, r, ageKey)) },
		"Reveal":          func(r broker.Request) error { return second(b.Holding.Reveal(ctx, r, grant)) },
		"BucketPage":      func(r broker.Request) error { return second(b.Lists.BucketPage(ctx, r, grant, "", 0)) },
		"WhoAmI":          func(r broker.Request) error { return second(b.Explaining.WhoAmI(ctx, r)) },
	}
}

var ageKey = secret.PublicKey{Text: "age1example", Type: "age", Fingerprint: "age1example"}

func TestNothingIsGivenToTheBlockedOrWhilePaused(t *testing.T) {
	b := newSessionBench(t)
	issued, err := b.Issue(t.Context(), b.request("prod", b.device.Code()))
	if err != nil {
		t.Fatal(err)
	}
	b.offset += time.Minute
	for code, lay := range anOrder {
		b.orders = orders{}
		lay(&b.orders)
		before := len(b.aws.Calls())
		for name, give := range gives(b, issued.Grant.ID) {
			t.Run(string(code)+"/"+name, func(t *testing.T) {
				e := wantCode(t, give(b.request("prod", b.device.Code())), code)
				says := prose.Plain(e.What) + prose.Plain(e.Hint)
				if strings.Contains(says, "a secret reason") || strings.Contains(says, "worst day") {
					t.Errorf("got %q and %q: what a person typed is in a sentence of ours", prose.Plain(e.What), prose.Plain(e.Hint))
				}
				if code == broker.CodePaused && (!strings.Contains(prose.Plain(e.What), "root") || e.Quote == "") {
					t.Errorf("got %q and quote %q, want who paused and why", prose.Plain(e.What), e.Quote)
				}
				if code == broker.CodeBlocked && (strings.Contains(says, "root") || e.Quote != "" || !strings.Contains(prose.Plain(e.Hint), "#help-aws")) {
					t.Errorf("got %q, %q and quote %q, want whom to ask and no more", prose.Plain(e.What), prose.Plain(e.Hint), e.Quote)
				}
				if last := b.last(t); last.Kind != event.Refused || last.Code != code {
					t.Errorf("got %s %s on the record, want the refusal", last.Kind, last.Code)
				}
			})
		}
		if n := len(b.aws.Calls()) - before; n != 0 {
			t.Errorf("%s: got %d calls to AWS, want none", code, n)
		}
	}
	b.orders = orders{}
	if _, err := b.Issue(t.Context(), b.request("prod", b.device.Code())); err != nil {
		t.Errorf("the code of a refused request was not given back: %v", err)
	}
}

// TestWhatAnOrderOvertakesIsDropped lays each order between a call to STS and
// what is done with its answer.
func TestWhatAnOrderOvertakesIsDropped(t *testing.T) {
	for code, lay := range anOrder {
		names := []string{"Issue", "Console", "Buckets", "ChangeKey", "BeginMFASession", "staging"}
		if code == broker.CodeStore { // which is asked once there is a Grant; whoever blocks somebody drops their MFA session
			names = names[:4]
		}
		for _, name := range names {
			t.Run(string(code)+"/"+name, func(t *testing.T) {
				b := newSessionBench(t)
				lay(&b.orders)
				b.orders.when = func() bool { return len(b.aws.Calls()) > 0 }
				account, call := "prod", name
				if name == "staging" { // whose code begins an MFA session first
					account, call = "staging", "Issue"
				}
				e := wantCode(t, gives(b, "")[call](b.request(account, b.device.Code())), code)
				if !strings.Contains(prose.Plain(e.What), "thrown away unseen") || e.Use == broker.UseUnused {
					t.Errorf("got %q and %q, want that something was issued and dropped", prose.Plain(e.What), prose.Plain(e.Hint))
				}
				if got := len(b.aws.Calls()); got != 1 {
					t.Errorf("got %d calls to AWS, want the one", got)
				}
				if len(b.grants)+len(b.sessions)+len(b.keys) > 0 {
					t.Error("something was kept")
				}
				last := b.last(t)
				if last.Kind != event.Failed || last.Code != code || last.AccessKeyID == "" || last.STSRequestID == "" {
					t.Errorf("got %+v on the record, want the outcome and what CloudTrail calls it", last)
				}
				if code != broker.CodeStore && slices.Contains(b.kinds(), event.Granted) {
					t.Error("it is granted on the record")
				}
			})
		}
	}
}

// TestAnOrderThatMissesAGrantEndsItAllTheSame lays each order between the last
// look before a Grant is saved and the save, when a revocation does not find it.
func TestAnOrderThatMissesAGrantEndsItAllTheSame(t *testing.T) {
	for code, lay := range anOrder {
		b := newBench(t)
		lay(&b.orders)
		b.orders.when = func() bool { return len(b.grants) > 0 }
		wantCode(t, second(b.Issue(t.Context(), b.request("prod", b.device.Code()))), code)
		if len(b.grants)+len(b.kept) > 0 {
			t.Errorf("%s: the grant is kept", code)
		}
		if last := b.last(t); last.Kind != event.Failed || last.Code != code {
			t.Errorf("%s: got %+v on the record, want that it failed after all", code, last)
		}
	}
}

func TestWhatAnOrderOvertakesIsRevokedAtAWS(t *testing.T) {
	b := newBench(t)
	revocable(b)
	b.orders.when = func() bool { return len(b.aws.Calls()) > 0 }
	anOrder[broker.CodeBlocked](&b.orders)
	wantCode(t, second(b.Issue(t.Context(), b.request("prod", b.device.Code()))), broker.CodeBlocked)
	last := b.last(t)
	if last.Kind != event.Revoked || last.DeniedBefore.IsZero() || last.Account != "prod" || last.Actor.Name != "alice" {
		t.Errorf("got %+v on the record, want that AWS refuses it", last)
	}
}

// revocable gives prod a revoker that works.
func revocable(b *bench) {
	b.config.Accounts.Find("prod").Revoker = "arn:aws:iam::222222222222:role/Revoker"
}
