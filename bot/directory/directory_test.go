package directory

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/store"
)

// hall is a fake Slack, one Redis, and two replicas' Directory and People.
type hall struct {
	*slacktest.Server
	store  *store.Store
	dirs   [2]*Groups
	people [2]*People
	events *Events // of the first

	mu       sync.Mutex
	begin    time.Time
	passed   time.Duration
	failOn   bool // the record fails
	cut      bool // the store does, where copies are asked for
	trips    int  // to it
	recorded []event.Event
}

func (h *hall) Record(_ context.Context, events ...event.Event) (event.Receipt, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failOn {
		return event.Receipt{}, errors.New("the record is down")
	}
	h.recorded = append(h.recorded, events...)
	return event.Receipt{}, nil
}

func (h *hall) failRecord(on bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failOn = on
}

func newHall(t testing.TB) *hall {
	t.Helper()
	server, err := slacktest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	h := &hall{Server: server, begin: time.Now()}
	st, err := store.Open(t.Context(), store.Options{URL: secret.New(store.Embedded), Now: h.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	h.store = st
	server.SetClock(h.now)
	h.AddUser(slacktest.User{ID: "U01ALICE"})
	h.members("U01ALICE", "U02BOB")
	log := slog.New(slog.DiscardHandler)
	api := webapi.NewAPI(secret.New(server.AppToken()), secret.New(server.BotToken()), server.APIURL(), webapi.NewHTTPClient())
	for i, skew := range []time.Duration{0, 5 * time.Minute} {
		d := New(Deps{
			API: api, Copies: &tapped{Copies: st.Copies, hall: h}, Leases: st.Leases, Recorder: h, Named: func() []string { return []string{"S01"} },
			Known: func(user string) bool { return strings.HasPrefix(user, "U01") }, Log: log,
			Now: func() time.Time { return h.now().Add(skew) },
		})
		h.dirs[i], h.people[i] = d.Groups, d.People
		if i == 0 {
			h.events = d.Events
		}
	}
	return h
}

func (h *hall) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.begin.Add(h.passed)
}

// pass lets time pass for all.
func (h *hall) pass(t *testing.T, d time.Duration) {
	t.Helper()
	if err := h.store.Advance(d); err != nil {
		t.Fatal(err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.passed += d
}

func (h *hall) members(ids ...string) {
	h.SetUserGroup(slacktest.UserGroup{ID: "S01", Handle: "oncall", Members: ids})
}

// told hands an event to the first replica.
func (h *hall) told(t *testing.T, event string) {
	t.Helper()
	if !h.events.Serve(t.Context(), json.RawMessage(event)) {
		t.Errorf("%s: got that it is no event of the directory", event)
	}
}

const subteamUpdated = `{"type":"subteam_updated","subteam":{"id":"S01"}}`

func (h *hall) calls(method string) int {
	n := 0
	for _, c := range h.Calls() {
		if c.Method == method {
			n++
		}
	}
	return n
}

func (h *hall) changes(t *testing.T) [][2][]string {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	var out [][2][]string
	for _, e := range h.recorded {
		p, ok := e.Data.(event.MembershipData)
		if !ok || p.Group != "S01" || e.ID == "" {
			t.Errorf("got event %+v, want a change of S01", e)
		}
		out = append(out, [2][]string{p.Added, p.Removed})
	}
	return out
}

func inGroup(t testing.TB, d *Groups, user string) (bool, error) {
	t.Helper()
	groups, err := d.Groups(t.Context())
	return err == nil && groups.Has("S01", user), err
}

func wantMember(t testing.TB, d *Groups, user string, want bool) {
	t.Helper()
	if got, err := inGroup(t, d, user); err != nil || got != want {
		t.Errorf("%s in S01: got %t, %v, want %t", user, got, err, want)
	}
}

func TestDirectoryOfAllReplicasAsksSlackOnce(t *testing.T) {
	h := newHall(t)
	h.Inject(slacktest.Fault{Method: "usergroups.list", Latency: 200 * time.Millisecond})
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() { wantMember(t, h.dirs[i%2], "U02BOB", true) })
	}
	wg.Wait()
	wantMember(t, h.dirs[0], "U03EVE", false)
	if got := h.calls("usergroups.list"); got != 1 {
		t.Errorf("got %d calls, want 1", got)
	}
	h.pass(t, groupsAge)
	wantMember(t, h.dirs[1], "U02BOB", true)
	if got := h.calls("usergroups.list"); got != 2 {
		t.Errorf("a minute later: got %d calls, want 2", got)
	}
}

func TestDirectoryEventRefusesARemovedMemberAtOnceHereAndInASecondEverywhere(t *testing.T) {
	h := newHall(t)
	wantMember(t, h.dirs[0], "U02BOB", true)
	wantMember(t, h.dirs[1], "U02BOB", true)
	h.members("U01ALICE")
	h.told(t, `{"type":"subteam_members_changed","subteam_id":"S01"}`)
	wantMember(t, h.dirs[0], "U02BOB", false)
	h.pass(t, newsAge)
	wantMember(t, h.dirs[1], "U02BOB", false)
}

func TestDirectoryRefreshBegunBeforeAnEventPutsNothingOldBack(t *testing.T) {
	h := newHall(t)
	// An answer that was asked for before the event arrives after it.
	if err := h.store.Copies.BeginCopy(t.Context(), groupsCopy, "slow", groupsAge); err != nil {
		t.Fatal(err)
	}
	h.members("U01ALICE")
	h.told(t, subteamUpdated)
	if saved, err := h.store.Copies.SaveCopy(t.Context(), groupsCopy, "slow", []byte(`{"S01":["U02BOB"]}`), groupsAge, 0); saved || err != nil {
		t.Errorf("save: got %t, %v, want false", saved, err)
	}
	wantMember(t, h.dirs[0], "U02BOB", false)
	// And through the Directory: Bob leaves once Slack has answered.
	h.members("U02BOB")
	h.told(t, subteamUpdated)
	h.dirs[0].copies = &meanwhile{Copies: h.store.Copies, do: sync.OnceFunc(func() {
		h.members("U01ALICE")
		h.told(t, subteamUpdated)
	})}
	before := h.calls("usergroups.list")
	wantMember(t, h.dirs[0], "U02BOB", false)
	if got := h.calls("usergroups.list") - before; got != 2 {
		t.Errorf("got %d calls, want 2: one before the event and one after", got)
	}
	h.pass(t, newsAge)
	wantMember(t, h.dirs[1], "U02BOB", false)
}

// meanwhile does something between Slack's answer and its being kept.
type meanwhile struct {
	Copies
	do func()
}

func (m *meanwhile) SaveCopy(ctx context.Context, name, token string, plain []byte, age, older time.Duration) (bool, error) {
	m.do()
	return m.Copies.SaveCopy(ctx, name, token, plain, age, older)
}

func TestDirectoryDoesNotGuess(t *testing.T) {
	h := newHall(t)
	h.Inject(slacktest.Fault{Method: "usergroups.list", Times: -1, Status: 503})
	if in, err := inGroup(t, h.dirs[0], "U02BOB"); in || err == nil {
		t.Errorf("Slack away: got %t, %v, want an error", in, err)
	}
	if in, err := inGroup(t, h.dirs[0], "U02BOB"); in || err == nil || h.calls("usergroups.list") != 1 {
		t.Errorf("at once again: got %t, %v, want the same error without a call", in, err)
	}
	if err := h.store.Close(); err != nil {
		t.Fatal(err)
	}
	if in, err := inGroup(t, h.dirs[1], "U02BOB"); in || err == nil {
		t.Errorf("Redis away: got %t, %v, want an error", in, err)
	}
}

func TestDirectoryOutlivesAClaimantThatDied(t *testing.T) {
	h := newHall(t)
	if turn, err := h.store.Leases.HoldLease(t.Context(), groupsLease, "dead", 500*time.Millisecond); turn == 0 || err != nil {
		t.Fatal(turn, err)
	}
	wantMember(t, h.dirs[0], "U02BOB", true)
}

func TestDirectoryRecordsEachChangeOnce(t *testing.T) {
	h := newHall(t)
	wantMember(t, h.dirs[0], "U02BOB", true)
	if got := h.changes(t); len(got) != 0 {
		t.Errorf("first sight: got %v, want nothing", got)
	}
	h.members("U03EVE", "U01ALICE")
	h.failRecord(true)
	h.told(t, subteamUpdated)
	wantMember(t, h.dirs[0], "U03EVE", true)
	h.failRecord(false)
	for range 3 {
		h.told(t, subteamUpdated)
		h.pass(t, newsAge)
		wantMember(t, h.dirs[1], "U03EVE", true)
		wantMember(t, h.dirs[0], "U02BOB", false)
	}
	h.SetUserGroup(slacktest.UserGroup{ID: "S01", Handle: "oncall", Members: []string{"U03EVE"}, Disabled: true})
	h.told(t, subteamUpdated)
	h.pass(t, newsAge)
	wantMember(t, h.dirs[1], "U03EVE", false)
	want := [][2][]string{{{"U03EVE"}, {"U02BOB"}}, {nil, {"U01ALICE", "U03EVE"}}}
	if diff := cmp.Diff(want, h.changes(t)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestDirectoryKnowsWhoIsNoFullMember(t *testing.T) {
	h := newHall(t)
	for _, test := range []struct {
		user slacktest.User
		want broker.Standing
	}{
		{slacktest.User{}, broker.Standing{}},
		{slacktest.User{Deleted: true}, broker.Standing{Deactivated: true}},
		{slacktest.User{Restricted: true}, broker.Standing{Guest: true}},
		{slacktest.User{UltraRestricted: true}, broker.Standing{Guest: true}},
		{slacktest.User{Bot: true}, broker.Standing{Bot: true}},
		{slacktest.User{Team: "T9", Stranger: true}, broker.Standing{Team: "T9", Stranger: true}},
	} {
		test.user.ID = "U01ALICE"
		if test.want.Team == "" {
			test.want.Team = h.TeamID()
		}
		h.ChangeUser(test.user)
		h.told(t, `{"type":"user_change","user":{"id":"U01ALICE"}}`)
		h.pass(t, newsAge)
		before := h.calls("users.info")
		for _, p := range h.people {
			if got, err := p.Standing(t.Context(), "U01ALICE"); err != nil || !cmp.Equal(got, test.want) {
				t.Errorf("got %+v, %v, want %+v", got, err, test.want)
			}
		}
		if got := h.calls("users.info") - before; got != 1 {
			t.Errorf("got %d calls, want 1", got)
		}
	}
	if _, err := h.people[0].Standing(t.Context(), "U404"); err == nil {
		t.Error("a user that Slack does not know: got no error")
	}
}
