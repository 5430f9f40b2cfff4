package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/cmd/internal/config"
	"github.com/assumebot/assumebot/store"
	"github.com/assumebot/assumebot/store/storetest"
)

// onLine calls f with each line of a log.
type onLine func(string)

func (f onLine) Write(p []byte) (int, error) {
	f(string(p))
	return len(p), nil
}

// freeAddress is one at which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func TestTheStoreIsOpenedOnceRedisIsThere(t *testing.T) {
	addr := freeAddress(t)
	m := miniredis.NewMiniRedis()
	t.Cleanup(m.Close)
	waited := 0
	log := slog.New(slog.NewTextHandler(onLine(func(line string) {
		if !strings.Contains(line, "waiting for Redis") {
			return
		}
		if waited++; waited == 2 {
			if err := m.StartAddr(addr); err != nil {
				t.Error(err)
			}
		}
	}), nil))
	st, err := openStore(t.Context(), store.Options{URL: secret.New("redis://" + addr), SealKeys: []secret.Text{storetest.KeyOne}, Log: log})
	if err != nil || waited != 2 {
		t.Fatalf("got %v after %d waits, want the store after 2", err, waited)
	}
	if err := st.Close(); err != nil {
		t.Error(err)
	}
}

func TestWaitingForRedisEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	log := slog.New(slog.NewTextHandler(onLine(func(string) { cancel() }), nil))
	_, err := openStore(ctx, store.Options{URL: secret.New("redis://" + freeAddress(t)), SealKeys: []secret.Text{storetest.KeyOne}, Log: log})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
}

func TestWhatOnlyAPersonCanMendOfRedisIsNotWaitedFor(t *testing.T) {
	log := slog.New(slog.NewTextHandler(onLine(func(line string) { t.Errorf("log: %s", line) }), nil))
	_, err := openStore(t.Context(), store.Options{URL: secret.New("redis://192.0.2.1"), SealKeys: []secret.Text{storetest.KeyOne}, Log: log})
	var setup *SetupError
	if !errors.As(err, &setup) {
		t.Errorf("got %v, want a SetupError", err)
	}
}

// startsOn starts a bot on m, whose log is read by says; faults are of its Slack.
func startsOn(ctx context.Context, t *testing.T, m *miniredis.Miniredis, says onLine, faults ...slacktest.Fault) (*App, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	write(t, path, good)
	read := config.Read(path)
	private, _, err := tree.NewKey("example.com/assumebot")
	if err != nil {
		t.Fatal(err)
	}
	slack, err := slacktest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = slack.Close() })
	for _, f := range faults {
		slack.Inject(f)
	}
	slack.AddChannel(slacktest.Channel{ID: "C0AUDIT", Name: "aws-audit", BotMember: true})
	s := Settings{
		SlackAppToken: secret.New(slack.AppToken()), SlackBotToken: secret.New(slack.BotToken()), SlackAPIURL: slack.APIURL(), AWSRegion: "eu-west-1",
		RedisURL: secret.New("redis://" + m.Addr()), SealKeys: []secret.Text{storetest.KeyOne}, RecordKeys: []secret.Text{secret.New(private)},
	}
	a, err := New(ctx, parsed(t, good), s, Environment{
		Getenv: func(string) string { return "" }, AWS: &awsapi.Place{Endpoint: slack.APIURL()}, Now: time.Now,
		Log: slog.New(slog.NewTextHandler(says, nil)), Read: &read,
	})
	if err == nil {
		t.Cleanup(func() { _ = a.Close() })
	}
	return a, err
}

// TestRedisThatIsLostBeforeAnythingIsServedIsWaitedFor loses it after it was opened, and
// again before what changed of the config is announced.
func TestRedisThatIsLostBeforeAnythingIsServedIsWaitedFor(t *testing.T) {
	m := miniredis.RunT(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	waits := 0
	a, err := startsOn(ctx, t, m, func(line string) {
		switch {
		case strings.Contains(line, "store open"):
			m.Close()
		case strings.Contains(line, "waiting for Redis"):
			waits++
			if err := m.Restart(); err != nil {
				t.Error(err)
			}
		case strings.Contains(line, "socket open"): // it comes to serve
			cancel()
		}
	})
	if err != nil || waits != 1 {
		t.Fatalf("got %v after %d waits, want the bot after 1", err, waits)
	}
	m.Close()
	if err := a.Run(ctx); err != nil || waits != 2 {
		t.Errorf("got %v after %d waits, want that it came to serve after 2", err, waits)
	}
}

// TestWhatSlackRefusesIsSaidWhileRedisIsWaitedFor: the two are asked side by side.
func TestWhatSlackRefusesIsSaidWhileRedisIsWaitedFor(t *testing.T) {
	m := miniredis.RunT(t)
	a, err := startsOn(t.Context(), t, m, func(string) {}, slacktest.Fault{Method: "auth.test", Error: "invalid_auth", Latency: time.Second, Times: -1})
	if err != nil {
		t.Fatal(err)
	}
	m.Close()
	var setup *SetupError
	if err := a.Run(t.Context()); !errors.As(err, &setup) || !strings.Contains(err.Error(), "SLACK_BOT_TOKEN") {
		t.Errorf("got %v, want what Slack says of the token", err)
	}
}

func TestABotThatLostRedisBeforeItServedEndsAtOnceWhenItIsTold(t *testing.T) {
	for _, opened := range []bool{false, true} {
		m := miniredis.RunT(t)
		ctx, cancel := context.WithCancel(t.Context())
		a, err := startsOn(ctx, t, m, func(line string) {
			switch {
			case strings.Contains(line, "store open") && opened:
				m.Close()
			case strings.Contains(line, "waiting for Redis"):
				cancel()
			}
		})
		if opened {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("after it was opened: got %v, want that it was cancelled", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		m.Close()
		if err := a.Run(ctx); err != nil {
			t.Errorf("before it served: got %v, want none", err)
		}
	}
}

func TestWhatOnlyAPersonCanMendAfterRedisWasOpenedIsNotWaitedFor(t *testing.T) {
	noPermission := errors.New("NOPERM User assumebot has no permissions to run the 'xread' command")
	for _, err := range []error{noPermission, NeedsPerson(entry.ErrForeign), record.ErrStopped} {
		log := slog.New(slog.NewTextHandler(onLine(func(line string) { t.Errorf("log: %s", line) }), nil))
		if got := untilAnswered(t.Context(), log, func() error { return err }); !errors.Is(got, err) {
			t.Errorf("got %v, want %v", got, err)
		}
	}
}
