package bot

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/blockkit/goldentest"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/store"
)

func goldenBot() *Bot {
	c := &core{now: func() time.Time { return goldentest.Now }, log: slog.New(slog.DiscardHandler)}
	b := assembled(c, Deps{})
	b.Serve(nil, Settings{RevealWindow: 10 * time.Minute})
	return b
}

// recorded keeps the Events of a test.
type recorded struct{ events []event.Event }

func (r *recorded) Record(_ context.Context, events ...event.Event) (event.Receipt, error) {
	r.events = append(r.events, events...)
	return event.Receipt{}, nil
}

// doorOf is a door in front of a Broker that knows alice, on an embedded Redis.
func doorOf(t *testing.T) (b *Bot, record *recorded, closeStore func()) {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{URL: secret.New(store.Embedded), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	record = &recorded{}
	c := &core{now: time.Now, log: slog.New(slog.DiscardHandler)}
	b = assembled(c, Deps{Counters: st.Counters, Embedded: true})
	b.door.strangers = func() (int, bool) { return 0, false }
	b.Serve(broker.New(broker.Deps{
		Config: &policy.Config{
			Workspaces: []string{"T0123"}, Users: policy.Users(policy.User{Slack: "U01ALICE", Name: "alice"}), Limits: policy.Limits{Requests: 3},
		},
		Recorder: record, Ahead: st.Ahead, Counters: st.Counters, Orders: st.Orders, Now: time.Now, Log: c.log,
	}), Settings{})
	return b, record, func() { _ = st.Close() }
}

// TestTheDoorSaysNoOnceAndToAStrangerNothingElse puts everything that a step can say
// before a User and before a stranger.
func TestTheDoorSaysNoOnceAndToAStrangerNothingElse(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(b *Bot, closeStore func())
		step    func(b *Bot) step
		want    broker.Code // for a User
	}{
		"the store is away": {func(_ *Bot, closeStore func()) { closeStore() }, func(b *Bot) step { return b.door.first("envelope:1") }, broker.CodeStore},
		"another copy": {func(b *Bot, _ func()) { b.door.strangers = func() (int, bool) { return 1, true } },
			func(b *Bot) step { return b.door.alone }, broker.CodeStore},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for user, want := range map[string]broker.Code{"U01ALICE": test.want, "U09NOBODY": broker.CodeNotUser} {
				b, record, closeStore := doorOf(t)
				test.prepare(b, closeStore)
				to := b.arrived(user, "T0123", "C0GENERAL")
				to.code = true
				ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond) // a form's judging ends while it waits
				err := b.door.pass(ctx, &to, test.step(b))
				<-ctx.Done()
				if err == nil || len(record.events) > 0 {
					t.Errorf("%s: got %v and %d Events, want a no that nobody was told yet", user, err, len(record.events))
				}
				said := broker.AsError(to.told(ctx, err), to.requestID)
				cancel()
				if said.Code != want {
					t.Errorf("%s: told %s, want %s", user, said.Code, want)
				}
				if want == test.want && said.Use != broker.UseUnused {
					t.Errorf("%s: told nothing of the code that was sent", user)
				}
			}
		})
	}
}

func TestWhatWasServedIsNotServedAgain(t *testing.T) {
	b, record, _ := doorOf(t)
	for i, want := range []error{nil, errServedAlready} {
		to := b.arrived("U01ALICE", "T0123", "C0GENERAL")
		err := b.door.pass(t.Context(), &to, b.door.first("envelope:1", "trigger:1"), b.door.enter(""))
		if !errors.Is(err, want) {
			t.Errorf("delivery %d: got %v, want %v", i+1, err, want)
		}
	}
	if len(record.events) > 0 {
		t.Errorf("got %v on the record, want nothing", record.events)
	}
}

// TestStepsStopAtTheFirstNo: of whoever asks for too much nothing more is looked at, and
// that they did is on the record once.
func TestStepsStopAtTheFirstNo(t *testing.T) {
	b, record, _ := doorOf(t)
	var codes []broker.Code
	passed := 0
	after := func(context.Context, *conversation) error { passed++; return nil }
	for range 5 {
		to := b.arrived("U01ALICE", "T0123", "C0GENERAL")
		err := b.door.pass(t.Context(), &to, b.door.person, b.door.enter("prod"), after)
		if err == nil {
			continue
		}
		codes = append(codes, broker.AsError(to.told(t.Context(), err), to.requestID).Code)
	}
	if passed != 3 {
		t.Errorf("got %d that went on, want 3", passed)
	}
	if want := []broker.Code{broker.CodeTooMany, broker.CodeTooMany}; !slices.Equal(codes, want) {
		t.Errorf("got %v, want %v", codes, want)
	}
	if len(record.events) != 1 || record.events[0].Kind != event.Refused || record.events[0].Data.(event.RefusedData).Account != "prod" {
		t.Errorf("got %v, want one refusal for prod", record.events)
	}
}
