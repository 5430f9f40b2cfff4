package storetest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// RequireRedis and RequireValkey are the environment variables that turn a missing
// redis-server or valkey-server from a skip into a failure; CI sets them to 1.
const (
	RequireRedis  = "ASSUMEBOT_REQUIRE_REDIS"
	RequireValkey = "ASSUMEBOT_REQUIRE_VALKEY"
)

// A program speaks Redis's protocol, and takes its arguments.
type program struct{ name, require string }

var (
	redisServer  = program{"redis-server", RequireRedis}
	valkeyServer = program{"valkey-server", RequireValkey}
)

// startTimeout is generous: a loaded CI machine starts processes slowly.
const startTimeout = 20 * time.Second

// A Server is a redis-server of the test's own.
type Server struct {
	URL  string
	stop func()
}

// Stop kills the server at once, as a crash would. Stopping twice is fine.
func (s *Server) Stop() { s.stop() }

// RealRedis starts a redis-server that only this test reaches, on a Unix socket,
// and returns its URL. It ends with the test. Where there is no redis-server the
// test is skipped, or fails if [RequireRedis] is 1.
func RealRedis(t testing.TB) (url string) { return StartRedis(t).URL }

// StartRedis is [RealRedis] for a test that has to stop the server itself, or
// gives it arguments of its own, such as "--requirepass", "x".
func StartRedis(t testing.TB, args ...string) *Server {
	t.Helper()
	return start(t, redisServer, args...)
}

// RealValkey is [RealRedis] of Valkey, and skips by [RequireValkey].
func RealValkey(t testing.TB) (url string) {
	t.Helper()
	return start(t, valkeyServer).URL
}

func start(t testing.TB, of program, args ...string) *Server {
	t.Helper()
	dir := tempDir(t)
	socket := filepath.Join(dir, "redis.sock")
	args = append([]string{"--port", "0", "--unixsocket", socket, "--unixsocketperm", "700"}, args...)
	p := launch(t, of, dir, args)
	s := &Server{URL: "unix://" + socket, stop: p.kill}
	if !answers(t, p, "unix", socket) {
		t.Fatalf("%s did not start: %s", of.name, p.log())
	}
	return s
}

// RealTCP is [RealRedis] on a loopback port, which it returns as host:port.
func RealTCP(t testing.TB, args ...string) (addr string) {
	t.Helper()
	return startNode(t, args...).addr
}

func startNode(t testing.TB, args ...string) process {
	t.Helper()
	return startTCP(t, func(port int) []string { return append([]string{"--port", strconv.Itoa(port)}, args...) })
}

// RealSentinel starts a node and a Sentinel that watches it, and returns the URL
// that asks the Sentinel for the node.
func RealSentinel(t testing.TB) (url string) {
	t.Helper()
	host, port, _ := net.SplitHostPort(RealTCP(t))
	return RealSentinelOf(t, host, port)
}

// RealSentinelOf starts a Sentinel that names a node, whether or not it is there.
func RealSentinelOf(t testing.TB, host, port string) (url string) {
	t.Helper()
	addr := startSentinel(t, fmt.Sprintf("sentinel monitor main %s %s 1\n", host, port))
	return "redis://" + addr + "?master_name=main"
}

func startSentinel(t testing.TB, settings string) (addr string) {
	t.Helper()
	config := filepath.Join(tempDir(t), "sentinel.conf") // a Sentinel rewrites its file
	if err := os.WriteFile(config, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	return startTCP(t, func(port int) []string {
		return []string{config, "--port", strconv.Itoa(port), "--sentinel"}
	}).addr
}

// startTCP tries several ports, since a free one may be taken before the server
// has it, and a cluster also takes the one 10,000 above.
func startTCP(t testing.TB, args func(port int) []string) process {
	t.Helper()
	var said string
	for range 10 {
		port := freePort(t)
		if port+10_000 > 65_535 {
			continue
		}
		p := launch(t, redisServer, tempDir(t), args(port))
		p.addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		if answers(t, p, "tcp", p.addr) {
			return p
		}
		said = p.log()
		p.kill()
	}
	t.Fatalf("redis-server did not start: %s", said)
	return process{}
}

type process struct {
	id     string
	addr   string // of one on a port
	kill   func()
	signal func(os.Signal) error
	exited <-chan struct{}
	log    func() string
}

// launch runs a program in dir until the test ends, without persistence unless args ask
// for it.
func launch(t testing.TB, of program, dir string, args []string) process {
	t.Helper()
	path, err := exec.LookPath(of.name)
	if err != nil {
		if os.Getenv(of.require) == "1" {
			t.Fatalf("%s is required but not in PATH: %v", of.name, err)
		}
		t.Skipf("%s is not in PATH, so nothing is tried against a real one", of.name)
	}
	out := &buffer{}
	args = append(slices.Clone(args), "--bind", "127.0.0.1", "--dir", dir, "--save", "")
	if !slices.Contains(args, "--appendonly") {
		args = append(args, "--appendonly", "no")
	}
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", of.name, err)
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = cmd.Wait() // it ends by being killed
	}()
	kill := func() {
		_ = cmd.Process.Kill() // it may have ended already
		<-exited
	}
	t.Cleanup(kill)
	return process{id: strconv.Itoa(cmd.Process.Pid), kill: kill, signal: cmd.Process.Signal, exited: exited, log: out.String}
}

// answers waits until the server talks, and gives up when it has ended: that of
// another test may have its port.
func answers(t testing.TB, p process, network, addr string) bool {
	t.Helper()
	rdb := redis.NewClient(&redis.Options{Network: network, Addr: addr, DialerRetries: 1, MaxRetries: -1})
	defer func() { _ = rdb.Close() }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(startTimeout)
	for {
		select {
		case <-p.exited:
			return false
		case <-timeout:
			return false
		case <-tick.C:
			if !listens(network, addr) { // go-redis would log each try
				continue
			}
			info, err := rdb.Info(context.Background(), "server").Result()
			_, refused := err.(redis.Error) //nolint:errorlint // an answer such as NOAUTH is not wrapped
			if refused && strings.Contains(p.log(), "to accept connections") || err == nil && strings.Contains(info, "process_id:"+p.id+"\r\n") {
				return true
			}
		}
	}
}

func listens(network, addr string) bool {
	c, err := net.Dial(network, addr)
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// tempDir is short, unlike t.TempDir: a socket's path takes 107 characters.
func tempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "redis")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// buffer is a bytes.Buffer that may be read while the server writes to it.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
