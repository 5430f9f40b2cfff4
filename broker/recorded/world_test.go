package recorded_test

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/broker/recorded"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/store"
	"github.com/assumebot/assumebot/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// A world is a Redis, into which somebody else can write, and replicas of the bot.
type world struct {
	url string
	raw redis.UniversalClient
	*replica
}

// A replica is what a process of the bot has of the store and the record.
type replica struct {
	broker.Deps
	log   *record.Log
	store *store.Store
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldOn(t, storetest.RealRedis(t))
}

// newWorldOn is a world in the Redis at url, of which nothing stays.
func newWorldOn(t *testing.T, url string) *world {
	t.Helper()
	w := &world{url: url, raw: storetest.Raw(t, url)}
	must(t, w.raw.FlushAll(t.Context()).Err())
	w.replica = w.start(t, "first")
	if n := w.tell(t, "", "", event.OpenedData{Origin: "bot.test/record"}); n != 0 {
		t.Fatalf("the log opens at %d", n)
	}
	return w
}

// start starts a replica, which reads all that is there.
func (w *world) start(t *testing.T, name string) *replica {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: secret.New(w.url), SealKeys: []secret.Text{storetest.KeyOne}, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	out := slog.New(slog.DiscardHandler)
	log := record.New(record.Deps{Entries: s.Log, Keys: s.LogKeys, Origin: "bot.test/record", Replica: name, Now: time.Now, Log: out})
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	running.Go(func() { log.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := log.CaughtUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &replica{log: log, store: s, Deps: recorded.Over(log, broker.Deps{
		Approvals: s.Approvals,
		Counters:  s.Counters,
		Grants:    s.Grants,
		Keys:      s.SealedKeys,
		Orders:    s.Orders,
		Sessions:  s.Sessions,
		ParseKey:  parseKey,
		Now:       time.Now,
		Log:       out,
	})}
}

func parseKey(text string) (secret.PublicKey, error) {
	return secret.PublicKey{Type: "age", Text: text, Fingerprint: "of " + text}, nil
}

// tell puts on the record that somebody did something by a Request, and returns its number.
func (w *world) tell(t *testing.T, user, request string, data event.Payload) int64 {
	t.Helper()
	receipt, err := w.log.Record(t.Context(), event.Event{
		ID: broker.NewID(), Time: time.Now(), Actor: event.Actor{User: user}, Request: request, Data: data,
	})
	if err != nil {
		t.Fatalf("record %s: %v", data.Kind(), err)
	}
	return receipt.Number
}

// kept are the keys that are not the record's, with their values as Redis dumps them.
type kept map[string]string

func (w *world) keep(t *testing.T) kept {
	t.Helper()
	out := kept{}
	for _, key := range w.keys(t) {
		value, err := w.raw.Dump(t.Context(), key).Result()
		must(t, err)
		out[key] = value
	}
	return out
}

func (w *world) keys(t *testing.T) []string {
	t.Helper()
	keys, err := w.raw.Keys(t.Context(), "*").Result()
	must(t, err)
	var out []string
	for _, key := range keys {
		if !strings.Contains(key, "{record}") {
			out = append(out, key)
		}
	}
	return out
}

// lose deletes everything but the record.
func (w *world) lose(t *testing.T) {
	t.Helper()
	for _, key := range w.keys(t) {
		must(t, w.raw.Del(t.Context(), key).Err())
	}
}

// putBack makes everything but the record what it was, and without an end.
func (w *world) putBack(t *testing.T, was kept) {
	t.Helper()
	w.lose(t)
	for key, value := range was {
		must(t, w.raw.Restore(t.Context(), key, 0, value).Err())
	}
}

// saved is whether SaveGrant failed; it is asked to put nothing on a list.
func saved(_ []broker.DueEntry, err error) error { return err }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
