package lab

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// A sentinel watches the primary and its replica. One is enough to agree with itself.
type sentinel struct {
	replicaAddr string
	addr        string
	client      *redis.SentinelClient
	processes   []*Process
}

// sentinelSettings have it notice after a second, where the default is 30.
const sentinelSettings = `sentinel monitor main 127.0.0.1 %s 1
sentinel down-after-milliseconds main 1000
sentinel failover-timeout main 10000
`

// startSentinel gives the Redis at port a replica, and both a Sentinel.
func startSentinel(ctx context.Context, dir, port string) (*sentinel, error) {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, err
	}
	s := &sentinel{}
	start := func(name string, args ...string) (addr string, err error) {
		own, err := freePort(ctx)
		if err != nil {
			return "", err
		}
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			return "", err
		}
		args = append(args, "--port", own, "--bind", "127.0.0.1", "--dir", filepath.Join(dir, name))
		p, err := startProcess(dir, name, nil, path, args...)
		if err == nil {
			s.processes = append(s.processes, p)
		}
		return net.JoinHostPort("127.0.0.1", own), err
	}
	if s.replicaAddr, err = start("replica", "--save", "", "--replicaof", "127.0.0.1 "+port); err != nil {
		return s, err
	}
	config := filepath.Join(dir, "sentinel.conf") // it writes to it
	if err := os.WriteFile(config, fmt.Appendf(nil, sentinelSettings, port), 0o600); err != nil {
		return s, err
	}
	if s.addr, err = start("sentinel", config, "--sentinel"); err != nil {
		return s, err
	}
	s.client = redis.NewSentinelClient(&redis.Options{Addr: s.addr})
	return s, s.await(ctx, "the Sentinel does not know a replica that follows", func() bool {
		all, err := s.client.Replicas(ctx, "main").Result()
		return err == nil && len(all) == 1 && strings.Contains(all[0]["master-link-status"], "ok")
	})
}

func (s *sentinel) url() string { return "redis://" + s.addr + "?master_name=main" }

func (s *sentinel) awaitPrimary(ctx context.Context, addr string) error {
	return s.await(ctx, "the Sentinel has not put the replica in the primary's place", func() bool {
		got, err := s.client.GetMasterAddrByName(ctx, "main").Result()
		return err == nil && strings.Join(got, ":") == addr
	})
}

func (s *sentinel) await(ctx context.Context, not string, done func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	for !done() {
		if !pause(ctx, 20*time.Millisecond) {
			return fmt.Errorf("%s within %s", not, startWithin)
		}
	}
	return nil
}

func (s *sentinel) close() {
	if s.client != nil {
		_ = s.client.Close()
	}
	for _, p := range s.processes {
		p.Kill()
	}
}
