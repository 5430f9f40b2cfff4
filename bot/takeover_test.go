package bot

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/ledger"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/record"
)

// interruptible is a record that tells of nothing.
type interruptible struct{ noRecord }

func (interruptible) Interrupt(context.Context, []record.Interruption) (map[string]record.Told, error) {
	return nil, nil
}

// newTaker is a bot that takes over what is owed to some people, each of whom asked for something.
// ask has one more answer of a dead process on its ledger, and returns it.
func newTaker(t *testing.T) (w *owingWorld, ask func(user string) *ledger.Debt) {
	t.Helper()
	w = newOwingWorld(t)
	w.to.debt.Settle()
	w.slack.ClearFaults()
	w.list.isAway(false)
	w.takeovers.record = interruptible{}
	w.Serve(broker.New(broker.Deps{Config: &policy.Config{Workspaces: []string{"T0123"}}}), Settings{})
	return w, func(user string) *ledger.Debt {
		t.Helper()
		if user != "U01ALICE" {
			w.slack.AddUser(slacktest.User{ID: user, Name: strings.ToLower(user)})
		}
		channel := "C0" + user[3:]
		w.slack.AddChannel(slacktest.Channel{ID: channel, Name: strings.ToLower(user), Members: []string{user}})
		d, err := w.slack.Command(user, channel, "/assume", "prod")
		if err != nil {
			t.Fatal(err)
		}
		o := owing{
			Request: broker.NewID(), User: user, Team: "T0123", Channel: channel, Since: w.now,
			Asked: prose.Say(prose.AssumeCmd("prod")), Account: "prod", ResponseURL: d.ResponseURL,
		}
		return w.takeovers.ledger.Owe(t.Context(), w.takeovers.ledger.Owed(o.Request, w.now, o.text()))
	}
}

// toldIn is what a person was told that the bot was stopped, by what it came through.
func (w *owingWorld) toldIn(user string) (through []string) {
	for _, m := range w.slack.SeenBy(user) {
		if strings.Contains(m.Plain(), "The bot was stopped before it answered /assume prod") {
			through = append(through, m.Via)
		}
	}
	return through
}

func (w *owingWorld) calls(method string) (n int) {
	for _, c := range w.slack.Calls() {
		if c.Method == method {
			n++
		}
	}
	return n
}

// TestWhatADeadProcessOwedIsToldThroughASlackThatFails: once, however Slack fails, and what cannot be
// told at once leaves the ledger for the list, from which it is told.
func TestWhatADeadProcessOwedIsToldThroughASlackThatFails(t *testing.T) {
	all := func(method string, f slacktest.Fault) slacktest.Fault {
		f.Method, f.Times = method, -1
		return f
	}
	down, used := slacktest.Fault{Status: http.StatusServiceUnavailable}, slacktest.Fault{Error: "used_url"}
	const dm = "chat.postMessage"
	for name, c := range map[string]struct {
		faults  []slacktest.Fault
		later   time.Duration // that it takes over after it was asked
		posts   int           // to the response_url, while Slack fails
		listed  int
		through string
	}{
		"for a moment":                       {faults: []slacktest.Fault{{Method: "response_url", Status: 503}}, posts: 2, through: "response_url"},
		"where it was asked":                 {faults: []slacktest.Fault{all("response_url", down)}, posts: 3, through: dm},
		"everywhere":                         {faults: []slacktest.Fault{all("*", down)}, posts: 3, listed: 1, through: dm},
		"and cuts all":                       {faults: []slacktest.Fault{all("*", slacktest.Fault{Drop: true})}, posts: 1, listed: 1, through: dm},
		"and its URL is used":                {faults: []slacktest.Fault{all("response_url", used)}, posts: 1, through: dm},
		"and its URL has ended":              {later: responseFor - time.Second, posts: 1, through: dm},
		"and its URL is known to have ended": {later: responseFor, through: dm},
		"and wants to be left alone": {faults: []slacktest.Fault{
			all("response_url", slacktest.Fault{Status: http.StatusTooManyRequests, RetryAfter: 30 * time.Second}),
			all("conversations.open", slacktest.Fault{Error: "ratelimited", RetryAfter: 30 * time.Second}),
		}, posts: 1, listed: 1, through: dm},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, ask := newTaker(t)
			debt := ask("U01ALICE")
			w.now = w.now.Add(c.later)
			w.slack.SetClock(func() time.Time { return time.Now().Add(c.later + 2*time.Second) })
			for _, f := range c.faults {
				w.slack.Inject(f)
			}
			w.takeovers.serve(t.Context(), []*ledger.Debt{debt})
			if got := w.takeovers.ledger.Open(); got != 0 {
				t.Errorf("got %d on the ledger, want it settled", got)
			}
			if got := w.calls("response_url"); got != c.posts {
				t.Errorf("got %d posts to the response_url, want %d", got, c.posts)
			}
			if got := len(w.list.all); got != c.listed {
				t.Fatalf("got %d on the list, want %d", got, c.listed)
			}
			w.slack.ClearFaults()
			for _, text := range w.list.all {
				w.now = w.now.Add(31 * time.Second)
				if came := w.delivery.serveOwed(t.Context(), []byte(text)); came.Next != nil || came.Aside != "" {
					t.Errorf("got %+v, want it told", came)
				}
			}
			if got := w.toldIn("U01ALICE"); !slices.Equal(got, []string{c.through}) {
				t.Errorf("alice is told through %q, want once, through %s", got, c.through)
			}
		})
	}
}

// TestASlackThatWantsToBeLeftAloneIs, whatever number of answers is owed.
func TestASlackThatWantsToBeLeftAloneIs(t *testing.T) {
	w, ask := newTaker(t)
	const people = 20
	var debts []*ledger.Debt
	for i := range people {
		debts = append(debts, ask(fmt.Sprintf("U0%02d", i)))
	}
	w.slack.Inject(slacktest.Fault{Method: "response_url", Status: http.StatusNotFound, Times: -1})
	w.slack.Inject(slacktest.Fault{Method: "conversations.open", Error: "ratelimited", RetryAfter: 30 * time.Second, Times: -1})
	w.takeovers.serve(t.Context(), debts[:1])
	w.takeovers.serve(t.Context(), debts[1:])
	left := w.list.all
	for range 3 {
		w.now = w.now.Add(5 * time.Second)
		for _, text := range left {
			if came := w.delivery.serveOwed(t.Context(), []byte(text)); came.Next == nil || !came.At.After(w.now) {
				t.Fatalf("got %+v, want it put off", came)
			}
		}
	}
	if got := w.calls("conversations.open"); got != 1 || len(left) != people || w.takeovers.ledger.Open() != 0 {
		t.Errorf("got %d calls, %d on the list and %d on the ledger, want the one that was answered, and %d on the list", got, len(left),
			w.takeovers.ledger.Open(), people)
	}
	w.now = w.now.Add(16 * time.Second)
	w.slack.ClearFaults()
	for i, text := range left {
		if came := w.delivery.serveOwed(t.Context(), []byte(text)); came.Next != nil {
			t.Errorf("%d: got %+v, want it told", i, came)
		}
	}
}

// TestWhatADeadProcessOwedStaysOnTheLedgerWhileNobodyTakesIt, or this process ends too.
func TestWhatADeadProcessOwedStaysOnTheLedgerWhileNobodyTakesIt(t *testing.T) {
	w, ask := newTaker(t)
	w.slack.Inject(slacktest.Fault{Method: "*", Status: http.StatusServiceUnavailable, Times: -1})
	w.list.isAway(true)
	w.takeovers.serve(t.Context(), []*ledger.Debt{ask("U01ALICE")})
	w.wants(t, 1, 1, 0, 0)

	w, ask = newTaker(t)
	ending, end := context.WithCancel(t.Context())
	end()
	w.takeovers.serve(ending, []*ledger.Debt{ask("U01ALICE")})
	w.wants(t, 0, 1, 0, 0)
	if got := w.toldIn("U01ALICE"); len(got) != 0 {
		t.Errorf("alice is told through %q by who has no time for it any more, want it left to the next", got)
	}
}
