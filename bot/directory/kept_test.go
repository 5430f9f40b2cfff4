package directory

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker"
)

// tapped are Copies that count what is asked of the store, and can be cut off from it.
type tapped struct {
	Copies
	hall *hall
}

func (c *tapped) trip() error {
	c.hall.mu.Lock()
	defer c.hall.mu.Unlock()
	if c.hall.trips++; c.hall.cut {
		return errors.New("cut off")
	}
	return nil
}

func (c *tapped) LoadCopy(ctx context.Context, name string, older time.Duration) ([]byte, time.Duration, error) {
	if err := c.trip(); err != nil {
		return nil, 0, err
	}
	return c.Copies.LoadCopy(ctx, name, older)
}

func (c *tapped) BeginCopy(ctx context.Context, name, token string, age time.Duration) error {
	if err := c.trip(); err != nil {
		return err
	}
	return c.Copies.BeginCopy(ctx, name, token, age)
}

func (c *tapped) DropCopy(ctx context.Context, name string) error {
	if err := c.trip(); err != nil {
		return err
	}
	return c.Copies.DropCopy(ctx, name)
}

func (c *tapped) CopyNews(ctx context.Context, methods ...string) (func(string) string, map[string]time.Duration, error) {
	if err := c.trip(); err != nil {
		return nil, nil, err
	}
	return c.Copies.CopyNews(ctx, methods...)
}

// cutOff has the store answer nothing, or answer again.
func (h *hall) cutOff(cut bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cut = cut
}

func (h *hall) asked() (store, slack int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.trips, len(h.Calls())
}

func wantStanding(t *testing.T, p *People, user string, want broker.Standing) {
	t.Helper()
	want.Team = "T0123"
	if got, err := p.Standing(t.Context(), user); err != nil || got.Team == "" || got.Deactivated != want.Deactivated || got.Guest != want.Guest {
		t.Errorf("%s: got %+v, %v, want %+v", user, got, err, want)
	}
}

func wantUnknown(t *testing.T, p *People, user string) {
	t.Helper()
	if got, err := p.Standing(t.Context(), user); err == nil {
		t.Errorf("%s: got %+v, want that nobody knows", user, got)
	}
}

func TestWhatIsKeptCostsNoRoundTrip(t *testing.T) {
	h := newHall(t)
	wantMember(t, h.dirs[0], "U02BOB", true)
	wantStanding(t, h.people[0], "U01ALICE", broker.Standing{})
	store, slack := h.asked()
	for range 100 {
		wantMember(t, h.dirs[0], "U02BOB", true)
		wantStanding(t, h.people[0], "U01ALICE", broker.Standing{})
	}
	if trips, calls := h.asked(); trips != store || calls != slack {
		t.Errorf("got %d round trips to the store and %d to Slack, want none", trips-store, calls-slack)
	}
	h.pass(t, newsAge)
	for range 100 {
		wantMember(t, h.dirs[0], "U02BOB", true)
		wantStanding(t, h.people[0], "U01ALICE", broker.Standing{})
	}
	if trips, calls := h.asked(); trips != store+1 || calls != slack {
		t.Errorf("a second later: got %d round trips to the store and %d to Slack, want one and none", trips-store, calls-slack)
	}
}

func TestWhatIsKeptCountsOnlyWhileTheStoreAnswers(t *testing.T) {
	h := newHall(t)
	wantMember(t, h.dirs[0], "U02BOB", true)
	wantStanding(t, h.people[0], "U01ALICE", broker.Standing{})
	h.cutOff(true)
	wantMember(t, h.dirs[0], "U02BOB", true)
	h.pass(t, newsAge)
	if in, err := inGroup(t, h.dirs[0], "U02BOB"); in || !errors.Is(err, broker.ErrStore) {
		t.Errorf("got %t, %v, want the store's failure", in, err)
	}
	if got, err := h.people[0].Standing(t.Context(), "U01ALICE"); !errors.Is(err, broker.ErrStore) {
		t.Errorf("got %+v, %v, want the store's failure", got, err)
	}
}

func TestAChangeThatTheStoreDidNotTakeEndsWhatIsKeptUntilItDoes(t *testing.T) {
	h := newHall(t)
	for i := range h.people {
		wantStanding(t, h.people[i], "U01ALICE", broker.Standing{})
	}
	h.AddUser(slacktest.User{ID: "U01ALICE", Deleted: true})
	h.cutOff(true)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	h.events.Serve(gone, []byte(`{"type":"user_change","user":{"id":"U01ALICE"}}`))
	wantUnknown(t, h.people[0], "U01ALICE")
	h.cutOff(false)
	wantStanding(t, h.people[0], "U01ALICE", broker.Standing{Deactivated: true})
	h.pass(t, newsAge)
	wantStanding(t, h.people[1], "U01ALICE", broker.Standing{Deactivated: true})
}

func TestADeactivationCountsAtOnceHereAndInASecondEverywhere(t *testing.T) {
	h := newHall(t)
	for i := range h.people {
		wantStanding(t, h.people[i], "U01ALICE", broker.Standing{})
	}
	h.ChangeUser(slacktest.User{ID: "U01ALICE", Deleted: true})
	h.told(t, `{"type":"user_change","user":{"id":"U01ALICE"}}`)
	wantStanding(t, h.people[0], "U01ALICE", broker.Standing{Deactivated: true})
	h.pass(t, newsAge)
	wantStanding(t, h.people[1], "U01ALICE", broker.Standing{Deactivated: true})
}

func TestADeactivationWhoseEventIsLostCountsAfterTwentyMinutes(t *testing.T) {
	h := newHall(t)
	for i := range h.people {
		wantStanding(t, h.people[i], "U01ALICE", broker.Standing{})
	}
	h.AddUser(slacktest.User{ID: "U01ALICE", Deleted: true})
	h.pass(t, standingAge-time.Minute)
	for i := range h.people {
		wantStanding(t, h.people[i], "U01ALICE", broker.Standing{})
	}
	h.pass(t, time.Minute)
	for i := range h.people {
		wantStanding(t, h.people[i], "U01ALICE", broker.Standing{Deactivated: true})
	}
}

// slackAway are the ways of Slack to give no answer.
var slackAway = map[string]slacktest.Fault{
	"wants to be left alone": {Error: "ratelimited", RetryAfter: time.Minute},
	"fails":                  {Status: 503},
	"breaks":                 {Error: "fatal_error"},
}

func TestAnOlderAnswerServesForAnHourWhileSlackGivesNone(t *testing.T) {
	for name, fault := range slackAway {
		t.Run(name, func(t *testing.T) {
			h := newHall(t)
			known := func(replicas int, want bool) {
				t.Helper()
				for i := range replicas {
					if in, err := inGroup(t, h.dirs[i], "U02BOB"); in != want || (err == nil) != want {
						t.Errorf("group: got %t, %v, want %t", in, err, want)
					}
					if _, err := h.people[i].Standing(t.Context(), "U01ALICE"); (err == nil) != want {
						t.Errorf("standing: got %v, want known %t", err, want)
					}
				}
			}
			known(2, true)
			fault.Method, fault.Times = "*", -1
			h.Inject(fault)
			h.pass(t, standingAge)
			known(2, true)
			h.pass(t, olderWithin-standingAge-time.Second)
			known(1, true) // the other one waits whether there is an answer after all
			h.pass(t, time.Second)
			known(1, false)
		})
	}
}

func TestAnOlderAnswerServesNobodyAfterAChangeOrARefusal(t *testing.T) {
	h := newHall(t)
	wantMember(t, h.dirs[0], "U02BOB", true)
	wantStanding(t, h.people[0], "U01ALICE", broker.Standing{})
	h.Inject(slacktest.Fault{Method: "*", Times: -1, Error: "account_inactive"})
	h.pass(t, standingAge)
	if in, err := inGroup(t, h.dirs[0], "U02BOB"); in || err == nil {
		t.Errorf("refused: got %t, %v, want an error", in, err)
	}
	wantUnknown(t, h.people[0], "U01ALICE")
	h.ClearFaults()
	h.pass(t, failureAge)
	wantMember(t, h.dirs[0], "U02BOB", true)
	wantStanding(t, h.people[0], "U01ALICE", broker.Standing{})
	h.Inject(slacktest.Fault{Method: "*", Times: -1, Error: "ratelimited", RetryAfter: time.Minute})
	h.told(t, subteamUpdated)
	h.told(t, `{"type":"user_change","user":{"id":"U01ALICE"}}`)
	if in, err := inGroup(t, h.dirs[0], "U02BOB"); in || err == nil {
		t.Errorf("changed: got %t, %v, want an error", in, err)
	}
	wantUnknown(t, h.people[0], "U01ALICE")
}

func TestNobodyAsksWhileSlackWantsToBeLeftAlone(t *testing.T) {
	h := newHall(t)
	h.Inject(slacktest.Fault{Method: "*", Times: -1, Error: "ratelimited", RetryAfter: time.Minute})
	for range 3 {
		for i := range h.dirs {
			if _, err := inGroup(t, h.dirs[i], "U02BOB"); err == nil {
				t.Error("got groups, want none")
			}
			wantUnknown(t, h.people[i], "U01ALICE")
		}
		h.pass(t, 10*time.Second)
	}
	for method, most := range map[string]int{"usergroups.list": 1, "users.info": 1, "users.list": 1} {
		if got := h.calls(method); got != most {
			t.Errorf("%s: got %d calls within the minute, want %d", method, got, most)
		}
	}
	h.ClearFaults()
	h.pass(t, time.Minute)
	wantMember(t, h.dirs[1], "U02BOB", true)
	wantStanding(t, h.people[1], "U01ALICE", broker.Standing{})
}
