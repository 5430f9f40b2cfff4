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
// what names her, a rate, the record's writer, or what is owed; not that it is settled.
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
	for _, mark := range []string{"{U01ALICE}", "{rate:", "{record}:batch", "{owed}:by:"} {
		if bytes.Contains(c.sent, []byte(mark)) && !bytes.HasPrefix(c.sent, []byte("*3\r\n$4\r\nzrem")) {
			c.of.mu.Lock()
			c.of.count[c.of.phase()]++
			c.of.mu.Unlock()
			break
		}
	}
	c.sent = c.sent[:0]
	return n, err
}

// TestARequestMakesFewTripsToRedis holds how many there are before AWS is asked, between two
// calls, and until the reply: each costs the person a wait, and the bot a try at a store that
// is away.
func TestARequestMakesFewTripsToRedis(t *testing.T) {
	t.Parallel()
	for account, want := range map[string]map[string]int{
		"prod":    {"before STS": 3, "after AssumeRole": 2},
		"staging": {"before STS": 3, "after GetSessionToken": 2, "after AssumeRole": 2}, // it begins an MFA session
	} {
		t.Run(account, func(t *testing.T) {
			t.Parallel()
			wantTrips(t, account, want)
		})
	}
}

func wantTrips(t *testing.T, account string, want map[string]int) {
	t.Helper()
	w := newWorld(t)
	socket := strings.TrimPrefix(storetest.RealRedis(t), "unix://")
	begun, assumed, answered := 0, 0, 0
	count := &trips{count: map[string]int{}, phase: func() string {
		switch {
		case len(w.private("U01ALICE")) > answered:
			return "after the reply"
		case w.stsCalls("AssumeRole") > assumed:
			return "after AssumeRole"
		case w.stsCalls("GetSessionToken") > begun:
			return "after GetSessionToken"
		}
		return "before STS"
	}}
	proxy := storetest.NewProxy(t, func() (net.Conn, error) {
		conn, err := net.Dial("unix", socket)
		return &tripConn{Conn: conn, of: count}, err
	}, nil)
	w.run(sessionConfig, w.settingsOn("redis://"+proxy.Addr))
	w.says("U01ALICE", "/assume", "prod "+w.alice.Code()) // what Slack says of her is known then
	w.await("nothing is owed any more", func() bool { return !owes(t, "unix://"+socket) })
	w.mu.Lock()
	w.offset += 30 * time.Second
	w.mu.Unlock()

	count.mu.Lock()
	begun, assumed, answered = w.stsCalls("GetSessionToken"), w.stsCalls("AssumeRole"), len(w.private("U01ALICE"))
	clear(count.count)
	count.mu.Unlock()
	w.says("U01ALICE", "/assume", account+" "+w.alice.Code())

	count.mu.Lock()
	defer count.mu.Unlock()
	delete(count.count, "after the reply")
	if diff := cmp.Diff(want, count.count); diff != "" {
		t.Errorf("trips (-want +got):\n%s", diff)
	}
}
