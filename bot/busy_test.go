package bot

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/bot/turns"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/ahead"
	"github.com/assumebot/assumebot/broker/ledger"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/secret"
)

// slow is a store that answers at once for bob alone, and for others once it is let.
type slow struct {
	broker.Counters
	asked chan struct{}
	let   chan struct{}
}

func (s slow) Ask(_ context.Context, q ahead.Questions) {
	if q.User != "U02BOB" {
		s.asked <- struct{}{}
		<-s.let
	}
}

func (slow) FirstSight(context.Context, ...string) (bool, error) { return true, nil }

// TakeRate has whoever is served told that they ask for too much; sockets may be opened.
func (slow) TakeRate(_ context.Context, name, _ string, _ int, _ time.Duration) (broker.Rate, error) {
	return broker.Rate{Taken: !strings.HasPrefix(name, "requests:"), Wait: time.Minute}, nil
}

// noRecord has nothing on it, and oneOwner is the ledger of a process that nobody takes
// anything from.
type (
	noRecord struct{ Record }
	oneOwner struct{ ledger.Store }
)

func (noRecord) Size() int64 { return 0 }

func (oneOwner) Owe(_ context.Context, d ahead.Owed) (ledger.Entry, error) {
	return ledger.Entry{Sealed: d.ID}, nil
}

func (oneOwner) OweAll(_ context.Context, all []ahead.Owed) (entries []ledger.Entry, err error) {
	for _, d := range all {
		entries = append(entries, ledger.Entry{Sealed: d.ID})
	}
	return entries, nil
}

func (oneOwner) Owes(context.Context, string, ledger.Entry) (bool, error) { return true, nil }

// slowly is a bot over a Slack with three people, whose store answers when it is let; it serves
// one thing of a person at once. open opens its sockets, and returns what ends them.
func slowly(t *testing.T, store slow) (s *slacktest.Server, b *Bot, logs *lockedBuffer, open func() (end func())) {
	t.Helper()
	s, err := slacktest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	people := []string{"U01ALICE", "U02BOB", "U03CAROL"}
	for _, id := range people {
		s.AddUser(slacktest.User{ID: id, Name: strings.ToLower(id[3:])})
	}
	s.AddChannel(slacktest.Channel{ID: "C0GENERAL", Name: "general", Members: people})
	logs = &lockedBuffer{}
	b = New(Deps{
		API: slack.New(s.BotToken(), slack.OptionAppLevelToken(s.AppToken()), slack.OptionAPIURL(s.APIURL())),
		Broker: broker.New(broker.Deps{
			Config: &policy.Config{
				Workspaces: []string{"T0123"}, Limits: policy.Limits{Requests: 1},
				Users: policy.Users(policy.User{Slack: "U01ALICE", Name: "alice"}, policy.User{Slack: "U02BOB", Name: "bob"}),
			},
			Ahead: store, Counters: store,
		}),
		Record: noRecord{}, Ledger: oneOwner{},
		HTTP: http.DefaultClient, APIURL: s.APIURL(), Counters: store, Connections: 1, Now: time.Now, Log: slog.New(slog.NewJSONHandler(logs, nil)),
	})
	few := bounds
	few.EachAtOnce, few.EachWaiting, few.Within, few.SoonWithin = 1, 1, time.Hour, time.Hour
	i := b.intake
	i.turns = turns.New(turns.Deps[arrival]{Bounds: few, Serve: i.serve, Refuse: i.turnAway, Lose: i.lose, Waits: i.owe, Hurry: hurry})
	return s, b, logs, func() func() {
		ctx, cancel := context.WithCancel(t.Context())
		b.ctx = ctx
		ended := make(chan error, 1)
		go func() { ended <- b.sockets.Run(ctx) }()
		<-b.Ready()
		return func() {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	}
}

// TestOnePersonsFloodSlowsThatPersonAlone: what has no turn is told so, with what became
// of the code, others are served meanwhile, and a stranger learns nothing more.
func TestOnePersonsFloodSlowsThatPersonAlone(t *testing.T) {
	store := slow{asked: make(chan struct{}), let: make(chan struct{})}
	s, b, logs, open := slowly(t, store)
	end := open()
	i := b.intake
	patient, done := context.WithTimeout(t.Context(), 20*time.Second)
	defer done()
	send := func(user, text string) {
		t.Helper()
		d, err := s.Command(user, "C0GENERAL", "/assume", text)
		if err == nil {
			err = d.Wait(patient) // acknowledged, whoever waits
		}
		if err != nil {
			t.Fatal(err, logs.String())
		}
	}
	told := func(user string, n int, want ...string) {
		t.Helper()
		if err := s.Await(patient, func(s *slacktest.Server) bool { return len(s.SeenBy(user)) == n }); err != nil {
			t.Fatal(err, logs.String())
		}
		text := s.SeenBy(user)[n-1].Plain()
		for _, part := range want {
			if !strings.Contains(text, part) {
				t.Errorf("%s is told\n%s\nwant %q", user, text, part)
			}
		}
	}
	send("U01ALICE", "prod 123456")
	<-store.asked // it is being served
	send("U01ALICE", "prod")
	send("U01ALICE", "prod 234567")
	told("U01ALICE", 1, "too much to do", "Your code was not used", "Try again")
	send("U02BOB", "help")
	told("U02BOB", 1, "asking for too much")
	send("U03CAROL", "prod")
	<-store.asked
	send("U03CAROL", "prod")
	send("U03CAROL", "prod")
	told("U03CAROL", 1, "not set up") // it would panic if that were on the record
	close(store.let)
	<-store.asked
	<-store.asked
	told("U01ALICE", 3, "asking for too much")
	told("U03CAROL", 3, "not set up")
	end()
	i.turns.Wait()
	i.shed.flush()
	if got := logs.String(); !strings.Contains(got, "too much to do, so not everything is served") || strings.Contains(got, "234567") {
		t.Errorf("got log\n%s\nwant that somebody was told to try again, and no code", got)
	}
}

// standsStill is a ledger that does not say whether anything is owed.
type standsStill struct {
	oneOwner
	waits *time.Duration // that whoever asks would wait
}

func (s standsStill) Owes(ctx context.Context, _ string, _ ledger.Entry) (bool, error) {
	by, _ := ctx.Deadline()
	*s.waits = time.Until(by)
	<-ctx.Done()
	return false, ctx.Err()
}

// TestNobodyHearsLateThatThereIsTooMuchToDoBecauseTheStoreStandsStill: which may be why.
func TestNobodyHearsLateThatThereIsTooMuchToDoBecauseTheStoreStandsStill(t *testing.T) {
	s, b, logs, open := slowly(t, slow{asked: make(chan struct{}, 9), let: make(chan struct{})})
	defer open()()
	var waits time.Duration
	b.takeovers.ledger.Store = standsStill{waits: &waits}
	d, err := s.Command("U01ALICE", "C0GENERAL", "/assume", "nowhere")
	if err != nil {
		t.Fatal(err)
	}
	to := b.arrived("U01ALICE", "T0123", "C0GENERAL")
	to.responseURL = secret.New(d.ResponseURL)
	to.debt = b.takeovers.ledger.Owe(t.Context(), b.takeovers.ledger.Owed("one", time.Now(), []byte("text")))
	to.debt.Doubt()
	if !b.intake.sayBusy(t.Context(), to) {
		t.Error(logs.String())
	}
	if waits <= 0 || waits > 200*time.Millisecond || b.takeovers.ledger.Open() != 0 {
		t.Errorf("waited %s for the store, with %d owed after it, want at most 0.2 s of the 0.9 that are left of 3, and nothing", waits, b.takeovers.ledger.Open())
	}
}

// TestWhoeverIsNotToldThatThereIsTooMuchToDoIsOwedIt: Slack does not take that, and what was put on
// the ledger is not forgotten.
func TestWhoeverIsNotToldThatThereIsTooMuchToDoIsOwedIt(t *testing.T) {
	w := newOwingWorld(t)
	w.Serve(broker.New(broker.Deps{Config: &policy.Config{Workspaces: []string{"T0123"}}}), Settings{})
	w.list.isAway(false)
	w.to = w.arrived("U01ALICE", "T0123", "C0GENERAL")
	if w.intake.sayBusy(t.Context(), w.to); len(w.list.all) != 0 {
		t.Error("what is on no ledger is owed: anybody can bring about any number")
	}
	w.to.debt = w.takeovers.ledger.Owe(t.Context(), w.takeovers.ledger.Owed("two", w.now, []byte("text")))
	if w.intake.sayBusy(t.Context(), w.to) {
		t.Error("told, through a Slack that is away")
	}
	w.wants(t, 0, 1, 1, 0)
}
