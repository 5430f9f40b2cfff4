package broker_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
)

// proved is a record that signs its entries at once, or never.
type proved struct {
	leaves   [][]byte
	unsigned bool
	swaps    []byte // what stands there once it is proved
	err      error
	asked    int
}

func (p *proved) Written(_ context.Context, n int64) ([]byte, error) {
	p.asked++
	switch {
	case p.err != nil:
		return nil, p.err
	case n >= int64(len(p.leaves)):
		return nil, broker.ErrNoEntry
	}
	return p.leaves[n], nil
}

func (p *proved) Prove(_ context.Context, n int64) (broker.Receipt, error) {
	if p.unsigned {
		return broker.Receipt{}, broker.ErrUnsigned
	}
	leaf := p.leaves[n]
	if p.swaps != nil {
		leaf = p.swaps
	}
	return broker.Receipt{Number: n, Leaf: leaf}, nil
}

func leafOf(t *testing.T, actor string, data event.Payload) []byte {
	t.Helper()
	leaf, _, err := event.Event{ID: broker.NewID(), Time: time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC), Actor: event.Actor{User: actor}, Data: data}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return leaf
}

// The entries of a proved record, by whose they are.
const (
	ofAlice = iota
	ofBob
	bobApproves
	adminBlocks
	adminRevokes
	adminIsRefused
	ofNobody
	notKnown
	noEntry
)

func newProved(t *testing.T) *proved {
	alice := event.Person{ID: "U01ALICE", Name: "alice"}
	return &proved{leaves: [][]byte{
		ofAlice:        leafOf(t, "U01ALICE", event.GrantedData{}),
		ofBob:          leafOf(t, "U02BOB", event.GrantedData{}),
		bobApproves:    leafOf(t, "U02BOB", event.ApprovalData{Asked: event.Asked{Approval: "a", Account: "prod", Target: alice}, State: "approved"}),
		adminBlocks:    leafOf(t, adminID, event.BlockedData{Order: event.Order{Target: alice}}),
		adminRevokes:   leafOf(t, adminID, event.RevokedData{Target: alice}),
		adminIsRefused: leafOf(t, "U02BOB", event.RefusedData{Target: alice}),
		ofNobody:       leafOf(t, "", event.StatusData{}),
		notKnown:       []byte(`no event`),
	}}
}

// TestAReceiptIsForThoseWhoseEntryItIsAndForAdmins and who it is not for cannot tell what
// there is.
func TestAReceiptIsForThoseWhoseEntryItIsAndForAdmins(t *testing.T) {
	b := newAdminBench(t)
	record := newProved(t)
	d := b.deps()
	d.Provers = record
	br := broker.New(d)
	ask := func(user string, n int64) (broker.Receipt, error) {
		return br.Proving.Receipt(t.Context(), by(b, user), n)
	}
	var refusal *broker.Error
	for n := range int64(noEntry + 1) {
		got, err := ask("U01ALICE", n)
		if n == ofAlice || n == bobApproves {
			if err != nil || got.Number != n {
				t.Errorf("alice, entry %d: got %v", n, err)
			}
			continue
		}
		e := wantCode(t, err, broker.CodeNoReceipt)
		e.Err = nil
		if refusal == nil {
			refusal = e
		}
		if e.Error() != refusal.Error() || e.Detail != refusal.Detail {
			t.Errorf("entry %d: got %q (%s), and of another %q", n, e.Error(), e.Detail, refusal.Error())
		}
		got, err = ask(adminID, n)
		if n == noEntry {
			if e := wantCode(t, err, broker.CodeNoReceipt); e.Detail != "not_kept" {
				t.Errorf("an admin is told %q of no entry", e.Detail)
			}
		} else if err != nil || got.Number != n {
			t.Errorf("an admin, entry %d: got %v", n, err)
		}
	}
	if got := len(b.told()); got > 0 {
		t.Errorf("got %q on the record, want nothing", b.told())
	}
}

func TestWhoMayHaveNoReceipt(t *testing.T) {
	for name, c := range map[string]struct {
		user string
		n    int64
		want broker.Code
		set  func(b *bench)
	}{
		"a stranger":              {"U05EVE", ofAlice, broker.CodeNotUser, func(*bench) {}},
		"a guest":                 {"U01ALICE", ofAlice, broker.CodeNotAMember, func(b *bench) { b.standing = &broker.Standing{Team: "T0123", Guest: true} }},
		"standing unknown":        {"U01ALICE", ofAlice, broker.CodeDirectory, func(b *bench) { b.peopleErr = errDown }},
		"another workspace":       {"U01ALICE", ofAlice, broker.CodeWorkspace, func(b *bench) { b.config.Workspaces = []string{"T0OTHER"} }},
		"an admin who is a guest": {adminID, ofAlice, broker.CodeNotUser, func(b *bench) { b.standing = &broker.Standing{Team: "T0123", Guest: true} }},
		"a blocked admin": {adminID, ofAlice, broker.CodeNoReceipt, func(b *bench) {
			b.orders.blocks = map[string]broker.Order{adminID: {By: "U08OTHER"}}
		}},
		"whose orders are unknown": {adminID, ofAlice, broker.CodeNoReceipt, func(b *bench) { b.orders.err = errDown }},
	} {
		t.Run(name, func(t *testing.T) {
			b := newAdminBench(t)
			c.set(b)
			record := newProved(t)
			d := b.deps()
			d.Provers = record
			got, err := broker.New(d).Proving.Receipt(t.Context(), by(b, c.user), c.n)
			wantCode(t, err, c.want)
			if len(got.Leaf) > 0 {
				t.Errorf("got %s", got.Leaf)
			}
		})
	}
}

func TestThereIsNoReceiptOf(t *testing.T) {
	for name, c := range map[string]struct {
		spoil  func(p *proved)
		want   broker.Code
		detail string
	}{
		"an entry that is not signed":     {func(p *proved) { p.unsigned = true }, broker.CodeNoReceipt, "unsigned"},
		"a record that is away":           {func(p *proved) { p.err = errors.New("away") }, broker.CodeInternal, ""},
		"what another stands in place of": {func(p *proved) { p.swaps = p.leaves[ofBob] }, broker.CodeNoReceipt, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newAdminBench(t)
			record := newProved(t)
			c.spoil(record)
			d := b.deps()
			d.Provers = record
			got, err := broker.New(d).Proving.Receipt(t.Context(), by(b, "U01ALICE"), ofAlice)
			if e := wantCode(t, err, c.want); e.Detail != c.detail || len(got.Leaf) > 0 {
				t.Errorf("got %q and %s, want %q", e.Detail, got.Leaf, c.detail)
			}
		})
	}
}
