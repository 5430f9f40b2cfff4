package directory

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker"
)

// workspace has so many people, of whom those that begin with U01 are in the config.
func (h *hall) workspace(people int) {
	for i := range people {
		h.AddUser(slacktest.User{ID: fmt.Sprintf("U03%06d", i), Deleted: i%2 == 1})
	}
	h.LimitCalls("users.info", 100)
	h.LimitCalls("users.list", 20)
}

// crowd are people of the config, spread over the pages of a workspace.
func (h *hall) crowd(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("U01%06d", i)
		h.AddUser(slacktest.User{ID: ids[i]})
	}
	return ids
}

// wantServed wants all of them served, and nobody asked against Slack's limits more often than once each.
func (h *hall) wantServed(t *testing.T, ids []string, pages int) {
	t.Helper()
	for i, id := range ids {
		wantStanding(t, h.people[i%2], id, broker.Standing{})
	}
	if got := h.calls("users.list"); got > pages {
		t.Errorf("got %d pages, want at most %d", got, pages)
	}
	if got := h.calls("users.info"); got > 100+2*singlesAtOnce {
		t.Errorf("got %d single calls, want few that are refused", got)
	}
}

func TestThreeHundredPeopleAtOnceAreServedThoughSlackTakesAHundredSingleCalls(t *testing.T) {
	h := newHall(t)
	ids := h.crowd(300)
	h.workspace(100)
	var wg sync.WaitGroup
	for i, id := range ids {
		wg.Go(func() { wantStanding(t, h.people[i%2], id, broker.Standing{}) })
	}
	wg.Wait()
	h.wantServed(t, ids, 4)
}

func TestThreeHundredPeopleInAMinuteAreServedThoughSlackTakesAHundredSingleCalls(t *testing.T) {
	h := newHall(t)
	ids := h.crowd(300)
	h.workspace(2500)
	for i, id := range ids {
		wantStanding(t, h.people[i%2], id, broker.Standing{})
		h.pass(t, 150*time.Millisecond)
	}
	h.wantServed(t, ids, 2)
}

func TestALargeWorkspaceIsNotReadForAFew(t *testing.T) {
	h := newHall(t)
	h.workspace(8000)
	h.AddUser(slacktest.User{ID: "U09LAST"})
	h.Inject(slacktest.Fault{Method: "users.info", Times: -1, Latency: 50 * time.Millisecond})
	var wg sync.WaitGroup
	for i := range 40 {
		id := fmt.Sprintf("U03%06d", 6000+2*i)
		wg.Go(func() { wantStanding(t, h.people[0], id, broker.Standing{}) })
	}
	wg.Wait()
	if got := h.calls("users.list"); got > pagesTried {
		t.Errorf("got %d pages, want no more than it takes to see that single calls are better", got)
	}
	if got := len(h.people[0].kept); got > 41 {
		t.Errorf("got %d people kept, want those who were asked about, and alice", got)
	}
}

func TestAReaderGoesOnWhereTheLastOneEnded(t *testing.T) {
	h := newHall(t)
	h.workspace(3000)
	h.LimitCalls("users.info", 0)
	for _, id := range []string{"U03000010", "U03001010", "U03002010", "U03002998"} {
		wantStanding(t, h.people[0], id, broker.Standing{})
	}
	if got := h.calls("users.list"); got != 4 {
		t.Errorf("got %d pages, want the four that there are, each once", got)
	}
}

func TestWhoIsOnNoPageIsUnknownWhileSlackTakesNoSingleCalls(t *testing.T) {
	h := newHall(t)
	h.workspace(10)
	h.LimitCalls("users.info", 0)
	h.AddUser(slacktest.User{ID: "U05EVE", Team: "T0999", Stranger: true})
	wantUnknown(t, h.people[0], "U05EVE")
	if got := h.calls("users.list"); got != mostReaders {
		t.Errorf("got %d pages, want that nobody is looked for on and on", got)
	}
}

func TestPeopleAreAskedAboutOneByOneWhilePagesFail(t *testing.T) {
	h := newHall(t)
	ids := h.crowd(90)
	h.workspace(10)
	h.Inject(slacktest.Fault{Method: "users.list", Times: -1, Error: "fatal_error"})
	var wg sync.WaitGroup
	for _, id := range ids {
		wg.Go(func() { wantStanding(t, h.people[0], id, broker.Standing{}) })
	}
	wg.Wait()
	if got := h.calls("users.list"); got != 1 {
		t.Errorf("got %d pages, want one within a minute of its failure", got)
	}
}

// A page that was asked for before an event says nothing of whom the event tells of.
func TestAPageFromBeforeAnEventCountsForNobodyOfIt(t *testing.T) {
	h := newHall(t)
	h.workspace(10)
	h.LimitCalls("users.info", 0)
	h.Inject(slacktest.Fault{Method: "users.list", SlowAnswer: 300 * time.Millisecond})
	var wg sync.WaitGroup
	wg.Go(func() { wantStanding(t, h.people[0], "U03000002", broker.Standing{}) })
	h.waitFor(t, "users.list")
	h.ChangeUser(slacktest.User{ID: "U03000004", Deleted: true})
	h.told(t, `{"type":"user_change","user":{"id":"U03000004"}}`)
	wg.Wait()
	wantStanding(t, h.people[0], "U03000004", broker.Standing{Deactivated: true})
}

// Nor is it put where the other replicas would find it, by one that has not heard yet.
func TestAPageFromBeforeAnEventIsNotSharedAfterIt(t *testing.T) {
	h := newHall(t)
	h.workspace(10)
	h.LimitCalls("users.info", 0)
	h.Inject(slacktest.Fault{Method: "users.list", SlowAnswer: 300 * time.Millisecond})
	var wg sync.WaitGroup
	wg.Go(func() { wantStanding(t, h.people[1], "U03000002", broker.Standing{}) })
	h.waitFor(t, "users.list")
	h.ChangeUser(slacktest.User{ID: "U03000004", Deleted: true})
	h.told(t, `{"type":"user_change","user":{"id":"U03000004"}}`)
	wg.Go(func() { wantStanding(t, h.people[1], "U03000004", broker.Standing{}) }) // within the second
	wg.Wait()
	h.pass(t, newsAge)
	for _, p := range h.people {
		wantStanding(t, p, "U03000004", broker.Standing{Deactivated: true})
	}
}

// waitFor waits until Slack was asked for method, which it may not have answered yet.
func (h *hall) waitFor(t *testing.T, method string) {
	t.Helper()
	if err := h.Await(t.Context(), func(*slacktest.Server) bool { return h.calls(method) > 0 }); err != nil {
		t.Fatal(err)
	}
}
