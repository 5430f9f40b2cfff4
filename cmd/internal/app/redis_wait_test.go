package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"github.com/assumebot/assumebot/broker/secret"
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
