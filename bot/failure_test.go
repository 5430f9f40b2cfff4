package bot

import (
	"bytes"
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
	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/ahead"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/secret"
)

// panicking is a store that brings a panic about.
type panicking struct {
	broker.Counters
	none []int
}

func (p panicking) FirstSight(context.Context, ...string) (bool, error) {
	return p.none[len(p.none)] == 0, nil
}

func (panicking) Ask(context.Context, ahead.Questions) {}

func (panicking) TakeRate(context.Context, string, string, int, time.Duration) (broker.Rate, error) {
	return broker.Rate{Taken: true}, nil
}

// TestAPanicEndsItsEnvelopeAlone: the person is told, the log has the stack, and
// the next one is served.
func TestAPanicEndsItsEnvelopeAlone(t *testing.T) {
	s, err := slacktest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	s.AddUser(slacktest.User{ID: "U01ALICE", Name: "alice"})
	s.AddChannel(slacktest.Channel{ID: "C0GENERAL", Name: "general", Members: []string{"U01ALICE"}})
	seen, logs := panicking{}, &lockedBuffer{}
	b := New(Deps{
		API:    slack.New(s.BotToken(), slack.OptionAppLevelToken(s.AppToken()), slack.OptionAPIURL(s.APIURL())),
		Broker: broker.New(broker.Deps{Config: &policy.Config{}, Ahead: seen}),
		Record: noRecord{}, Ledger: oneOwner{},
		HTTP: http.DefaultClient, APIURL: s.APIURL(), Counters: seen, Connections: 1, Now: time.Now, Log: slog.New(slog.NewJSONHandler(logs, nil)),
	})
	ctx, cancel := context.WithCancel(t.Context())
	b.ctx = ctx
	ended := make(chan error, 1)
	go func() { ended <- b.sockets.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		b.intake.turns.Wait()
		b.working.Wait()
	})
	<-b.Ready()
	patient, done := context.WithTimeout(t.Context(), 20*time.Second)
	defer done()
	for range 2 {
		before := len(s.SeenBy("U01ALICE"))
		d, err := s.Command("U01ALICE", "C0GENERAL", "/assume", "prod 123456")
		if err == nil {
			err = d.Wait(patient)
		}
		if err == nil {
			err = s.Await(patient, func(s *slacktest.Server) bool { return len(s.SeenBy("U01ALICE")) > before })
		}
		if err != nil {
			t.Fatal(err, logs.String())
		}
		text := s.SeenBy("U01ALICE")[before].Plain()
		if !strings.Contains(text, "Something failed on our side") || !strings.Contains(text, "Reference:") || !strings.Contains(text, "/sessions") ||
			!strings.Contains(text, "Your code counts as used.") {
			t.Errorf("got %q, want what failed, where to look, and what became of the code", text)
		}
	}
	got := logs.String()
	for _, part := range []string{`"panics_so_far":2`, "index out of range", "FirstSight", `"user":"U01ALICE"`} {
		if !strings.Contains(got, part) {
			t.Errorf("the log does not hold %q:\n%s", part, got)
		}
	}
	if strings.Contains(got, "123456") {
		t.Error("the log holds the code")
	}
}

// TestWhoeverWaitsIsToldOnceOfAPanic, also when telling them panics, and the log
// holds nothing that may be theirs.
func TestWhoeverWaitsIsToldOnceOfAPanic(t *testing.T) {
	b := goldenBot()
	b.log = slog.New(slog.DiscardHandler)
	var told []blockkit.Message
	func() {
		defer b.rescue(t.Context(), conversation{serving: b.live.Load(), requestID: "abcdefgh"}, func(m blockkit.Message) {
			told = append(told, m)
			panic("and again")
		})
		panic("a value that may hold what a person sent")
	}()
	if len(told) != 1 || !strings.Contains(told[0].Text, "Reference: abcdefgh") || strings.Contains(told[0].Text, "code") {
		t.Errorf("got %v, want one answer with its reference, and no word of a code that was not sent", told)
	}
	if b.panics.Load() != 2 {
		t.Errorf("got %d panics, want both", b.panics.Load())
	}
	if got := secret.PanicText("secret"); got != "string" {
		t.Errorf("got %q, want the type alone", got)
	}
}

// lockedBuffer collects logs from many goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
