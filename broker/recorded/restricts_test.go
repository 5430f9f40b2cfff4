package recorded_test

import (
	"errors"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/store/storetest"
)

// A restriction is something that takes from Alice. Everything is done as broker does it:
// what gives is on the record first, what takes is in the store first.
type restriction struct {
	what   string
	before func(t *testing.T, w *world)
	act    func(t *testing.T, w *world)
	holds  func(t *testing.T, r *replica)
}

var restrictions = []restriction{
	{what: "a block", act: block, holds: isBlocked},
	{what: "a block that follows one that was ended", before: wasBlocked, act: block, holds: isBlocked},
	{what: "the pause", act: pause, holds: isPaused},
	{what: "a pause that ends by itself, until then", act: pauseFor(time.Hour), holds: isPaused},
	{what: "an admin's pause below one that ends by itself", before: pause, act: pauseBelow, holds: isPaused},
	{what: "a lock-out", act: lockOut, holds: isLockedOut},
	{what: "a registered key", act: setKey("k1"), holds: hasKey("k1")},
	{what: "a replaced key", before: setKey("k1"), act: setKey("k2"), holds: hasKey("k2")},
	{what: "a removed key", before: setKey("k1"), act: setKey(""), holds: hasKey("")},
	{what: "an ended Grant", before: grant, act: endGrant, holds: hasNothing},
	{what: "a revoked Grant", before: grant, act: revoke, holds: hasNothing},
	{what: "a Grant that an admin revoked", before: grant, act: revokePerson, holds: hasNothing},
	{what: "an ended MFA session", before: beginSession, act: endSession, holds: hasNoSession},
	{what: "an MFA session that ended with a Grant", before: beginSession, act: endGrant, holds: hasNoSession},
	{what: "an MFA session that ended with a revocation", before: beginSession, act: revoke, holds: hasNoSession},
	{what: "a used Approval", before: approve, act: useApproval, holds: isOver(approval.Used)},
	{what: "a cancelled Approval", before: approve, act: endApproval(approval.Cancelled), holds: isOver(approval.Cancelled)},
	{what: "a denied Approval", before: approve, act: endApproval(approval.Denied), holds: isOver(approval.Denied)},
	{what: "an expired Approval", before: approve, act: endApproval(approval.Expired), holds: isOver(approval.Expired)},
}

// TestWhatRestrictsHoldsWhateverBecomesOfTheStore: for who did it, and for a replica that
// starts later.
func TestWhatRestrictsHoldsWhateverBecomesOfTheStore(t *testing.T) {
	t.Parallel()
	for _, c := range restrictions {
		if c.before == nil {
			c.before = func(*testing.T, *world) {}
		}
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			url := storetest.RealRedis(t)
			for what, becomes := range map[string]func(t *testing.T, w *world){
				"as it is": func(t *testing.T, w *world) { c.act(t, w) },
				"old value put back": func(t *testing.T, w *world) {
					was := w.keep(t)
					c.act(t, w)
					w.putBack(t, was)
				},
				"value lost": func(t *testing.T, w *world) {
					c.act(t, w)
					w.lose(t)
				},
				"value lost, and put back afterwards": func(t *testing.T, w *world) {
					was := w.keep(t)
					w.lose(t)
					c.act(t, w)
					w.putBack(t, was)
				},
			} {
				t.Run(what, func(t *testing.T) {
					w := newWorldOn(t, url)
					c.before(t, w)
					becomes(t, w)
					c.holds(t, w.replica)
					c.holds(t, w.start(t, "later"))
				})
			}
		})
	}
}

const alice, admin = "U01ALICE", "U09ADMIN"

func order(id string) broker.Order {
	return broker.Order{ID: id, By: admin, Reason: "why", At: time.Now().UTC().Truncate(time.Second)}
}

func onAlice(ends string) event.Order {
	return event.Order{Target: event.Person{ID: alice}, Ends: ends}
}

func block(t *testing.T, w *world) {
	t.Helper()
	must(t, w.Orders.Block(t.Context(), alice, order("block")))
	w.tell(t, admin, "block", event.BlockedData{Order: onAlice("")})
}

func wasBlocked(t *testing.T, w *world) {
	t.Helper()
	must(t, w.Orders.Block(t.Context(), alice, order("earlier")))
	w.tell(t, admin, "earlier", event.BlockedData{Order: onAlice("")})
	standing, _, err := w.Orders.Orders(t.Context(), alice)
	must(t, err)
	w.tell(t, admin, "lift", event.UnblockedData{Order: onAlice(standing.ID)})
	if ended, err := w.Orders.Unblock(t.Context(), alice, *standing); !ended || err != nil {
		t.Fatalf("got %t, %v, want it ended", ended, err)
	}
}

func isBlocked(t *testing.T, r *replica) {
	t.Helper()
	got, _, err := r.Orders.Orders(t.Context(), alice)
	if err != nil || got == nil || got.ID != "block" || got.By != admin {
		t.Errorf("got %+v, %v, want her blocked", got, err)
	}
}

func pause(t *testing.T, w *world) {
	t.Helper()
	must(t, w.Orders.Pause(t.Context(), order("pause")))
	w.tell(t, admin, "pause", event.PausedData{})
}

// pauseFor pauses for so long, as a drill does.
func pauseFor(life time.Duration) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		t.Helper()
		o := order("pause")
		o.Until = o.At.Add(life)
		must(t, w.Orders.Pause(t.Context(), o))
		w.tell(t, admin, "pause", event.PausedData{Until: event.At(o.Until)})
	}
}

// pauseBelow has a drill pause too, of which an admin's pause in the store may be lost by then.
func pauseBelow(t *testing.T, w *world) {
	t.Helper()
	o := order("drill")
	o.Until = o.At.Add(time.Hour)
	if err := w.Orders.Pause(t.Context(), o); !errors.Is(err, broker.ErrOrderStands) {
		must(t, err)
	}
	w.tell(t, admin, "drill", event.PausedData{Until: event.At(o.Until)})
}

func isPaused(t *testing.T, r *replica) {
	t.Helper()
	if _, got, err := r.Orders.Orders(t.Context(), alice); err != nil || got == nil || got.ID != "pause" {
		t.Errorf("got %+v, %v, want everything paused", got, err)
	}
}

func lockOut(t *testing.T, w *world) {
	t.Helper()
	var locked time.Duration
	for i := range 5 {
		wrong, err := w.Counters.WrongCode(t.Context(), alice, "wrong"+string(rune('0'+i)))
		must(t, err)
		locked = wrong.Locked
	}
	w.tell(t, alice, "wrong4", event.LockedOutData{Until: event.At(time.Now().Add(locked))})
}

func isLockedOut(t *testing.T, r *replica) {
	t.Helper()
	if left, err := r.Counters.LockedFor(t.Context(), alice); err != nil || left < 14*time.Minute || left > 15*time.Minute {
		t.Errorf("got %s, %v, want that she is locked out", left, err)
	}
}

func setKey(text string) func(t *testing.T, w *world) {
	return func(t *testing.T, w *world) {
		t.Helper()
		act := event.Act{Attempt: broker.NewID()}
		if text != "" {
			act.Key = "of " + text
		}
		w.tell(t, alice, "key", event.IntentData{Act: act})
		w.tell(t, alice, "key", event.KeyChangedData{Act: act})
		if text == "" {
			must(t, w.Keys.RemoveKey(t.Context(), alice))
			return
		}
		must(t, w.Keys.SaveKey(t.Context(), alice, broker.RegisteredKey{Text: text, Set: time.Now()}))
	}
}

// hasKey wants that key, or else that nobody knows and nothing goes out in clear.
func hasKey(text string) func(t *testing.T, r *replica) {
	return func(t *testing.T, r *replica) {
		t.Helper()
		got, ok, err := r.Keys.LoadKey(t.Context(), alice)
		if !errors.Is(err, broker.ErrKeyUnreadable) && (err != nil || ok != (text != "") || got.Text != text) {
			t.Errorf("got %+v, %t, %v, want %q or that it cannot be read", got, ok, err, text)
		}
	}
}

// granted tells that a Request of Alice's was granted, and returns the number of the outcome.
func granted(t *testing.T, w *world, request string, act event.Act) int64 {
	t.Helper()
	act.Attempt = broker.NewID()
	w.tell(t, alice, request, event.IntentData{Act: act})
	return w.tell(t, alice, request, event.GrantedData{Act: act, Issued: event.Issued{AccessKeyID: "ASIA" + request}})
}

func credentials(request string) secret.Credentials {
	return secret.Credentials{
		AccessKeyID: "ASIA" + request, SecretAccessKey: secret.New("s"), SessionToken: secret.New("t"), Expires: time.Now().Add(time.Hour),
	}
}

func grant(t *testing.T, w *world) {
	t.Helper()
	n := granted(t, w, "g1", event.Act{Account: "prod"})
	must(t, saved(w.Grants.SaveGrant(t.Context(), aGrant("g1", n), credentials("g1"), 10*time.Minute)))
	wantGrant(t, w.replica, true, true)
}

func aGrant(id string, entry int64) broker.Grant {
	return broker.Grant{
		ID: id, User: alice, Account: "prod", AccessKeyID: "ASIA" + id,
		Issued: time.Now(), Expires: time.Now().Add(time.Hour), Entry: entry,
	}
}

func endGrant(t *testing.T, w *world) {
	t.Helper()
	must(t, w.Grants.EndGrant(t.Context(), alice, "g1"))
	_, err := w.Sessions.DropMFASession(t.Context(), alice, "")
	must(t, err)
	w.tell(t, alice, "end", event.EndedData{Given: event.Given{Grant: "g1"}})
}

func revoke(t *testing.T, w *world) {
	t.Helper()
	w.tell(t, alice, "revoke", event.RevokingData{Account: "prod"})
	must(t, w.Grants.EndGrant(t.Context(), alice, "g1"))
	_, err := w.Sessions.DropMFASession(t.Context(), alice, "")
	must(t, err)
	w.tell(t, alice, "revoke", event.RevokedData{Account: "prod"})
}

func revokePerson(t *testing.T, w *world) {
	t.Helper()
	w.tell(t, admin, "revoke", event.RevokingData{Target: event.Person{ID: alice}})
	must(t, w.Grants.EndGrant(t.Context(), alice, "g1"))
	w.tell(t, admin, "revoke", event.RevokedData{Account: "prod", Target: event.Person{ID: alice}})
}

func hasNothing(t *testing.T, r *replica) {
	t.Helper()
	wantGrant(t, r, false, false)
}

// wantGrant wants Alice's Grant g1 to be there, with or without its Credentials.
func wantGrant(t *testing.T, r *replica, there, usable bool) {
	t.Helper()
	found, ok, err := r.Grants.FindGrant(t.Context(), alice, "g1")
	if err != nil || ok != there || found.Revealable != usable || found.Credentials.SessionToken.Empty() == usable {
		t.Errorf("find: got %+v, %t, %v, want there %t, usable %t", found, ok, err, there, usable)
	}
	if _, c, ok, err := r.Grants.RevealGrant(t.Context(), alice, "prod"); err != nil || ok != usable || c.SessionToken.Empty() == usable {
		t.Errorf("reveal: got %t, %v, want %t", ok, err, usable)
	}
	if live, err := r.Grants.LiveGrants(t.Context(), alice); err != nil || (len(live) > 0) != there {
		t.Errorf("live: got %v, %v, want there %t", live, err, there)
	}
}

func beginSession(t *testing.T, w *world) {
	t.Helper()
	asked := time.Now()
	n := granted(t, w, "m1", event.Act{Purpose: string(broker.PurposeMFASession)})
	must(t, w.Sessions.SaveMFASession(t.Context(), aSession("m1", n, asked), credentials("m1"), nil))
	if s, _, ok, err := w.Sessions.FindMFASession(t.Context(), alice); err != nil || !ok || s.ID != "m1" {
		t.Fatalf("got %v, %t, %v, want it there", s, ok, err)
	}
}

func aSession(id string, entry int64, asked time.Time) broker.Session {
	return broker.Session{
		ID: id, User: alice, MFASerial: "serial", AccessKeyID: "ASIA" + id,
		Began: time.Now(), Asked: asked, Expires: time.Now().Add(time.Hour), Entry: entry,
	}
}

func endSession(t *testing.T, w *world) {
	t.Helper()
	_, err := w.Sessions.DropMFASession(t.Context(), alice, "")
	must(t, err)
	w.tell(t, alice, "end", event.EndedData{Given: event.Given{Purpose: string(broker.PurposeMFASession)}})
}

func hasNoSession(t *testing.T, r *replica) {
	t.Helper()
	if s, c, ok, err := r.Sessions.FindMFASession(t.Context(), alice); err != nil || ok || !c.SessionToken.Empty() {
		t.Errorf("got %+v, %t, %v, want none", s, ok, err)
	}
}

// approve has Bob approve what Alice asks for.
func approve(t *testing.T, w *world) {
	t.Helper()
	asked := event.Asked{Approval: "ap", Account: "prod", Target: event.Person{ID: alice}}
	n := w.tell(t, "U02BOB", "vote", event.ApprovingData{Asked: asked})
	now := time.Now().UTC()
	must(t, w.Approvals.SaveApproval(t.Context(), approval.Approval{
		ID: "ap", User: alice, Account: "prod", Needs: 1, State: approval.Approved, Asked: now, Expires: now.Add(time.Hour),
		Votes: []approval.Vote{{User: "U02BOB", At: now, Entry: n}},
	}, time.Hour))
	wantApproval(t, w.replica, approval.Approved, 1)
}

// change has the store make Alice's Approval something else, if it is there.
func change(t *testing.T, w *world, to func(a *approval.Approval)) {
	t.Helper()
	k, ok, err := w.Approvals.LoadApproval(t.Context(), alice, "ap")
	must(t, err)
	if !ok {
		return
	}
	next := k.Approval
	to(&next)
	next.Version++
	if swapped, err := w.Approvals.SwapApproval(t.Context(), k, next); !swapped || err != nil {
		t.Fatalf("got %t, %v, want it changed", swapped, err)
	}
}

func useApproval(t *testing.T, w *world) {
	t.Helper()
	change(t, w, func(a *approval.Approval) { a.State, a.UsedBy = approval.Used, "g1" })
	granted(t, w, "g1", event.Act{Account: "prod", Approval: "ap"})
}

func endApproval(state approval.State) func(t *testing.T, w *world) {
	return func(t *testing.T, w *world) {
		t.Helper()
		change(t, w, func(a *approval.Approval) { a.State = state })
		w.tell(t, "U02BOB", "end", event.ApprovalData{Asked: event.Asked{Approval: "ap", Account: "prod"}, State: string(state)})
	}
}

// isOver wants the Approval so, or gone.
func isOver(state approval.State) func(t *testing.T, r *replica) {
	return func(t *testing.T, r *replica) {
		t.Helper()
		if k, ok, err := r.Approvals.LoadApproval(t.Context(), alice, "ap"); err != nil || ok && k.State != state || ok && k.Open() {
			t.Errorf("load: got %+v, %t, %v, want it %s", k.Approval, ok, err, state)
		}
		all, err := r.Approvals.ApprovalsOf(t.Context(), alice)
		must(t, err)
		for _, k := range all {
			if k.State != state {
				t.Errorf("list: got %+v, want it %s", k.Approval, state)
			}
		}
	}
}

func wantApproval(t *testing.T, r *replica, state approval.State, votes int) {
	t.Helper()
	k, ok, err := r.Approvals.LoadApproval(t.Context(), alice, "ap")
	if err != nil || !ok || k.State != state || len(k.Votes) != votes {
		t.Errorf("got %+v, %t, %v, want it %s with %d votes", k.Approval, ok, err, state, votes)
	}
}
