package store_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/store"
	"github.com/assumebot/assumebot/store/storetest"
)

const password = "MARKED-password"

func open(t *testing.T, url string, keys ...secret.Text) (*store.Store, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	s, err := store.Open(ctx, store.Options{URL: secret.New(url), SealKeys: keys})
	if err == nil {
		t.Cleanup(func() { _ = s.Close() }) // some of these tests close it, or its server, themselves
	}
	return s, err
}

func mustOpen(t *testing.T, url string) *store.Store {
	t.Helper()
	s, err := open(t, url, storetest.KeyOne)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return s
}

func wantOpenError(t *testing.T, url string, keys []secret.Text, parts ...string) {
	t.Helper()
	_, err := open(t, url, keys...)
	if err == nil {
		t.Errorf("open: got no error, want one with %q", parts)
		return
	}
	if strings.Contains(err.Error(), "MARKED") {
		t.Errorf("the error holds the password: %v", err)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("got %q, want %q in it", err, part)
		}
	}
}

func TestOpenSaysWhatIsMissing(t *testing.T) {
	wantOpenError(t, "", nil, "REDIS_URL", "embedded", "replicas")
	wantOpenError(t, "redis://localhost", nil, "ASSUMEBOT_SEAL_KEYS", "assumebot keygen")
	wantOpenError(t, "redis://localhost", []secret.Text{secret.New("MARKED")}, "seal key 1 of 1", "assumebot keygen")
	wantOpenError(t, store.Embedded, []secret.Text{secret.New("MARKED")}, "seal key 1 of 1")
}

func TestOpenRefusesURLsWithoutQuotingThem(t *testing.T) {
	keys := []secret.Text{storetest.KeyOne}
	for _, url := range []string{
		"MARKED", "localhost:6379", "http://:MARKED@localhost", "redis:MARKED", "://MARKED",
		"redis://:MARKED%zz@localhost", "redis://:MAR#KED@localhost", "redis://:MARKED/x@localhost",
		"redis://u:12/MARKED@localhost", "redis://u:12#MARKED@localhost", "redis://u:12?MARKED@localhost",
		"redis://localhost?password=MARKED", "redis://localhost/MARKED", "redis://localhost?addr=MARKED",
		"unix://:MARKED@", "unix:///x?addr=MARKED:1", "redis://localhost?master_name=m&MARKED=1",
		"redis://localhost?read_timeout=MARKED", " redis://:MARKED@localhost",
	} {
		wantOpenError(t, url, keys, "REDIS_URL cannot be read")
	}
}

func TestOpenFailsClearlyWhenNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	keys := []secret.Text{storetest.KeyOne}
	wantOpenError(t, "redis://u:MARKED@"+addr, keys, "reach Redis (single node)", "refused")
	wantOpenError(t, "redis://u:MARKED@"+addr+"?addr="+addr, keys, "reach Redis (cluster)")
	wantOpenError(t, "redis://u:MARKED@"+addr+"?master_name=main", keys, "reach Redis (Sentinel)")
}

// TestOpenReachesNoOtherHostInClear takes the URL's host, and one that a Sentinel
// on this machine names.
func TestOpenReachesNoOtherHostInClear(t *testing.T) {
	t.Parallel()
	keys := []secret.Text{storetest.KeyOne}
	const says = "is another host, and would be reached in clear"
	for _, query := range []string{"", "?addr=192.0.2.1:1", "?master_name=main"} {
		wantOpenError(t, "redis://u:MARKED@192.0.2.1:1"+query, keys, says)
	}
	wantOpenError(t, storetest.RealSentinelOf(t, "192.0.2.1", "6379"), keys, "192.0.2.1:6379 "+says)
}

func TestOpenRefusesASealKeyThatAnybodyCouldGuess(t *testing.T) {
	zero := secret.New(base64.StdEncoding.EncodeToString(make([]byte, 32)))
	wantOpenError(t, store.Embedded, []secret.Text{storetest.KeyOne, zero}, "seal key 2 of 2 is too regular")
}

func TestOpenEndsWithItsContext(t *testing.T) {
	p := storetest.NewProxy(t, func() (net.Conn, error) { c, _ := net.Pipe(); return c, nil }, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	begun := time.Now()
	_, err := store.Open(ctx, store.Options{URL: secret.New("redis://" + p.Addr), SealKeys: []secret.Text{storetest.KeyOne}})
	if took := time.Since(begun); err == nil || took > 2*time.Second {
		t.Errorf("open of a silent server: got %v after %v, want an error at the deadline", err, took)
	}
}

// The commands that the package documentation lists.
var aclUser = []string{
	"--user", "bot", "on", ">" + password, "~assumebot:*", "-@all",
	"+hello", "+ping", "+select", "+evalsha", "+eval", "+script|load", "+get", "+set", "+mget", "+del",
	"+pttl", "+pexpire", "+zadd", "+zrange", "+zrem", "+zscore", "+zremrangebyscore", "+xadd", "+xread", "+time",
	"+xrange", "+xrevrange", "+xdel", "+wait", "+exists", "+getrange", "+hset", "+hdel", "+hlen", "+hmget", "+hstrlen", "+info", "+rename",
}

// aclCluster are those that a cluster needs besides.
var aclCluster = []string{"+cluster|slots", "+cluster|shards", "+command"}

// asUser is a server's URL with a user and a password.
func asUser(url, user string) string { return strings.Replace(url, "unix://", "unix://"+user+"@", 1) }

func TestACLUserOfTheDocumentationHasExactlyWhatIsUsed(t *testing.T) {
	t.Parallel()
	server := storetest.StartRedis(t, aclUser...)
	withUser := func(user string) string { return asUser(server.URL, user) }
	s := mustOpen(t, withUser("bot:"+password))
	for name, call := range everyCall(s) {
		if err := call(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.Log.Open(t.Context(), "o", 1, "o/2", oneEntry("e").Entries); err != nil {
		t.Errorf("Open: %v", err)
	}
	// What other URLs and settings need besides.
	older, err := store.Open(t.Context(), store.Options{
		URL: secret.New(withUser("bot:"+password) + "?db=1"), SealKeys: []secret.Text{storetest.KeyOne}, Replicas: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = older.Close() })
	if _, err := older.Log.Append(t.Context(), oneEntry("a")); !errors.Is(err, entry.ErrReplicas) {
		t.Errorf("Append: got %v, want that too few replicas have it", err)
	}
	wantUsed(t, storetest.Raw(t, server.URL))

	keys := []secret.Text{storetest.KeyOne}
	wantOpenError(t, withUser("bot:MARKED-wrong"), keys, "WRONGPASS", "check the user and password in REDIS_URL")
	wantOpenError(t, withUser("nobody:"+password), keys, "WRONGPASS")

	locked := storetest.StartRedis(t, "--requirepass", password)
	wantOpenError(t, locked.URL, keys, "NOAUTH", "check the user and password in REDIS_URL")
	mustOpen(t, strings.Replace(locked.URL, "unix://", "unix://:"+password+"@", 1))

	fewer := slices.DeleteFunc(slices.Clone(aclUser), func(word string) bool { return word == "+hset" })
	before := storetest.StartRedis(t, fewer...)
	wantOpenError(t, strings.Replace(before.URL, "unix://", "unix://bot:"+password+"@", 1), keys, "NOPERM", "try what the record needs", "ACL user")

	weak := storetest.StartRedis(t, "--user", "bot", "on", ">"+password, "~assumebot:*", "-@all", "+hello", "+ping")
	wantOpenError(t, strings.Replace(weak.URL, "unix://", "unix://bot:"+password+"@", 1), keys, "NOPERM", "ACL user")
}

func TestClusterURLOfASingleNodeSaysSo(t *testing.T) {
	addr := storetest.RealTCP(t)
	wantOpenError(t, "redis://"+addr+"?addr="+addr, []secret.Text{storetest.KeyOne}, "reach Redis (cluster)", "no cluster")
}

func TestOpenLogsNoSecret(t *testing.T) {
	var out bytes.Buffer
	s, err := store.Open(t.Context(), store.Options{
		URL: secret.New(store.Embedded), SealKeys: []secret.Text{storetest.KeyOne},
		Log: slog.New(slog.NewTextHandler(&out, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if got := out.String(); !strings.Contains(got, "store open") || strings.Contains(got, storetest.KeyOne.Reveal()) {
		t.Errorf("log: got %q, want that it is open, without the key", got)
	}
}

func TestEmbeddedExpiresByTheWallClockToo(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, store.Embedded)
	if !s.Embedded() {
		t.Error("embedded: got false")
	}
	if turn, err := s.Leases.HoldLease(t.Context(), "x", "a", 30*time.Millisecond); turn == 0 || err != nil {
		t.Fatalf("lease: got turn %d, %v", turn, err)
	}
	storetest.Eventually(t, 10*time.Second, "the lease ran out", func() bool {
		turn, err := s.Leases.HoldLease(t.Context(), "x", "b", time.Minute)
		return turn > 0 && err == nil
	})
	if err := s.Advance(-time.Second); err == nil {
		t.Error("advance backwards: got no error")
	}
}

func TestARealRedisCannotBeMoved(t *testing.T) {
	s := mustOpen(t, storetest.RealRedis(t))
	if err := s.Advance(time.Second); err == nil || s.Embedded() {
		t.Errorf("advance: got %v, embedded %v, want an error and false", err, s.Embedded())
	}
}

// TestAUserThatRedisRefusesByNowIsNoEmptyAnswer changes the password while the bot runs.
// What the bot asks then must not read as if Redis knew nothing.
func TestAUserThatRedisRefusesByNowIsNoEmptyAnswer(t *testing.T) {
	t.Parallel()
	server := storetest.StartRedis(t, aclUser...)
	s := mustOpen(t, strings.Replace(server.URL, "unix://", "unix://bot:"+password+"@", 1))
	o, err := redis.ParseURL(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	admin := redis.NewClient(o)
	defer func() { _ = admin.Close() }()
	for _, words := range [][]any{{"ACL", "SETUSER", "bot", "resetpass", ">another"}, {"CLIENT", "KILL", "USER", "bot"}} {
		if err := admin.Do(t.Context(), words...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if first, err := s.Counters.FirstSight(t.Context(), "envelope:1"); err == nil || !strings.Contains(err.Error(), "WRONGPASS") {
		t.Errorf("got first sight %t, %v, want that Redis refuses the user", first, err)
	}
}
