package store_test

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/store"
	"github.com/assumebot/assumebot/store/storetest"
)

// A readMeter counts the bytes that are read from Redis, on connections that are new.
type readMeter struct{ read atomic.Int64 }

func (m *readMeter) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := next(ctx, network, addr)
		return meteredConn{conn, m}, err
	}
}

func (m *readMeter) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (m *readMeter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

type meteredConn struct {
	net.Conn
	m *readMeter
}

func (c meteredConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.m.read.Add(int64(n))
	return n, err
}

// eachRedis opens stores on a miniredis and on a redis-server, whose connections are all new.
func eachRedis(t *testing.T, test func(t *testing.T, s *store.Store, raw redis.UniversalClient, m *readMeter, huge string)) {
	t.Helper()
	for name, of := range map[string]struct {
		start func(*testing.T) string
		huge  int
	}{
		"miniredis":    {func(t *testing.T) string { return miniredis.RunT(t).Addr() }, 9 << 20}, // its Lua is slow
		"redis-server": {func(t *testing.T) string { return storetest.RealTCP(t) }, 20 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			addr, m := of.start(t), &readMeter{}
			s := mustOpen(t, "redis://"+addr+"?conn_max_lifetime=1ns&read_timeout=5s")
			s.Hook(m)
			test(t, s, storetest.Raw(t, "redis://"+addr), m, strings.Repeat("x", of.huge))
		})
	}
}

func TestNoHugeValueIsReadFromRedis(t *testing.T) {
	t.Parallel()
	eachRedis(t, func(t *testing.T, s *store.Store, raw redis.UniversalClient, m *readMeter, huge string) {
		last, err := appendNext(t, s, nothing(), "one", "a")
		if err != nil {
			t.Fatal(err)
		}
		log := "assumebot:{record}:"
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(raw.XAdd(t.Context(), &redis.XAddArgs{Stream: log + "entries", ID: "2-0", Values: []any{"after", "0", "leaf", huge}}).Err())
		must(raw.HSet(t.Context(), log+"asides", "1", huge).Err())
		must(raw.HSet(t.Context(), log+"tiles", "tile/0/000", huge).Err())
		must(raw.XAdd(t.Context(), &redis.XAddArgs{Stream: "assumebot:record", ID: "1-0", Values: []any{"event", huge}}).Err())
		for _, key := range []string{
			log + "checkpoint", "assumebot:{lease:x}:cursor", "assumebot:{U01ALICE}:format", "assumebot:{U01ALICE}:blocked", "assumebot:{U01ALICE}:publickey",
		} {
			must(raw.Set(t.Context(), key, huge, 0).Err())
		}
		must(raw.ZAdd(t.Context(), "assumebot:{holders}", redis.Z{Score: 1e15, Member: huge}).Err())
		for name, call := range map[string]func() error{
			"Append": func() error {
				out, err := appendNext(t, s, last, "one", "b")
				if err == nil && (out.Number != 2 || out.ID != "b") {
					t.Errorf("got %d %s, want the entry after the long one", out.Number, out.ID)
				}
				return err
			},
			"Read": func() error {
				found, err := s.Log.Read(t.Context(), 0, 256)
				if err != nil || len(found) < 2 || len(found[1].Leaf) != tree.MaxLeaf+1 {
					t.Errorf("got %d entries, want the long one cut", len(found))
				}
				return err
			},
			"Bounds": func() error { _, _, err := s.Log.Bounds(t.Context()); return err },
			"Await":  func() error { return s.Log.Await(t.Context(), 0, time.Minute) },
			"Asides": func() error {
				found, err := s.Log.Asides(t.Context(), []int64{0, 1})
				if len(found) != 1 || len(found[1]) != entry.MaxAside+1 {
					t.Errorf("got %d asides, and one of %d bytes, want it cut", len(found), len(found[1]))
				}
				return err
			},
			"Tiles": func() error { _, err := s.Checkpoints.Tiles(t.Context(), []string{"tile/0/000"}); return err },
		} {
			before := m.read.Load()
			if err := call(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if got := m.read.Load() - before; got > 1<<20 {
				t.Errorf("%s: %d bytes were read", name, got)
			}
		}
		for key, call := range map[string]func() error{
			"the record's checkpoint":        func() error { _, err := s.Checkpoints.Checkpoint(t.Context()); return err },
			"assumebot:{lease:x}:cursor":     func() error { _, err := s.Cursors.LoadCursor(t.Context(), "x"); return err },
			"assumebot:{U01ALICE}:format":    func() error { _, err := s.Preferences.LastFormat(t.Context(), "U01ALICE"); return err },
			"assumebot:{U01ALICE}:blocked":   func() error { _, _, err := s.Orders.Orders(t.Context(), "U01ALICE"); return err },
			"assumebot:{U01ALICE}:publickey": func() error { _, _, err := s.SealedKeys.LoadKey(t.Context(), "U01ALICE"); return err },
			"assumebot:{holders}":            func() error { _, err := s.Grants.Held(t.Context(), 10); return err },
		} {
			before := m.read.Load()
			if err := call(); err == nil || !strings.Contains(err.Error(), key) {
				t.Errorf("%s: got %v, want an error that names it", key, err)
			}
			if got := m.read.Load() - before; got > 2<<20 {
				t.Errorf("%s: %d bytes were read", key, got)
			}
		}
	})
}
