package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/store"
)

var approvalTests = []test{
	{"an Approval comes back as it went in", approvalRoundTrip},
	{"an Approval is kept for its time, which no change lengthens", approvalEnds},
	{"a change is made once, and a repeat is answered as the first time", approvalSwap},
	{"there is one Approval of an ID", approvalSavedOnce},
	{"Approvals of a User are listed, the oldest first", approvalsListed},
	{"the list is pruned", approvalsPruned},
	{"what makes no sense is refused", senselessApproval},
	{"the clock is the same on replicas whose own are minutes apart", approvalClock},
	{"nothing of an Approval is readable in Redis", approvalIsSealed},
	{"an Approval that does not open is an error, never absent", approvalTampered},
	{"an Approval opens after a rotation", approvalRotation},
	{"of two changes at one instant one is made", approvalRace},
}

func anApproval(id string) approval.Approval {
	asked := time.Date(2026, 11, 22, 10, 0, 0, 123456000, time.UTC)
	return approval.Approval{
		ID: id, User: alice, UserName: "alice@example.com", Team: "T0123", Channel: "C0DEV", Account: "vault",
		RoleARN: "arn:aws:iam::222222222222:role/Vault", Duration: time.Hour, Reason: "INC-42 failover", Needs: 2,
		State: approval.Waiting, Asked: asked, Expires: asked.Add(30 * time.Minute),
		Votes: []approval.Vote{{User: bob, Name: "bob@example.com", At: asked.Add(time.Minute)}},
	}
}

func saveApproval(t testing.TB, h *harness, id string, keep time.Duration) approval.Kept {
	t.Helper()
	if err := h.Approvals.SaveApproval(t.Context(), anApproval(id), keep); err != nil {
		t.Fatalf("save approval: %v", err)
	}
	return loadApproval(t, h.Store, id)
}

func loadApproval(t testing.TB, s *store.Store, id string) approval.Kept {
	t.Helper()
	kept, ok, err := s.Approvals.LoadApproval(t.Context(), alice, id)
	if err != nil || !ok {
		t.Fatalf("load approval %s: got %v, %v", id, ok, err)
	}
	return kept
}

// decided is what one person makes of an Approval.
func decided(a approval.Approval, state approval.State, by string) approval.Approval {
	a.State, a.EndedBy, a.Version = state, approval.Vote{User: by, At: a.Asked}, a.Version+1
	return a
}

func wantSwap(t testing.TB, s *store.Store, old approval.Kept, a approval.Approval, want bool) {
	t.Helper()
	if got, err := s.Approvals.SwapApproval(t.Context(), old, a); err != nil || got != want {
		t.Errorf("swap for %s: got %v, %v, want %v", a.State, got, err, want)
	}
}

func approvalRoundTrip(t testing.TB, h *harness) {
	if _, ok, err := h.Approvals.LoadApproval(t.Context(), alice, "a1"); ok || err != nil {
		t.Errorf("load of none: got %v, %v", ok, err)
	}
	kept := saveApproval(t, h, "a1", time.Hour)
	if diff := cmp.Diff(anApproval("a1"), kept.Approval); diff != "" {
		t.Errorf("approval (-want +got):\n%s", diff)
	}
	if off := time.Since(kept.Now).Abs(); off > time.Minute || len(kept.Sealed) == 0 {
		t.Errorf("loaded at %s by the shared clock, with %d sealed bytes", kept.Now, len(kept.Sealed))
	}
	if _, ok, err := h.Approvals.LoadApproval(t.Context(), bob, "a1"); ok || err != nil {
		t.Errorf("load as another User: got %v, %v, want none", ok, err)
	}
}

func approvalEnds(t testing.TB, h *harness) {
	kept := saveApproval(t, h, "a1", 2*h.unit)
	h.pass(t, h.unit)
	wantSwap(t, h.Store, kept, decided(kept.Approval, approval.Denied, bob), true)
	loadApproval(t, h.Store, "a1")
	h.pass(t, h.unit)
	if _, ok, err := h.Approvals.LoadApproval(t.Context(), alice, "a1"); ok || err != nil {
		t.Errorf("after its time: got %v, %v, want none", ok, err)
	}
	wantSwap(t, h.Store, kept, decided(kept.Approval, approval.Denied, bob), false)
	if all, err := h.Approvals.ApprovalsOf(t.Context(), alice); err != nil || len(all) != 0 {
		t.Errorf("list after its time: got %v, %v", all, err)
	}
}

func approvalSwap(t testing.TB, h *harness) {
	kept := saveApproval(t, h, "a1", time.Hour)
	denied := decided(kept.Approval, approval.Denied, bob)
	approved := decided(kept.Approval, approval.Approved, bob)
	for range 3 {
		wantSwap(t, h.Store, kept, denied, true)
		wantSwap(t, h.Store, kept, approved, false)
	}
	got := loadApproval(t, h.Store, "a1")
	if diff := cmp.Diff(denied, got.Approval); diff != "" {
		t.Errorf("approval (-want +got):\n%s", diff)
	}
	wantSwap(t, h.Store, got, decided(got.Approval, approval.Expired, ""), true)
	wantSwap(t, h.Store, got, decided(got.Approval, approval.Cancelled, alice), false)
}

func approvalSavedOnce(t testing.TB, h *harness) {
	saveApproval(t, h, "a1", time.Hour)
	saveApproval(t, h, "a1", time.Hour) // a repeat
	other := anApproval("a1")
	other.Duration = 12 * time.Hour
	if err := h.Approvals.SaveApproval(t.Context(), other, time.Hour); err == nil {
		t.Error("save of another with the same ID: got no error")
	}
	if got := loadApproval(t, h.Store, "a1"); got.Duration != time.Hour {
		t.Errorf("it was replaced: %+v", got.Approval)
	}
}

func approvalsListed(t testing.TB, h *harness) {
	if all, err := h.Approvals.ApprovalsOf(t.Context(), alice); err != nil || len(all) != 0 {
		t.Errorf("list of none: got %v, %v", all, err)
	}
	for i, id := range []string{"a3", "a1", "a2"} {
		a := anApproval(id)
		a.Asked = a.Asked.Add(time.Duration(i) * time.Minute)
		if err := h.Approvals.SaveApproval(t.Context(), a, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	all, err := h.Approvals.ApprovalsOf(t.Context(), alice)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, kept := range all {
		ids = append(ids, kept.ID)
		wantSwap(t, h.Store, kept, decided(kept.Approval, approval.Cancelled, alice), true) // listed as it is loaded
		if kept.Now.IsZero() {
			t.Errorf("%s: listed without the time", kept.ID)
		}
	}
	if diff := cmp.Diff([]string{"a3", "a1", "a2"}, ids); diff != "" {
		t.Errorf("IDs (-want +got):\n%s", diff)
	}
}

func approvalsPruned(t testing.TB, h *harness) {
	saveApproval(t, h, "a1", h.unit)
	h.pass(t, h.unit)
	h.skew(2 * time.Hour)
	saveApproval(t, h, "a2", time.Hour)
	if h.raw == nil {
		return
	}
	ids, err := h.raw.ZRange(t.Context(), h.only(t, ":approvals"), 0, -1).Result()
	if diff := cmp.Diff([]string{"a2"}, ids); diff != "" || err != nil {
		t.Errorf("index: %v (-want +got):\n%s", err, diff)
	}
}

func senselessApproval(t testing.TB, h *harness) {
	for name, change := range map[string]func(*approval.Approval){
		"no user": func(a *approval.Approval) { a.User = "" }, "no ID": func(a *approval.Approval) { a.ID = "" },
		"a brace in the user": func(a *approval.Approval) { a.User = "U{1}" },
	} {
		a := anApproval("a1")
		change(&a)
		if err := h.Approvals.SaveApproval(t.Context(), a, time.Hour); err == nil {
			t.Errorf("save with %s: got no error", name)
		}
	}
	if err := h.Approvals.SaveApproval(t.Context(), anApproval("a1"), 0); err == nil {
		t.Error("save for no time: got no error")
	}
	// What no key can be formed of is not there: the store answers all the same.
	for _, name := range [][2]string{{"", "a1"}, {"{", "1"}, {"U{1}", "a1"}, {alice, ""}} {
		if _, ok, err := h.Approvals.LoadApproval(t.Context(), name[0], name[1]); ok || err != nil {
			t.Errorf("load of %q: got %v, %v, want that there is none", name, ok, err)
		}
		if _, ok, err := h.Grants.FindGrant(t.Context(), name[0], name[1]); ok || err != nil {
			t.Errorf("find the grant %q: got %v, %v, want that there is none", name, ok, err)
		}
	}
	if _, err := h.Approvals.ApprovalsOf(t.Context(), ""); err == nil {
		t.Error("list of nobody's: got no error")
	}
	kept := saveApproval(t, h, "a1", time.Hour)
	other := decided(anApproval("a2"), approval.Approved, bob)
	for name, swap := range map[string]func() (bool, error){
		"for another":         func() (bool, error) { return h.Approvals.SwapApproval(t.Context(), kept, other) },
		"in the same version": func() (bool, error) { return h.Approvals.SwapApproval(t.Context(), kept, kept.Approval) },
		"of one not loaded": func() (bool, error) {
			return h.Approvals.SwapApproval(t.Context(), approval.Kept{Approval: kept.Approval}, decided(kept.Approval, approval.Denied, bob))
		},
	} {
		if ok, err := swap(); ok || err == nil {
			t.Errorf("swap %s: got %v, %v, want an error", name, ok, err)
		}
	}
}

func approvalClock(t testing.TB, h *harness) {
	first, err := h.Approvals.ApprovalClock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	saveApproval(t, h, "a1", time.Hour)
	h.skew(5 * time.Minute)
	second, err := h.Approvals.ApprovalClock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	kept := loadApproval(t, h.Store, "a1")
	want := time.Duration(0)
	if h.raw == nil { // the only replica: its own clock, which tests and demo move
		want = 5 * time.Minute
	}
	for _, now := range []time.Time{second, kept.Now} {
		if moved := now.Sub(first) - want; moved < 0 || moved > time.Minute {
			t.Errorf("with the bot's clock 5m ahead the shared one moved by %s, want %s", now.Sub(first), want)
		}
	}
}

func approvalIsSealed(t testing.TB, h *harness) {
	h.needsShared(t)
	saveApproval(t, h, "a1", time.Hour)
	for key, value := range Dump(t, h.url) {
		for _, marked := range []string{"INC-42", "vault", "waiting", "alice@example.com", bob} {
			if strings.Contains(key+value, marked) {
				t.Errorf("%s holds %q", key, marked)
			}
		}
	}
}

func approvalTampered(t testing.TB, h *harness) {
	h.needsShared(t)
	kept := saveApproval(t, h, "a1", time.Hour)
	key := h.only(t, ":approval:a1")
	wantUnseal := func(what, user, id string) {
		t.Helper()
		var unseal *store.UnsealError
		if _, ok, err := h.Approvals.LoadApproval(t.Context(), user, id); ok || !errors.As(err, &unseal) {
			t.Errorf("%s: got %v, %v, want an UnsealError", what, ok, err)
		}
	}
	put := func(key string, value []byte) {
		t.Helper()
		if err := h.raw.Set(t.Context(), key, value, time.Hour).Err(); err != nil {
			t.Fatal(err)
		}
	}
	put(strings.Replace(key, alice, bob, 1), kept.Sealed)
	wantUnseal("moved to another User", bob, "a1")
	put(strings.Replace(key, "a1", "a2", 1), kept.Sealed)
	wantUnseal("moved to another ID", alice, "a2")
	altered := append([]byte(nil), kept.Sealed...)
	altered[len(altered)-1] ^= 1
	put(key, altered)
	wantUnseal("altered", alice, "a1")
	for what, err := range map[string]error{
		"swap": func() error {
			_, err := h.Approvals.SwapApproval(t.Context(), kept, decided(kept.Approval, approval.Denied, bob))
			return err
		}(),
		"save": h.Approvals.SaveApproval(t.Context(), anApproval("a1"), time.Hour),
	} {
		var unseal *store.UnsealError
		if !errors.As(err, &unseal) {
			t.Errorf("%s with an altered one: got %v, want an UnsealError", what, err)
		}
	}
	// In a list it is left out: it cannot be used, and others can.
	saveApproval(t, h, "a3", time.Hour)
	if list, err := h.Approvals.ApprovalsOf(t.Context(), alice); err != nil || len(list) != 1 || list[0].ID != "a3" {
		t.Errorf("list with an altered one: got %v, %v, want the other", list, err)
	}
	put(key, []byte(`{"id":"a1","user":"U01ALICE","state":"approved"}`))
	wantUnseal("in clear", alice, "a1")
}

func approvalRotation(t testing.TB, h *harness) {
	h.needsShared(t)
	saveApproval(t, h, "a1", time.Hour)
	rotated := h.replica(t, KeyTwo, KeyOne)
	kept := loadApproval(t, rotated, "a1")
	wantSwap(t, rotated, kept, decided(kept.Approval, approval.Approved, bob), true)
	var unseal *store.UnsealError
	if _, _, err := h.Approvals.LoadApproval(t.Context(), alice, "a1"); !errors.As(err, &unseal) || unseal.UnknownKey == "" {
		t.Errorf("sealed with an unknown key: got %v, want an UnsealError that names it", err)
	}
}

// approvalRace lets one person approve and another deny at the same instant, on
// two replicas where there are two.
func approvalRace(t testing.TB, h *harness) {
	pairs, other := 100, h.Store
	if h.raw != nil {
		pairs, other = 1000, h.replica(t, KeyOne)
	}
	approvals := 0
	for i := range pairs {
		id := fmt.Sprint("a", i)
		if err := h.Approvals.SaveApproval(t.Context(), anApproval(id), time.Hour); err != nil {
			t.Fatal(err)
		}
		made, start := make(chan approval.State, 2), make(chan struct{})
		var pair, ready sync.WaitGroup
		ready.Add(2)
		press := func(s *store.Store, state approval.State, by string) {
			old, ok, err := s.Approvals.LoadApproval(t.Context(), alice, id)
			if err != nil || !ok {
				t.Errorf("load: got %v, %v", ok, err)
			}
			ready.Done()
			<-start
			if ok, err = s.Approvals.SwapApproval(t.Context(), old, decided(old.Approval, state, by)); err != nil {
				t.Errorf("swap: %v", err)
			}
			if ok {
				made <- state
			}
		}
		pair.Go(func() { press(h.Store, approval.Approved, bob) })
		pair.Go(func() { press(other, approval.Denied, "U03CAROL") })
		ready.Wait() // both have loaded it
		close(start)
		pair.Wait()
		if len(made) != 1 {
			t.Fatalf("pair %d: %d changes were made, want 1", i, len(made))
		}
		won := <-made
		if got := loadApproval(t, other, id); got.State != won || got.Version != 1 {
			t.Fatalf("pair %d: %s won, but it is %s in version %d", i, won, got.State, got.Version)
		}
		if won == approval.Approved {
			approvals++
		}
	}
	t.Logf("of %d pairs %d ended approved", pairs, approvals)
}
