package e2e

import (
	"bytes"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/store/storetest"
)

// trips counts how often something is sent to Redis and waited for on behalf of alice:
// what names her, a rate, or the record's writer; not her Home, which is drawn after a reply.
type trips struct {
	phase func() string // of the request that is under way

	mu    sync.Mutex
	count map[string]int
}

// A tripConn is a connection to Redis whose trips are counted.
type tripConn struct {
	net.Conn
	of *trips

	mu   sync.Mutex
	sent []byte // since the last answer
}

func (c *tripConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent = append(c.sent, p...)
	return c.Conn.Write(p)
}

func (c *tripConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, mark := range []string{"{U01ALICE}", "{rate:", "{record}:batch"} {
		if bytes.Contains(c.sent, []byte(mark)) && !bytes.Contains(c.sent, []byte("{U01ALICE}:home")) {
			c.of.mu.Lock()
			c.of.count[c.of.phase()]++
			c.of.mu.Unlock()
			break
		}
	}
	c.sent = c.sent[:0]
	return n, err
}

// TestARequestMakesFewTripsToRedis holds how many there are before AWS is asked, and until
// the reply: each costs the person a wait, and the bot a try at a store that is away.
func TestARequestMakesFewTripsToRedis(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	socket := strings.TrimPrefix(storetest.RealRedis(t), "unix://")
	asked, answered := 0, 0
	count := &trips{count: map[string]int{}, phase: func() string {
		switch {
		case len(w.private("U01ALICE")) > answered:
			return "after the reply"
		case w.stsCalls("AssumeRole") > asked:
			return "after STS"
		}
		return "before STS"
	}}
	proxy := storetest.NewProxy(t, func() (net.Conn, error) {
		conn, err := net.Dial("unix", socket)
		return &tripConn{Conn: conn, of: count}, err
	}, nil)
	w.run(worldConfig, w.settingsOn("redis://"+proxy.Addr))
	w.says("U01ALICE", "/assume", "prod "+w.alice.Code()) // what Slack says of her is known then
	w.mu.Lock()
	w.offset += 30 * time.Second
	w.mu.Unlock()

	count.mu.Lock()
	asked, answered = w.stsCalls("AssumeRole"), len(w.private("U01ALICE"))
	clear(count.count)
	count.mu.Unlock()
	w.says("U01ALICE", "/assume", "prod "+w.alice.Code())

	count.mu.Lock()
	defer count.mu.Unlock()
	delete(count.count, "after the reply")
	if diff := cmp.Diff(map[string]int{"before STS": 3, "after STS": 2}, count.count); diff != "" {
		t.Errorf("trips (-want +got):\n%s", diff)
	}
}
