package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/cmd/internal/config"
	"github.com/assumebot/assumebot/cmd/loadgen/fakeslack"
	"github.com/assumebot/assumebot/cmd/loadgen/lab"
	"github.com/assumebot/assumebot/cmd/loadgen/load"
)

// TestMain is also what a Lab starts: the bare loop, and the bot, wired as cmd/assumebot
// wires it, so that nothing is built but the test.
func TestMain(m *testing.M) {
	if len(os.Args) < 2 {
		os.Exit(m.Run())
	}
	switch os.Args[1] {
	case "bare":
		os.Exit(report(run(context.Background(), os.Args[1:], io.Discard, os.Stderr), os.Stderr))
	case "run":
		os.Exit(report(runBot(os.Args[len(os.Args)-1]), os.Stderr))
	}
	os.Exit(m.Run())
}

func runBot(file string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	settings, problems := app.ReadSettings(os.Getenv)
	read := config.Read(file)
	if err := errors.Join(problems, read.Err()); err != nil {
		return err
	}
	return app.Run(ctx, read, settings, app.Environment{Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
}

func startLab(t *testing.T, o lab.Options) *lab.Lab {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("ASSUMEBOT_REQUIRE_REDIS") == "1" {
			t.Fatal("redis-server is not installed")
		}
		t.Skip("redis-server is not installed")
	}
	var err error
	if o.Bot, err = os.Executable(); err != nil {
		t.Fatal(err)
	}
	l, err := lab.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// wantAll checks that nothing is lost and nothing comes twice.
func wantAll(t *testing.T, what string, r load.Result, sent int) {
	t.Helper()
	if r.Sent != sent || r.Acked != sent || r.Answered != sent || r.Twice != 0 || r.Undelivered != 0 {
		t.Errorf("%s: got %d sent, %d acknowledged, %d answered, %d of them twice, %d undelivered, want %d, %d, %d, 0, 0; answers: %v",
			what, r.Sent, r.Acked, r.Answered, r.Twice, r.Undelivered, sent, sent, sent, r.Said)
	}
}

func TestEveryCommandIsAckedAndAnsweredAndTheCountsAddUp(t *testing.T) {
	l := startLab(t, lab.Options{Users: 20, Accounts: 5, Metrics: true})
	ctx := t.Context()
	m, err := measure(ctx, l, func() []*fakeslack.Command {
		return typing(l, "/assume", fullAssume).AtOnce(ctx, 10, 100, load.Answered)
	})
	if err != nil {
		t.Fatal(err)
	}
	wantAll(t, "full /assume", m.Result, 100)
	if got := l.AWS.Counts().Calls; got != 100 {
		t.Errorf("calls of STS: got %d, want 100", got)
	}
	if got := m.Calls["response_url"]; got != 100 {
		t.Errorf("posts to response_urls: got %d, want 100", got)
	}
	if m.Redis < 1 || m.Resident <= 0 || m.SlackTCP < 1 || m.AWSTCP < 1 {
		t.Errorf("got %.1f Redis commands each, %.1f MB, %d and %d connections, want some of each", m.Redis, m.Resident, m.SlackTCP, m.AWSTCP)
	}
	s, err := takeSample(ctx, l, time.Now())
	for what, got := range s.values {
		if err != nil || got <= 0 {
			t.Errorf("what soak watches: got %v of %d (%v), want some of all", got, what, err)
		}
	}
	p, err := startPair(ctx, l, "help")
	if err != nil {
		t.Fatal(err)
	}
	wantAll(t, "steady help", load.Of(p.bot.Steady(ctx, 200, 200*time.Millisecond)), 40)
	wantAll(t, "the bare loop that posts", load.Of(p.posts.Burst(ctx, 50)), 50)
	silent := load.Of(p.acks.AtOnce(ctx, 5, 50, load.Acknowledged))
	if silent.Acked != 50 || silent.Answered != 0 {
		t.Errorf("the bare loop that acknowledges: got %d acknowledged and %d answered, want 50 and 0", silent.Acked, silent.Answered)
	}
}
