package storetest

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Sentinels are three of them, which watch a primary and its replica. The replica hears of
// the primary through a proxy, so that it can lag however fast the machine is.
type Sentinels struct {
	URL string // asks them for the primary

	t       testing.TB
	all     []*redis.SentinelClient
	primary process
	replica *redis.Client
	link    *Proxy
}

// sentinelSettings have them agree within a second, and in one election: of three that
// notice at once each may vote for itself. The time-out is also how long they leave a
// replica at the proxy before they send it to the primary.
const sentinelSettings = `sentinel monitor main %s %s 2
sentinel down-after-milliseconds main %d
sentinel failover-timeout main 120000
`

// StartSentinels starts them, and returns once they know each other and the replica.
// Where there is no redis-server it does as [RealRedis].
func StartSentinels(t testing.TB) *Sentinels {
	t.Helper()
	s := &Sentinels{t: t, primary: startNode(t, "--repl-diskless-sync-delay", "0")}
	s.link = NewProxy(t, func() (net.Conn, error) { return net.Dial("tcp", s.primary.addr) }, nil)
	host, port, _ := net.SplitHostPort(s.link.Addr)
	s.replica = redis.NewClient(&redis.Options{Addr: startNode(t, "--replicaof", host, port).addr})
	t.Cleanup(func() { _ = s.replica.Close() })
	ctx := context.Background()
	Eventually(t, startTimeout, "the replica follows", func() bool {
		info, err := s.replica.Info(ctx, "replication").Result()
		return err == nil && strings.Contains(info, "master_link_status:up")
	})

	host, port, _ = net.SplitHostPort(s.primary.addr)
	for i, downAfter := range []int{300, 600, 5000} {
		addr := startSentinel(t, fmt.Sprintf(sentinelSettings, host, port, downAfter))
		if i == 0 {
			s.URL = "redis://" + addr + "?master_name=main"
		} else {
			s.URL += "&addr=" + addr
		}
		c := redis.NewSentinelClient(&redis.Options{Addr: addr})
		t.Cleanup(func() { _ = c.Close() })
		s.all = append(s.all, c)
	}
	s.eventually("the Sentinels know all", func(c *redis.SentinelClient) bool {
		knows, err := c.Master(ctx, "main").Result()
		return err == nil && knows["num-slaves"] == "1" && knows["num-other-sentinels"] == "2"
	})
	return s
}

// Entries is how many entries of the record the replica has.
func (s *Sentinels) Entries() int64 {
	s.t.Helper()
	n, err := s.replica.XLen(context.Background(), entriesKey).Result()
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// Follows reports whether the replica has all that the primary has, not only of the record.
func (s *Sentinels) Follows() bool {
	s.t.Helper()
	primary := redis.NewClient(&redis.Options{Addr: s.primary.addr})
	defer func() { _ = primary.Close() }()
	wants, has := s.offset(primary), s.offset(s.replica)
	return has >= wants
}

// offset is how many bytes of what is replicated a node has.
// https://redis.io/docs/latest/commands/info/
func (s *Sentinels) offset(of *redis.Client) int64 {
	s.t.Helper()
	const name = "master_repl_offset"
	info := of.InfoMap(context.Background(), "replication")
	n, err := strconv.ParseInt(info.Item("Replication", name), 10, 64)
	if err != nil {
		s.t.Fatalf("%s: %v, %v", name, err, info.Err())
	}
	return n
}

// Lag has the replica hear nothing more of the primary, which does not notice.
func (s *Sentinels) Lag() { s.link.Stall() }

// FailOver kills the primary, and returns once the Sentinels have the replica in its place.
func (s *Sentinels) FailOver() {
	s.t.Helper()
	s.Kill()
	s.Promoted()
}

// Kill kills the primary.
func (s *Sentinels) Kill() { s.primary.kill() }

// Promoted returns once the Sentinels have the replica in the place of the primary, which
// was killed.
func (s *Sentinels) Promoted() {
	s.t.Helper()
	s.eventually("the replica is the primary", func(c *redis.SentinelClient) bool {
		addr, err := c.GetMasterAddrByName(context.Background(), "main").Result()
		return err == nil && len(addr) == 2 && net.JoinHostPort(addr[0], addr[1]) == s.replica.Options().Addr
	})
}

func (s *Sentinels) eventually(what string, cond func(*redis.SentinelClient) bool) {
	s.t.Helper()
	Eventually(s.t, time.Minute, what, func() bool {
		for _, c := range s.all {
			if !cond(c) {
				return false
			}
		}
		return true
	})
}
