package bot

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/due"
	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/ahead"
	"github.com/assumebot/assumebot/broker/ledger"
	"github.com/assumebot/assumebot/broker/secret"
)

const answered = "What you asked for."

var errAway = errors.New("the store is away")

// oneList is a list of answers owed, and ownDebts a ledger of this process.
type (
	oneList struct {
		due.Lists
		mu   sync.Mutex
		away bool
		all  []string
	}
	ownDebts struct {
		oneOwner
		elsewhere bool // another process has taken everything over
	}
)

func (l *oneList) PutDue(_ context.Context, _ string, _ time.Time, text []byte, _ int) (broker.DueEntry, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.away {
		return broker.DueEntry{}, false, errAway
	}
	l.all = append(l.all, string(text))
	return broker.DueEntry{ID: "x"}, true, nil
}

func (l *oneList) isAway(away bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.away = away
}

func (*ownDebts) Owe(_ context.Context, d ahead.Owed) (ledger.Entry, error) {
	return ledger.Entry{Sealed: d.ID, Text: d.Text}, nil
}

func (d *ownDebts) Owes(context.Context, string, ledger.Entry) (bool, error) {
	return !d.elsewhere, nil
}

// An owing world is a bot that owes alice an answer, over a Slack and a store that are both away.
type owingWorld struct {
	*Bot
	slack *slacktest.Server
	list  *oneList
	debts *ownDebts
	logs  *lockedBuffer
	now   time.Time
	to    conversation
}

func newOwingWorld(t *testing.T) *owingWorld {
	t.Helper()
	s, err := slacktest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	s.AddUser(slacktest.User{ID: "U01ALICE", Name: "alice"})
	s.Inject(slacktest.Fault{Method: "*", Status: http.StatusServiceUnavailable, Times: -1})
	w := &owingWorld{slack: s, list: &oneList{away: true}, debts: &ownDebts{}, logs: &lockedBuffer{}, now: time.Now()}
	w.Bot = New(Deps{
		API:    slack.New(s.BotToken(), slack.OptionAPIURL(s.APIURL())),
		Record: noRecord{}, Ledger: w.debts, Due: w.list,
		HTTP: http.DefaultClient, APIURL: s.APIURL(), Now: func() time.Time { return w.now }, Log: slog.New(slog.NewJSONHandler(w.logs, nil)),
	})
	w.ctx = t.Context()
	w.to = w.arrived("U01ALICE", "T0123", "C0GENERAL")
	w.to.debt = w.takeovers.ledger.Owe(t.Context(), w.takeovers.ledger.Owed("one", w.now, []byte("text")))
	return w
}

// answers has the bot answer, which ends the Visit.
func (w *owingWorld) answers(t *testing.T) {
	t.Helper()
	w.delivery.deliver(t.Context(), w.to, blockkit.Message{Text: answered, Blocks: []slack.Block{
		slack.NewSectionBlock(slack.NewTextBlockObject(slack.PlainTextType, answered, false, false), nil, nil),
	}})
	w.to.debt.Settle()
}

func (w *owingWorld) wants(t *testing.T, held, open, listed, said int) {
	t.Helper()
	if got := len(w.delivery.held.all); got != held {
		t.Errorf("got %d held, want %d", got, held)
	}
	if got := w.takeovers.ledger.Open(); got != open {
		t.Errorf("got %d on the ledger, want %d", got, open)
	}
	if got := len(w.list.all); got != listed {
		t.Errorf("got %d on the list, want %d", got, listed)
	}
	got := 0
	for _, m := range w.slack.SeenBy("U01ALICE") {
		if strings.Contains(m.Plain(), answered) {
			got++
		}
	}
	if got != said {
		t.Errorf("alice reads the answer %d times, want %d", got, said)
	}
}

func TestAnAnswerThatNobodyTakesStaysOwed(t *testing.T) {
	w := newOwingWorld(t)
	w.answers(t)
	w.wants(t, 1, 1, 0, 0)
	if !w.delivery.placeOnce(t.Context()) {
		t.Error("nothing is left, want what nobody takes")
	}
	w.wants(t, 1, 1, 0, 0)
}

func TestAnAnswerThatNobodyTookGoesToWhoeverIsBackFirst(t *testing.T) {
	for name, c := range map[string]struct {
		back         func(*owingWorld)
		listed, said int
	}{
		"the store": {back: func(w *owingWorld) { w.list.isAway(false) }, listed: 1},
		"Slack":     {back: func(w *owingWorld) { w.slack.ClearFaults() }, said: 1},
		"both":      {back: func(w *owingWorld) { w.slack.ClearFaults(); w.list.isAway(false) }, listed: 1},
		"neither, and another process has told it": {back: func(w *owingWorld) { w.debts.elsewhere = true }},
		"neither, until it is worth nothing":       {back: func(w *owingWorld) { w.now = w.now.Add(owedFor) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newOwingWorld(t)
			w.answers(t)
			w.now = w.now.Add(time.Minute)
			c.back(w)
			for range 2 { // it is not told again
				if w.delivery.placeOnce(t.Context()) {
					t.Error("something is left, want nothing")
				}
			}
			w.wants(t, 0, 0, c.listed, c.said)
		})
	}
}

// TestWhoeverStopsHandsOverWhatTheyHold: to the store, or to who takes over the ledger.
func TestWhoeverStopsHandsOverWhatTheyHold(t *testing.T) {
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for _, away := range []bool{true, false} {
		w := newOwingWorld(t)
		w.answers(t)
		w.to.debt = nil
		w.answers(t) // was never on the ledger
		w.list.isAway(away)
		w.delivery.placeHeld(stopped)
		if lost := strings.Contains(w.logs.String(), "an answer is lost"); lost != away {
			t.Errorf("away %t: the log tells of an answer that is lost: %t", away, lost)
		}
		if away {
			w.wants(t, 2, 1, 0, 0)
		} else {
			w.wants(t, 0, 0, 2, 0)
		}
	}
}

// TestWhatIsHeldIsBounded: what is not held stays on the ledger.
func TestWhatIsHeldIsBounded(t *testing.T) {
	w := newOwingWorld(t)
	w.delivery.held.bytes = heldBytes
	w.answers(t)
	w.wants(t, 0, 1, 0, 0)
	if !strings.Contains(w.logs.String(), "too many are held") {
		t.Error("nobody is told that too many are held")
	}
}

// TestWhoeverTakesNoDirectMessagesIsToldWhereTheyAsked, as long as that takes an answer.
func TestWhoeverTakesNoDirectMessagesIsToldWhereTheyAsked(t *testing.T) {
	w := newOwingWorld(t)
	w.slack.ClearFaults()
	w.slack.AddChannel(slacktest.Channel{ID: "C0GENERAL", Name: "general", Members: []string{"U01ALICE"}})
	w.list.isAway(false)
	d, err := w.slack.Command("U01ALICE", "C0GENERAL", "/assume", "help")
	if err != nil {
		t.Fatal(err)
	}
	w.to.responseURL = secret.New(d.ResponseURL)
	w.slack.Inject(slacktest.Fault{Method: "response_url", Status: 503, Times: 3})
	w.slack.Inject(slacktest.Fault{Method: "conversations.open", Error: "messages_tab_disabled", Times: -1})
	w.answers(t)
	w.wants(t, 0, 0, 1, 0)
	if came := w.delivery.serveOwed(t.Context(), []byte(w.list.all[0])); came.Next != nil || came.Aside != "" {
		t.Errorf("got %+v, want it told", came)
	}
	w.wants(t, 0, 0, 1, 1)
}
